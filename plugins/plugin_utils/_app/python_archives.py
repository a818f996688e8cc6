"""Archives of interpreters for hosts that lack one: which one `python` and `python_mirror` ask for.

Without `archives` in the entry these are the ones of uv's own list. A unit test asks uv for each of them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import quote, urlsplit

from ansible_collections.asgi.deploy.plugins.module_utils._shared.json_values import Json
from ansible_collections.asgi.deploy.plugins.module_utils._shared.release_options import PythonArchiveEntry
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.options import AppOptions
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.host_facts import Facts
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.validators import web_url

# Of the newest release of each version in the list of the uv that hosts have.
RELEASE = "20261110"
ARCHIVES = {
    "3.15.2": {
        "x86_64": "ad23d1b73fac26440b0306ae06911031344c49a90ec19716c8362e7fa40cae43",
        "aarch64": "d1367a6c3cd86a9e35712072841f1376859f3b47a2a54e224421a0f9fd169047",
    },
    "3.14.10": {
        "x86_64": "c2ff2e97422f5d3896a16e0317fd212ba977bbf2688d93a6f7a03d817506bd30",
        "aarch64": "38fd50f07170adc29d481913d1c30b17ecb538fbe290315fe1f83d84fdd5b694",
    },
    "3.13.18": {
        "x86_64": "f2d2199eb25880e07863b391cf7124e7ffa1338b0d65600dfcec117c4223a7fb",
        "aarch64": "55c00325f7c1fddf325dfc621aabdfbbac4dc54adda224af88ec411dc12db239",
    },
    "3.12.16": {
        "x86_64": "6a9e62dad033790aef722dbd370e0ce76ce17b73627ba3ae679f537049350b39",
        "aarch64": "b6a41defec4975d94b4ff1950236e7383e5c02ba40ea48c9ec33c66087a35aab",
    },
    "3.11.18": {
        "x86_64": "3288c54cea3db350052019b3f8b558dd8a3da8afa6fda573f5fd2bcb37635b4a",
        "aarch64": "7e71f26a003949b57757e287f4f4b6689da07e7a229f5bbee7919c19ed77155d",
    },
}
MACHINES = ("x86_64", "aarch64")
_NAME = re.compile(
    r"(?:[A-Za-z0-9._-]+/)*cpython-(?P<version>3\.\d{1,2}\.\d{1,2})(?:\+\d{8})?-(?P<machine>[a-z0-9_]+)-unknown-linux-gnu"
    r"-install_only(?:_stripped)?\.tar\.gz"
)
_SHA256 = re.compile(r"[0-9a-f]{64}")
_SAMPLE = "cpython-3.14.10+20261110-x86_64-unknown-linux-gnu-install_only_stripped.tar.gz"


def mirror_url(value: str) -> str | None:
    """Return what is wrong with the URL of a mirror."""
    if error := web_url(value):
        return error
    if "?" in value or "#" in value:
        return f"found {value!r}, expected a URL that paths follow, as in https://mirror.example.com/python"
    return None


def archives(value: Mapping[str, Json]) -> str | None:
    """Return what is wrong with archives of a mirror."""
    errors = []
    for path, checksum in value.items():
        match = _NAME.fullmatch(path)
        if not match or match["machine"] not in MACHINES or ".." in path.split("/"):
            errors.append(
                f"found {path!r}, expected the path of an archive for {' or '.join(MACHINES)} below the mirror's URL, "
                f"as in 20261110/{_SAMPLE}"
            )
        elif not isinstance(checksum, str) or not _SHA256.fullmatch(checksum):
            errors.append(f"{path} has {checksum!r}, expected its SHA-256, 64 hexadecimal digits")
    return "; ".join(errors) or None


def mirror_errors(app: AppOptions) -> list[str]:
    """Return what is wrong with a mirror together with other options; each begins with an option's name."""
    mirror = app["python_mirror"]
    if app["state"] == "absent" or mirror is None:
        return []
    if mirror["url"] is None:
        return ["python_mirror: url is missing, as in python_mirror: https://mirror.example.com/python"]
    if not re.fullmatch(r"3\.\d+", app["python"]):
        return [
            f"python_mirror: has no effect with python: {app['python']}; leave it out, or write a version, as in "
            'python: "3.14"'
        ]
    if app["installer"] == "pip":
        return [
            "python_mirror: needs uv, which unpacks the archive, and installer: pip does without it; leave one of the "
            "two out"
        ]
    known = _known(app)
    if not any(_minor(version) == app["python"] for version, _machine in known):
        return [f"python_mirror: {_lacks(app)}"]
    return []


def python_archive(app: AppOptions, facts: Facts) -> PythonArchiveEntry | None:
    """Return the archive of the interpreter for a host that lacks it, or None without a mirror.

    Raises:
        ValueError: there is none for this host's machine.
    """
    mirror = app["python_mirror"]
    if mirror is None or mirror["url"] is None:
        return None
    machine = facts.get("architecture", MACHINES[0])
    fit = [
        (*key, *found) for key, found in _known(app).items() if key[1] == machine and _minor(key[0]) == app["python"]
    ]
    if not fit:
        raise ValueError(f"app {app['name']}: python_mirror: {_lacks(app)} for {machine}, which this host is")
    version, machine, path, sha256 = max(fit, key=lambda each: int(each[0].rpartition(".")[2]))
    url = f"{mirror['url'].rstrip('/')}/{quote(path)}"
    return {"url": url, "sha256": sha256, "version": version, "machine": machine}


def mirror_host(app: AppOptions) -> str | None:
    """Return the host that builds reach for an interpreter."""
    mirror = app["python_mirror"]
    return urlsplit(mirror["url"]).hostname if mirror and mirror["url"] else None


def _known(app: AppOptions) -> dict[tuple[str, str], tuple[str, str]]:
    """Return paths and checksums of archives, by version and machine: those of the entry, or else those of uv."""
    mirror = app["python_mirror"]
    if mirror and mirror["archives"]:
        matches = [(match, sha) for path, sha in mirror["archives"].items() if (match := _NAME.fullmatch(path))]
        return {(match["version"], match["machine"]): (match[0], sha) for match, sha in matches}
    return {
        (version, machine): (archive_path(version, machine), sha256)
        for version, of_machines in ARCHIVES.items()
        for machine, sha256 in of_machines.items()
    }


def archive_path(version: str, machine: str) -> str:
    """Return the path of an archive of uv's list below the URL of a mirror."""
    return f"{RELEASE}/cpython-{version}+{RELEASE}-{machine}-unknown-linux-gnu-install_only_stripped.tar.gz"


def _lacks(app: AppOptions) -> str:
    """Return that no archive has the version that is requested."""
    versions = sorted({version for version, _machine in _known(app)}, key=lambda text: [*map(int, text.split("."))])
    return (
        f"found python: {app['python']!r}, but there are only archives of {', '.join(versions)}; write one of these, "
        "or add its archive with its SHA-256 to archives"
    )


def _minor(version: str) -> str:
    """Return a version without its last number."""
    return version.rpartition(".")[0]

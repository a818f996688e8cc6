"""What the role app wants on a host: files, units and the release, from what was decided of an application."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

from ansible_collections.asgi.deploy.plugins.module_utils._shared.desired_state import FileEntry
from ansible_collections.asgi.deploy.plugins.module_utils._shared.layout import (
    CERTIFICATES,
    JOURNALD,
    NGINX,
    UNITS,
    Layout,
)
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.sites import auth_file
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.argument_specs import ROLES
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.managed_files import (
    absent,
    directory,
    file,
    link,
    secret,
)
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.roles import HostContext
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.templates import rendered

Plan = Mapping[str, Any]

# What runs in the application's processes beside it; see the package's own text.
_RUNTIME = "asgi_deploy_runtime"


def desired_state(plan: Plan, here: HostContext) -> dict[str, Any]:
    """What its tasks take.

    Args:
        plan: the application's; its `packed` is what comes from the controller, and nothing for one that must go.
        here: reads files on the controller.

    Returns:
        `by`; `users`; `site`, files of nginx, and what stands in its way; `host`, other files; `public`, units of its
        own listener, which go where nginx listens; `release`, as in M(asgi.deploy.release); `packages`; `certificate`,
        options of that role. One that shall go has no more than `by` and `site`.
    """
    packed = plan["packed"]
    if packed is None:
        return {"by": here.by, "site": [absent(path) for path in _site_paths(plan["name"])]}
    return {
        "by": here.by,
        "users": users(plan),
        "host": [*boot_files(plan), *journal_files(plan), *(_direct_files(plan, here) if plan["direct"] else [])],
        "site": site_files(plan),
        "public": [] if plan["direct"] else _no_public_files(plan),
        "release": _release(plan, packed, here),
        "packages": plan["packages"],
        "certificate": certificate_options(plan, packed),
    }


def inspections(plan: Plan, own: Mapping[str, Any]) -> dict[str, Any]:
    """What to look at, for what :func:`desired_state` gave."""
    parts: dict[str, Any]
    packed = plan["packed"]
    if packed is None:
        parts = {
            "no_users": [plan["user"]],
            "files": own["site"],
            "reload": "nginx.service",
            "lineages": [plan["name"]],
        }
        removal = {"name": plan["name"], "by": own["by"], "data": plan["remove_data"]}
        return {"host": {"kind": "parts", "options": parts}, "release": {"kind": "removal", "options": removal}}
    parts = {
        "packages": own["packages"],
        "users": [user["name"] for user in own["users"]],
        "files": own["host"] + own["site"],
        "reload": "nginx.service",
        "ports": [plan["tls"]["port"]] if plan["direct"] else [],
        "server_names": [] if plan["direct"] else [*plan["site"]["hosts"], *plan["site"]["redirect_hosts"]],
        "needs": plan["needs"],
        "archives": [archive["sha256"] for archive in packed["archives"]],
        "lineages": [] if plan["site"]["owns"] else [plan["name"]],
    }
    release = {"name": plan["name"], "by": own["by"], "wanted": own["release"]}
    return {"host": {"kind": "parts", "options": parts}, "release": {"kind": "release", "options": release}}


def certificate_options(plan: Plan, packed: Mapping[str, Any]) -> dict[str, Any]:
    """What the role certificate is asked for."""
    tls = plan["tls"]
    return {
        "certificate_name": plan["name"],
        "certificate_domains": plan["site"]["names"],
        "certificate_given": {key: tls[key] for key in ("certificate", "key")} if tls["certificate"] else None,
        "certificate_wheelhouse": packed["wheelhouse"],
        "certificate_served": {"port": tls["port"], "group": plan["user"]} if plan["direct"] else {},
    }


def users(plan: Plan) -> list[dict[str, str]]:
    """The user that the application runs as, and the one that builds its environments."""
    layout = Layout(plan["name"])
    return [
        {"name": plan["user"], "comment": f"Application {plan['name']}", "home": plan["data"]},
        {"name": layout.build_user, "comment": layout.build_comment},
    ]


def boot_files(plan: Plan) -> list[FileEntry]:
    """Units of all applications: who starts at boot what `current` names, who tells of what failed for good, and who
    closes the cloud's metadata service.
    """
    return [
        file(f"{UNITS}/asgi-boot@.service", rendered("app", "boot.service.j2", plan)),
        file(f"{UNITS}/asgi-failed@.service", rendered("app", "failed.service.j2", plan)),
        file(f"{UNITS}/asgi-metadata@.service", rendered("app", "metadata.service.j2", plan)),
        file(f"{UNITS}/asgi-metadata-watch.service", rendered("app", "metadata_watch.service.j2", plan)),
    ]


def journal_files(plan: Plan) -> list[FileEntry]:
    """Return the settings of the application's own journal.

    An application that logs to the host's has them as well, for what its older releases have logged.
    What these files do not say is as the host has it, also after a change: journald reads the host's settings between
    the first and the last of ours.
    """
    settings = Layout(plan["name"]).journal_settings
    return [
        file(str(settings.first), rendered("app", "journal.conf.j2", plan)),
        link(str(settings.of_host), str(JOURNALD)),
        link(str(settings.of_host_drop_ins), f"{JOURNALD}.d"),
        file(str(settings.last), rendered("app", "journal_limits.conf.j2", plan)),
        file(str(settings.service), rendered("app", "journal_service.conf.j2", plan)),
        file(str(settings.sync), rendered("app", "journal_sync.conf.j2", plan)),
    ]


def public_files(plan: Plan) -> list[FileEntry]:
    """Units of an application that is served without nginx."""
    templates = ("public.socket.j2", "public.service.j2")
    return [
        file(f"{UNITS}/{unit}", rendered("app", template, plan))
        for unit, template in zip(plan["public_units"], templates, strict=True)
    ]


def _direct_files(plan: Plan, here: HostContext) -> list[FileEntry]:
    folder, ca = plan["tls_folder"], plan["tls"]["client_ca"]
    clients = [file(f"{folder}/client-ca.pem", here.text(ca), mode="0640", group=plan["user"])] if ca else []
    return [*public_files(plan), directory(folder, mode="0750", group=plan["user"]), *clients]


def _site_paths(name: str) -> tuple[str, str, str, str]:
    """Where nginx reads of an application: users, server, what is below another's server, metrics."""
    folders = ("sites", "below", "metrics.d")
    site, below, metrics = (f"{NGINX}/{folder}/{name}.conf" for folder in folders)
    return auth_file(name), site, below, metrics


def _former_files(name: str) -> list[FileEntry]:
    """Take an application from nginx whose server is another one's now, and its certificate, which nobody is shown."""
    layout = Layout(name)
    own = [f"{layout.certificate}/wanted.json", f"{layout.tls}/combined.pem"]
    return [absent(path) for path in (*_site_paths(name), *own)]


def site_files(plan: Plan) -> list[FileEntry]:
    """nginx's files, there or not, and what has to go when these are as they shall be."""
    auth, site, below, metrics = _site_paths(plan["name"])
    behind, users = not plan["direct"], plan["site"]["auth_text"]

    def made(path: str, template: str, there: Any) -> FileEntry:
        return file(path, rendered("app", template, plan), present=bool(there))

    found = [
        secret(auth, users, present=bool(users and behind), mode="0640", group="www-data"),
        made(site, "site.conf.j2", behind),
        made(below, "below.conf.j2", plan["site"]["prefix"] and behind),
        made(metrics, "metrics.conf.j2", plan["health"]["metrics"] and behind),
    ]
    found += [one for name in plan["site"].get("former", ()) for one in _former_files(name)]
    if not plan["site"]["owns"]:  # who is in another one's server has no certificate
        found.append(absent(f"{CERTIFICATES}/{plan['name']}/wanted.json"))
        found.append(absent(f"{plan['tls_folder']}/combined.pem"))
    if behind:  # taken away when nginx serves, not before
        found += _no_public_files(plan)
    if plan.get("stopped"):
        kept = files_of_other_proxy(plan)
        found = [one for one in found if one["path"] not in kept]
    return found


def _no_public_files(plan: Plan) -> list[FileEntry]:
    return [absent(f"{UNITS}/{unit}") for unit in plan["public_units"]]


def files_of_other_proxy(plan: Plan) -> list[str]:
    """Return what goes where an application comes behind nginx, or goes from it; one that is stopped starts with it."""
    if plan["direct"]:
        return list(_site_paths(plan["name"]))
    return [f"{UNITS}/{unit}" for unit in plan["public_units"]]


def _release(plan: Plan, packed: Mapping[str, Any], here: HostContext) -> dict[str, Any]:
    """All that makes the release what it is, and how it is put live."""
    kept = (
        *("version", "environment", "secrets", "server_requirements", "server_lock", "require_hashes", "installer"),
        *("insecure_transport", "python", "extras", "index"),
    )
    return {
        **{name: plan[name] for name in (*kept, "watch")},
        "packages": plan["packages"],
        "source": {**plan["source"], **packed["source"]},
        "files": release_files(plan),
        "tree": {"files": _added(plan, here), "links": plan["links"], "static": plan["static"]},
        "units": units(plan),
        "wheelhouse": packed["wheelhouse"],
        "build": plan["build_lines"],
        "build_hosts": plan["build_hosts"],
        "host_name": plan["site"]["hosts"][0],
        "gate": {**plan["gate"], "workers": plan["workers"], "recycles": plan["serving"]["recycles"]},
        "verify": here.verify,
        "keep": plan["keep_releases"],
        "worker_count": plan["workers"],
        "workers_reason": plan["workers_reason"],
        "sandbox": plan["sandbox_changes"],
        "metadata": plan["metadata"],
        "plain_transports": plan["plain_transports"],
    }


def release_files(plan: Plan) -> dict[str, str]:
    """What is laid beside the application: the runtime, what it is told, and programs of the release."""
    runtime = (ROLES / "app" / "files" / _RUNTIME).glob("*.py")
    return {
        **{f"runtime/{_RUNTIME}/{path.name}": path.read_text(encoding="utf-8") for path in sorted(runtime)},
        f"runtime/{_RUNTIME}/settings.json": json.dumps(plan["serving"]["runtime"], indent=4, sort_keys=True),
        "drain.sh": rendered("app", "drain.sh.j2", plan),
        # What asgi.deploy.exec gives a command.
        "sandbox.conf": rendered("app", "sandbox.j2", plan),
    }


def _added(plan: Plan, here: HostContext) -> dict[str, str]:
    """What is added to the source, in Base64, so that it is not taken for text."""
    return {path: base64.b64encode(here.content(entry, plan)).decode() for path, entry in plan["files"].items()}


def units(plan: Plan) -> dict[str, str]:
    """The units of a release, by kind."""
    command = {"command": "command.service.j2"} if plan["release_command"] else {}
    serving = {"service": "app.service.j2", "socket": "app.socket.j2", "drain": "drain.service.j2", **command}
    return {kind: rendered("app", template, plan) for kind, template in serving.items()} | work_units(plan)


def work_units(plan: Plan) -> dict[str, str]:
    """Those of processes and jobs, and of what moves them; as many as the application has."""
    return {unit["kind"]: rendered("app", unit["template"], plan, unit=unit) for unit in plan["units"]}

"""How servers of an application are trusted: keys of SSH, and what may come over a plain transport."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from ansible_collections.asgi.deploy.plugins.module_utils._shared.json_values import Json
from ansible_collections.asgi.deploy.plugins.module_utils._shared.known_hosts import (
    is_comment,
    keys_of,
    keyscan,
    parse_line,
)
from ansible_collections.asgi.deploy.plugins.module_utils._shared.repositories import parse_repository
from ansible_collections.asgi.deploy.plugins.module_utils._shared.transports import (
    EXPLAINED,
    plain_transport,
    ssh_server,
    transport_of,
)
from ansible_collections.asgi.deploy.plugins.plugin_utils._app import source_validators
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.options import AppOptions

_SHOWN = 60  # characters of a line that is wrong
_WORD = "insecure_transport: true"


def known_hosts(value: list[str]) -> str | None:
    """Return what is wrong with lines of known_hosts, each by itself."""
    expected = "expected a line as ssh-keyscan prints it, as in known_hosts: [git.example.com ssh-ed25519 AAAAC3Nz…]"
    lines = [line for line in value if not is_comment(line)]
    if not lines:
        return f"found {value!r}, {expected}"
    unreadable = [line for line in lines if parse_line(line) is None]
    return "; ".join(f"found {_short(line)!r}, {expected}" for line in unreadable) or None


def dependency_keys(value: Mapping[str, Json]) -> str | None:
    """Return what is wrong with private keys of repositories; never their texts."""
    example = 'as in dependency_keys: {ssh://git@git.example.com/team/lib.git: "{{ vault_lib_key }}"}'
    errors, seen = [], set()
    for url, key in value.items():
        repository = parse_repository(url)
        if repository is None:
            errors.append(f"found {_short(url)!r}, expected a repository that is reached by SSH, {example}")
        elif repository in seen:
            errors.append(f"found {url!r}, which is one repository twice; leave one out")
        elif not isinstance(key, str) or source_validators.deploy_key(key):
            errors.append(f"{url}: found something else than a private key; expected its text, {example}")
        seen.add(repository)
    return "; ".join(errors) or None


def transport_errors(app: AppOptions) -> list[str]:
    """Return what is wrong with servers and transports, of options that are right by themselves."""
    return [] if app["state"] == "absent" else [*_keys(app), *_plain(app)]


def plain_transports(app: AppOptions) -> list[str]:
    """Return what the entry takes over a plain transport, with nothing else that protects it."""
    transports = []
    if _git_is_plain(app):
        transports.append(f"git {app['git']}")
    elif app["submodules"] and app["insecure_transport"] and not app["verify"]:
        transports.append(f"what .gitmodules of {app['git']} names with http:// or git://")
    index = app["index"]
    if index and _index_is_plain(app):
        transports.append(f"index {index['url']}")
    transports += [f"index {url}" for _name, url, _password in _plain_package_indexes(app)]
    if app["insecure_transport"] and not app["package"]:
        transports.append("what its requirements name with http:// or git+http://")
    return transports


def _git_is_plain(app: AppOptions) -> bool:
    """Return whether git has nothing that protects what it fetches."""
    return bool(app["git"] and plain_transport(app["git"]) and not app["verify"])


def _index_is_plain(app: AppOptions) -> bool:
    """Return whether an index has nothing that protects it; hashes protect what comes, but no password."""
    index = app["index"]
    return bool(
        index and index["url"] and plain_transport(index["url"]) and (index["password"] or not app["require_hashes"])
    )


def _plain_package_indexes(app: AppOptions) -> list[tuple[str, str, str | None]]:
    """Return the name, the URL and the password of each further index that nothing protects."""
    return [
        (name, index["url"], index["password"])
        for name, index in app["package_indexes"].items()
        if plain_transport(index["url"]) and (index["password"] or not app["require_hashes"])
    ]


def _plain(app: AppOptions) -> list[str]:
    """Return the errors of plain transports."""
    if app["insecure_transport"]:
        return [] if plain_transports(app) else ["insecure_transport: has no effect on package; leave it out"]
    errors = []
    if app["git"] and _git_is_plain(app):
        errors.append(
            f"git: found {app['git']!r}, which {EXPLAINED}; expected https:// or SSH, as in git: "
            f"{_protected(app['git'])}; or write verify: {{signers: […]}}, or {_WORD}"
        )
    index = app["index"]
    plain = [(f"package_indexes.{name}", url, password) for name, url, password in _plain_package_indexes(app)]
    if index and index["url"] and _index_is_plain(app):
        plain.insert(0, ("index", index["url"], index["password"]))
    for option, url, password in plain:
        hashes = "" if app["package"] or password else "require_hashes: true, or "
        what = f"which with its password {EXPLAINED}" if password else f"which {EXPLAINED}"
        errors.append(
            f"{option}.url: found {url!r}, {what}; expected https://, as in url: {_protected(url)}; "
            f"or write {hashes}{_WORD}"
        )
    return errors


def _keys(app: AppOptions) -> list[str]:
    """Return the errors of keys of SSH servers."""
    lines = app["known_hosts"]
    errors = [_unproven(server, url, lines or []) for url in app["dependency_keys"] if (server := ssh_server(url))]
    return [*filter(None, errors), *(_keys_of_git(app, app["git"], lines) if lines and app["git"] else [])]


def _unproven(server: str, url: str, lines: list[str]) -> str | None:
    """Return the error of a server of a dependency that has no line in known_hosts."""
    if keys_of(lines, server):
        return None
    return (
        f"known_hosts: has no line of {server}, where {url} of dependency_keys comes from, and a build trusts no key "
        f"that it sees first; {keyscan(server)} prints them, as in known_hosts: ['{server} ssh-ed25519 AAAAC3Nz…']"
    )


def _keys_of_git(app: AppOptions, url: str, lines: list[str]) -> list[str]:
    """Return the errors of keys of the server of a repository."""
    server = ssh_server(url)
    if server is None:
        if app["submodules"] or app["dependency_keys"]:
            return []
        return [f"known_hosts: holds keys for SSH, and has no effect on {app['git']}; leave it out"]
    if keys_of(lines, server):
        return []
    names = sorted({key.names for line in lines if (key := parse_line(line)) and key.marker != "@revoked"})
    return [
        f"known_hosts: found lines of {', '.join(names) or 'no server'}, expected one of {server}, where git comes "
        f"from; {keyscan(server)} prints them, as in known_hosts: ['{server} ssh-ed25519 AAAAC3Nz…']"
    ]


def _protected(url: str) -> str:
    """Return the URL with https:// in place of its scheme, and without the usual port of that."""
    parts = urlsplit(url)
    host = parts.netloc.removesuffix(":80") if transport_of(url) == "http" else parts.netloc.removesuffix(":9418")
    return parts._replace(scheme="https", netloc=host).geturl()


def _short(line: str) -> str:
    """Return a line for a message."""
    return line if len(line) <= _SHOWN else f"{line[:_SHOWN]}…"

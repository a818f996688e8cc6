"""Options of what the controller asks a host for, as Ansible's argument specs.

The controller checks options before it sends them. So it needs these, and none of the code that acts on them; and a
host that inspects needs that code, and none of these.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ansible_collections.asgi.deploy.plugins.module_utils._shared.layout import NOWHERE

if TYPE_CHECKING:
    from ansible_collections.asgi.deploy.plugins.module_utils._shared.option_specs import OptionSpec, OptionSpecs


TO_SERVICE, TO_SOCKETS = "service", "sockets"
"""Which side gets a port that moves: the service that is reloaded, or the sockets that change."""

_WHOLE: OptionSpec = {"type": "int", "required": True}
_TEXT: OptionSpec = {"type": "str", "required": True}
_TEXTS: OptionSpec = {"type": "list", "elements": "str", "default": []}
_REQUIRED_TEXTS: OptionSpec = {"type": "list", "elements": "str", "required": True}

FILE_OPTIONS: OptionSpecs = {
    "path": {"type": "str", "required": True},
    "state": {"type": "str", "default": "file", "choices": ["file", "directory", "link", "absent"]},
    "content": {"type": "str"},
    "target": {"type": "str"},
    "secret_content": {"type": "str", "no_log": True},
    "mode": {"type": "str"},
    "owner": {"type": "str", "default": "root"},
    "group": {"type": "str", "default": "root"},
    "exclusive": {"type": "bool", "default": False},
}
FILES: OptionSpec = {"type": "list", "elements": "dict", "default": [], "options": FILE_OPTIONS}
USER_OPTIONS: OptionSpecs = {
    "name": {"type": "str", "required": True},
    "comment": {"type": "str", "default": ""},
    "home": {"type": "str", "default": NOWHERE},
}
TOOL_OPTIONS: OptionSpecs = {  # of a program of this collection, such as certbot
    "path": {"type": "str", "required": True},
    "requirements": {"type": "str", "required": True},
    "wheelhouse": {"type": "str"},  # SHA-256 of the archive of wheels that was shipped
}
TOOLS: OptionSpec = {"type": "list", "elements": "dict", "default": [], "options": TOOL_OPTIONS}

RUN_OPTIONS: OptionSpecs = {
    "name": {"type": "str", "required": True},
    "by": {"type": "str", "required": True},
    "lock_timeout": {"type": "int", "default": 60},
}
SOURCE_OPTIONS: OptionSpecs = {
    "kind": {"type": "str", "required": True, "choices": ["git", "archive", "package"]},
    "url": {"type": "str"},
    "sha256": {"type": "str"},
    "name": {"type": "str"},
    "requirements": _TEXTS,
    "subdirectory": {"type": "str"},
    "submodules": {"type": "bool", "default": False},
    "signers": {"type": "list", "elements": "str", "default": []},
    "deploy_key": {"type": "str", "no_log": True},
    "known_hosts": {"type": "list", "elements": "str", "default": []},
    "plain_allowed": {"type": "bool", "default": False},
}
INDEX_OPTIONS: OptionSpecs = {
    "url": {"type": "str", "required": True},
    "username": {"type": "str"},
    "password": {"type": "str", "no_log": True},
}
PACKAGE_INDEX_OPTIONS: OptionSpecs = {**INDEX_OPTIONS, "name": _TEXT, "packages": _TEXTS}
CLOSING_OPTIONS: OptionSpecs = {  # of the rules that close the cloud's metadata service
    "by_nft": {"type": "bool", "required": True},
    "application": {"type": "bool", "required": True},
    "ports": {"type": "list", "elements": "int", "default": []},
    "outgoing": {"type": "list", "elements": "str"},
}
PYTHON_ARCHIVE_OPTIONS: OptionSpecs = {"url": _TEXT, "sha256": _TEXT, "version": _TEXT, "machine": _TEXT}
_GATE: OptionSpecs = {
    **{"path": _TEXT, "status": _REQUIRED_TEXTS, "timeout": _WHOLE},
    **{"successes": _WHOLE, "workers": _WHOLE, "uptime": _WHOLE},
    "recycles": {"type": "bool", "default": False},
}
_WATCH: OptionSpecs = {"seconds": _WHOLE, "error_percent": _WHOLE, "errors": _WHOLE}
_TREE: OptionSpecs = {
    "files": {"type": "dict", "required": True, "no_log": True},
    "links": {"type": "dict", "required": True},
    "static": {"type": "dict", "required": True},
}
_STEPS: OptionSpecs = {
    "commands": {"type": "list", "elements": "list", "required": True},
    "env": {"type": "dict", "required": True},
    "secrets": {"type": "dict", "required": True, "no_log": True},
    "network": {"type": "bool", "required": True},
}

DESIRED_RELEASE_OPTIONS: OptionSpecs = {
    "source": {"type": "dict", "required": True, "options": SOURCE_OPTIONS},
    "version": _TEXT,
    "packages": _TEXTS,
    "files": {"type": "dict", "required": True},
    "environment": {"type": "str", "required": True, "no_log": True},
    "secrets": {"type": "dict", "default": {}, "no_log": True},
    "tree": {"type": "dict", "required": True, "options": _TREE},
    "units": {"type": "dict", "required": True},
    "server": {"type": "str", "default": ""},
    "server_requirements": _REQUIRED_TEXTS,
    "installer": {"type": "str", "choices": ["auto", "uv", "pip"], "default": "auto"},
    "build": _REQUIRED_TEXTS,
    "steps": {"type": "dict", "required": True, "options": _STEPS},
    "build_hosts": {"type": "list", "elements": "str"},
    "python": {"type": "str", "default": "system"},
    "python_archive": {"type": "dict", "options": PYTHON_ARCHIVE_OPTIONS},
    "extras": _TEXTS,
    "requirements": {"type": "str"},
    "dependency_groups": _TEXTS,
    "module": {"type": "str", "default": ""},
    "python_path": _TEXTS,
    "dependency_keys": {"type": "dict", "default": {}, "no_log": True},
    "index": {"type": "dict", "options": INDEX_OPTIONS},
    "package_indexes": {"type": "list", "elements": "dict", "default": [], "options": PACKAGE_INDEX_OPTIONS},
    "server_lock": {"type": "str", "default": ""},
    "require_hashes": {"type": "bool", "default": False},
    "insecure_transport": {"type": "bool", "default": False},
    "wheelhouse": {"type": "str"},
    "verify": {"type": "bool", "default": False},
    "host_name": _TEXT,
    "gate": {"type": "dict", "required": True, "options": _GATE},
    "watch": {"type": "dict", "required": True, "options": _WATCH},
    "keep": _WHOLE,
    "worker_count": _WHOLE,
    "workers_reason": _TEXT,
    "sandbox": {"type": "dict", "default": {}},
    "metadata": {"type": "dict", "required": True, "options": CLOSING_OPTIONS},
    "plain_transports": _TEXTS,
    "exclusive": {"type": "bool", "default": False},
}
RELEASE_OPTIONS: OptionSpecs = {
    **RUN_OPTIONS,
    "desired": {"type": "dict", "required": True, "options": DESIRED_RELEASE_OPTIONS},
}
REMOVAL_OPTIONS: OptionSpecs = {**RUN_OPTIONS, "data": {"type": "bool", "default": False}}

HARDENING_PART_OPTIONS: OptionSpecs = {
    "name": {"type": "str", "required": True},
    "on": {"type": "bool", "required": True},
    "packages": _TEXTS,
    "files": FILES,
    "enabled": _TEXTS,
    "active": _TEXTS,
    "ends": _TEXTS,
    "take": {"type": "list", "elements": "list", "default": []},
    "alternatives": _TEXTS,
    "in_containers": {"type": "bool", "default": True},
    "modules": _TEXTS,
}
DESIRED_HARDENING_OPTIONS: OptionSpecs = {
    "parts": {"type": "list", "elements": "dict", "default": [], "options": HARDENING_PART_OPTIONS},
    "firewall": {"type": "dict"},
    "sshd": {"type": "dict", "default": {}},
    "ssh_exceptions": _TEXTS,
    "sysctl": {"type": "dict", "default": {}},
    "services": _TEXTS,
}
HARDENING_OPTIONS: OptionSpecs = {"desired": {"type": "dict", "options": DESIRED_HARDENING_OPTIONS, "required": True}}

PARTS_OPTIONS: OptionSpecs = {
    "packages": _TEXTS,  # Debian packages that must be installed
    "files": FILES,
    "reload": {"type": "str"},  # the service that reads the files
    "units": _TEXTS,  # that must be enabled and active
    "needs": _TEXTS,  # units that must be there, running or not
    "users": _TEXTS,  # that must exist; no one logs in as one of them
    "no_users": _TEXTS,  # that must not
    "ports": {"type": "list", "elements": "int", "default": []},  # of which to report the program that listens
    "nginx_servers": {"type": "bool", "default": False},  # whether to report who else nginx serves on these ports
    "server_names": _TEXTS,  # of which to report the applications that have them in nginx
    "certificates": {"type": "list", "elements": "dict", "default": []},  # as the role certificate writes them down
    "lineages": _TEXTS,  # names for which to report whether certbot has a certificate
    "archives": _TEXTS,  # SHA-256 of archives that must have been shipped
    "venvs": TOOLS,
}
INSPECTION_OPTIONS: dict[str, OptionSpecs] = {
    "facts": {},
    "parts": PARTS_OPTIONS,
    "release": {**RELEASE_OPTIONS, "everything": {"type": "bool", "default": False}},
    "removal": REMOVAL_OPTIONS,
    "hardening": HARDENING_OPTIONS,
}

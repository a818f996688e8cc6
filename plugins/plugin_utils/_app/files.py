"""The desired state of an application on a host: files, units and the release, from its plan."""

from __future__ import annotations

import base64
import json
import shlex

from ansible_collections.asgi.deploy.plugins.module_utils._shared.desired_state import (
    FileEntry,
    PartsOptions,
    UserEntry,
)
from ansible_collections.asgi.deploy.plugins.module_utils._shared.journal_settings import JournalSettings
from ansible_collections.asgi.deploy.plugins.module_utils._shared.layout import (
    CERTIFICATES,
    JOURNALD,
    NEEDRESTART,
    NGINX,
    UNITS,
    Layout,
)
from ansible_collections.asgi.deploy.plugins.module_utils._shared.release_options import BuildStepsEntry, ReleaseEntry
from ansible_collections.asgi.deploy.plugins.module_utils._shared.unit_names import command_kind
from ansible_collections.asgi.deploy.plugins.plugin_utils._app import media
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.plan_types import (
    AppPlan,
    Packed,
)
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.sites import auth_file
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.state_types import (
    AppState,
    CertificateArguments,
    PortMoveEntry,
)
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.argument_specs import ROLES
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.inspections import (
    InspectionEntry,
    ReleaseInspectionEntry,
    RemovalInspectionEntry,
)
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.managed_files import (
    absent,
    directory,
    file,
    link,
    secret,
)
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.roles import HostContext
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.templates import rendered

# The package that runs in the processes of an application; its own text says more.
_RUNTIME = "asgi_deploy_runtime"
NO_DEFAULT = "# Written by asgi.deploy, role app. No application is behind nginx, which gave up its ports.\n"


def desired_state(plan: AppPlan, here: HostContext) -> AppState:
    """Return what the tasks of the role take.

    Args:
        plan: the application's; its `packed` is None for one that must go.
        here: reads files on the controller.
    """
    packed = plan["packed"]
    if packed is None:
        site = [absent(path) for path in _site_paths(plan["name"])]
        return {"by": here.by, "site": [*site, *media.absence(plan["name"])]}
    return {
        "by": here.by,
        "users": users(plan),
        "host": [*boot_files(plan), *journal_files(plan), *(_direct_files(plan, here) if plan["direct"] else [])],
        "site": site_files(plan),
        "site_units": media.running(plan),
        "port": _port_move(plan),
        "release": _release(plan, packed, here),
        "packages": plan["packages"],
        "certificate": certificate_options(plan, packed),
    }


def inspections(plan: AppPlan, state: AppState) -> dict[str, InspectionEntry]:
    """Return what to inspect for a desired state."""
    parts: PartsOptions
    packed = plan["packed"]
    if packed is None:
        parts = {
            "no_users": [plan["user"]],
            "files": state["site"],
            "reload": "nginx.service",
            "lineages": [plan["name"]],
        }
        removal: RemovalInspectionEntry = {"name": plan["name"], "by": state["by"], "data": plan["remove_data"]}
        return {
            "host": {"kind": "parts", "options": parts},
            "release": {"kind": "removal", "options": removal},
        }
    parts = {
        "packages": state["packages"],
        "users": [user["name"] for user in state["users"]],
        "files": state["host"] + state["site"],
        "reload": "nginx.service",
        "units": state["site_units"],
        "ports": [plan["tls"]["port"]] if plan["direct"] else [],
        "nginx_servers": plan["direct"] is not None,
        "server_names": [] if plan["direct"] else [*plan["site"]["hosts"], *plan["site"]["redirect_hosts"]],
        "needs": plan["needs"],
        "archives": [archive["sha256"] for archive in packed["archives"]],
        "lineages": [] if plan["site"]["owns"] else [plan["name"]],
    }
    release: ReleaseInspectionEntry = {"name": plan["name"], "by": state["by"], "desired": state["release"]}
    return {"host": {"kind": "parts", "options": parts}, "release": {"kind": "release", "options": release}}


def certificate_options(plan: AppPlan, packed: Packed) -> CertificateArguments:
    """Return the options of the role certificate for an application."""
    tls = plan["tls"]
    return {
        "certificate_name": plan["name"],
        "certificate_domains": plan["site"]["names"],
        "certificate_given": {"certificate": tls["certificate"], "key": tls["key"]} if tls["certificate"] else None,
        "certificate_wheelhouse": packed["wheelhouse"],
        "certificate_served": {"port": tls["port"], "group": plan["user"]} if plan["direct"] else {},
    }


def users(plan: AppPlan) -> list[UserEntry]:
    """Return the user that the application runs as, and the one that builds its environments."""
    layout = Layout(plan["name"])
    return [
        {"name": plan["user"], "comment": f"Application {plan['name']}", "home": plan["data"]},
        {"name": layout.build_user, "comment": layout.build_comment},
    ]


def boot_files(plan: AppPlan) -> list[FileEntry]:
    """Return what all applications share: units, and what keeps needrestart from restarting theirs.

    The units start at boot what `current` names, report what failed for good, and close the cloud's metadata service.
    """
    return [
        file(f"{UNITS}/asgi-boot@.service", rendered("app", "boot.service.j2", plan)),
        file(f"{UNITS}/asgi-failed@.service", rendered("app", "failed.service.j2", plan)),
        file(f"{UNITS}/asgi-metadata@.service", rendered("app", "metadata.service.j2", plan)),
        file(f"{UNITS}/asgi-metadata-watch.service", rendered("app", "metadata_watch.service.j2", plan)),
        # Also where needrestart is not installed yet: its package keeps what is there.
        file(f"{NEEDRESTART}/asgi-app.conf", rendered("app", "needrestart.conf.j2", plan)),
    ]


def journal_files(plan: AppPlan) -> list[FileEntry]:
    """Return the settings of the application's own journal.

    An application that logs to the host's journal has them as well, for what its older releases have logged. Other
    settings are those of the host, also after a change: journald reads them between the first and the last of ours.
    """
    settings = JournalSettings(Layout(plan["name"]).journal)
    return [
        file(str(settings.first), rendered("app", "journal.conf.j2", plan)),
        link(str(settings.of_host), str(JOURNALD)),
        link(str(settings.of_host_drop_ins), f"{JOURNALD}.d"),
        file(str(settings.last), rendered("app", "journal_limits.conf.j2", plan)),
        file(str(settings.service), rendered("app", "journal_service.conf.j2", plan)),
        file(str(settings.sync), rendered("app", "journal_sync.conf.j2", plan)),
    ]


def public_files(plan: AppPlan, listens: str) -> list[FileEntry]:
    """Return units of an application that is served without nginx, whose socket listens on a port or a path."""
    templates = ("public.socket.j2", "public.service.j2")
    return [
        file(f"{UNITS}/{unit}", rendered("app", template, plan, listens=listens))
        for unit, template in zip(plan["public_units"], templates, strict=True)
    ]


def _direct_files(plan: AppPlan, here: HostContext) -> list[FileEntry]:
    """Return files of an application that is served without nginx."""
    folder, ca = plan["tls_folder"], plan["tls"]["client_ca"]
    clients = [file(f"{folder}/client-ca.pem", here.text(ca), mode="0640", group=plan["user"])] if ca else []
    # While nginx has the port, the release passes its gate with a socket that no visitor reaches.
    listens = f"/run/{plan['public_units'][0]}" if plan["port_goes_to"] else str(plan["tls"]["port"])
    return [*public_files(plan, listens), directory(folder, mode="0750", group=plan["user"]), *clients]


def _site_paths(name: str) -> tuple[str, str, str, str]:
    """Return nginx's files of an application: its users, its server, what is below another server, metrics."""
    folders = ("sites", "below", "metrics.d")
    site, below, metrics = (f"{NGINX}/{folder}/{name}.conf" for folder in folders)
    return auth_file(name), site, below, metrics


def _former_files(name: str) -> list[FileEntry]:
    """Return the absence of an application whose server is another one's now, and of its unused certificate."""
    layout = Layout(name)
    certificate = [f"{layout.certificate}/wanted.json", f"{layout.tls}/combined.pem"]
    return [absent(path) for path in (*_site_paths(name), *certificate)]


def site_files(plan: AppPlan) -> list[FileEntry]:
    """Return nginx's files, present or absent, and what has to go when these are in place."""
    auth, site, below, metrics = _site_paths(plan["name"])
    behind, users = not plan["direct"], plan["site"]["auth_text"]

    def made(path: str, template: str, present: bool) -> FileEntry:
        """Return a file from a template."""
        return file(path, rendered("app", template, plan), present=present)

    entries = [
        secret(auth, users, present=bool(users and behind), mode="0640", group="www-data"),
        made(site, "site.conf.j2", behind),
        made(below, "below.conf.j2", bool(plan["site"]["prefix"]) and behind),
        made(metrics, "metrics.conf.j2", bool(plan["health"]["metrics"]) and behind),
    ]
    entries += media.media_files(plan)
    entries += [entry for name in plan["site"]["former"] for entry in _former_files(name)]
    if not plan["site"]["owns"]:  # an application in another one's server has no certificate
        entries.append(absent(f"{CERTIFICATES}/{plan['name']}/wanted.json"))
        entries.append(absent(f"{plan['tls_folder']}/combined.pem"))
    if behind:  # they are removed when nginx serves, not before
        entries += _no_public_files(plan)
    if plan["nginx_default"]:
        entries.append(plan["nginx_default"])
    if plan["stopped"]:
        kept = files_of_other_proxy(plan)
        entries = [entry for entry in entries if entry["path"] not in kept]
    return entries


def _port_move(plan: AppPlan) -> PortMoveEntry | None:
    """Return how the port of visitors moves between nginx and the application, where it does."""
    if plan["port_goes_to"] is None:
        return None
    own = public_files(plan, str(plan["tls"]["port"])) if plan["direct"] else []
    return {
        "goes_to": plan["port_goes_to"],
        "files": [*site_files(plan), *own],
        "validate": ["nginx", "-t", "-q"],
        "reload": "nginx.service",
    }


def _no_public_files(plan: AppPlan) -> list[FileEntry]:
    """Return the absence of units of an application that is served without nginx."""
    return [absent(f"{UNITS}/{unit}") for unit in plan["public_units"]]


def files_of_other_proxy(plan: AppPlan) -> list[str]:
    """Return the files of the other way to serve, which go when the application does; they stay while it is stopped."""
    if plan["direct"]:
        return list(_site_paths(plan["name"]))
    own = [f"{UNITS}/{unit}" for unit in plan["public_units"]]
    # While the application has the port, nginx cannot listen there.
    return [*own, *_site_paths(plan["name"])] if plan["port_stays"] else own


def _build_steps(plan: AppPlan) -> BuildStepsEntry:
    """Return the commands that make a part of the release, as lists of words."""
    build = plan["build"]
    return {
        "commands": list(map(shlex.split, build["commands"])),
        "env": {name: str(value) for name, value in build["env"].items()},
        "secrets": build["secrets"],
        "network": build["network"],
    }


def _release(plan: AppPlan, packed: Packed, here: HostContext) -> ReleaseEntry:
    """Return all that makes the release what it is, and how it is made live."""
    source = plan["source"]
    if "sha256" in packed["source"]:
        source = {**source, "sha256": packed["source"]["sha256"]}
    return {
        "source": source,
        "version": plan["version"],
        "packages": plan["packages"],
        "files": release_files(plan),
        "environment": plan["environment"],
        "secrets": plan["secrets"],
        "tree": {"files": _added(plan, here), "links": plan["links"], "static": plan["static"]},
        "units": units(plan),
        "server": plan["server"],
        "server_requirements": plan["server_requirements"],
        "server_lock": plan["server_lock"],
        "require_hashes": plan["require_hashes"],
        "insecure_transport": plan["insecure_transport"],
        "installer": plan["installer"],
        "python": plan["python"],
        "python_archive": plan["python_archive"],
        "extras": plan["extras"],
        "requirements": plan["requirements"],
        "dependency_groups": plan["dependency_groups"],
        "module": plan["module"],
        "python_path": plan["python_path"],
        "dependency_keys": plan["dependency_keys"],
        "index": plan["index"],
        "package_indexes": plan["package_indexes"],
        "wheelhouse": packed["wheelhouse"],
        "build": plan["build_lines"],
        "steps": _build_steps(plan),
        "build_hosts": plan["build_hosts"],
        "host_name": plan["site"]["hosts"][0],
        "gate": {**plan["gate"], "workers": plan["workers"], "recycles": plan["serving"]["recycles"]},
        "watch": {**plan["watch"]},
        "verify": here.verify,
        "keep": plan["keep_releases"],
        "worker_count": plan["workers"],
        "workers_reason": plan["workers_reason"],
        "sandbox": plan["sandbox_changes"],
        "metadata": plan["metadata"],
        "plain_transports": plan["plain_transports"],
        "exclusive": plan["exclusive"],
    }


def release_files(plan: AppPlan) -> dict[str, str]:
    """Return texts in the directory of the release, by name: the runtime, its settings, and programs."""
    runtime = (ROLES / "app" / "files" / _RUNTIME).glob("*.py")
    return {
        **{f"runtime/{_RUNTIME}/{path.name}": path.read_text(encoding="utf-8") for path in sorted(runtime)},
        f"runtime/{_RUNTIME}/settings.json": json.dumps(plan["serving"]["runtime"], indent=4, sort_keys=True),
        "drain.sh": rendered("app", "drain.sh.j2", plan),
        # The sandbox of a command of asgi.deploy.exec.
        "sandbox.conf": rendered("app", "sandbox.j2", plan),
    }


def _added(plan: AppPlan, here: HostContext) -> dict[str, str]:
    """Return what is added to the source, by path, in Base64: Ansible would change some of it as text."""
    return {path: base64.b64encode(here.content(entry, plan)).decode() for path, entry in plan["files"].items()}


def units(plan: AppPlan) -> dict[str, str]:
    """Return the texts of a release's units, by kind."""
    serving = {"service": "app.service.j2", "socket": "app.socket.j2", "drain": "drain.service.j2"}
    texts = {kind: rendered("app", template, plan) for kind, template in serving.items()}
    for number, _command in enumerate(plan["release_command"], 1):
        texts[command_kind(number)] = rendered("app", "command.service.j2", plan, number=number)
    return texts | work_units(plan)


def work_units(plan: AppPlan) -> dict[str, str]:
    """Return the texts of units of processes and jobs, and of the target that starts them, by kind."""
    return {unit["kind"]: rendered("app", unit["template"], plan, unit=unit) for unit in plan["units"]}

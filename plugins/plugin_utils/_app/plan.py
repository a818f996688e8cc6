"""The plan of an application: pure decisions from what the user wrote, before any host is touched."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ansible_collections.asgi.deploy.plugins.module_utils._shared.json_values import Json
from ansible_collections.asgi.deploy.plugins.module_utils._shared.kept_connections import SETTLED, UPSTREAM_KEEPALIVE
from ansible_collections.asgi.deploy.plugins.module_utils._shared.layout import METADATA_LOADED, PATHS, SERVING, Layout
from ansible_collections.asgi.deploy.plugins.module_utils._shared.unit_text import (
    LAUNCHER,
    command_line,
    environment_file,
    program_folders,
)
from ansible_collections.asgi.deploy.plugins.plugin_utils._app import (
    additions,
    environment,
    media,
    metadata_service,
    python_archives,
    sandbox,
    shared_domains,
    sites,
    sizing,
)
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.background import work_units
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.entry import check_entry, lock_inputs
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.package_indexes import package_index_plan
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.plan_types import AppPlan, JournalPlan
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.servers import (
    direct_plan,
    server_lock,
    server_plan,
)
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.sources import (
    build_hosts,
    index_plan,
    source_packages,
    source_plan,
)
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.transports import plain_transports
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.host_facts import Facts
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.local_files import Contents
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.platforms import platform_of

# Parts of a journal's size. journald does not count the file that it writes to.
_FILES = 8


def journal_plan(size: int) -> JournalPlan:
    """Return the sizes of the files of a journal that has `size` MiB."""
    each = size * 1024 // _FILES
    return {"full": each * (_FILES - 1), "file": each}


def app_plan(
    spec: Mapping[str, Json],
    facts: Facts,
    contents: Contents | None = None,
    apps: Sequence[Mapping[str, Json] | Json] = (),
    behind_balancer: bool = False,
) -> AppPlan:
    """Return the plan of one application on one host; nothing of it is packed.

    Args:
        spec: what the user wrote of it.
        facts: the host's.
        contents: those of files on the controller that `spec` names.
        apps: what the user wrote of all applications of the host, as some may share its domains.
        behind_balancer: whether nginx trusts proxies, which may have ended TLS.

    Raises:
        ValueError: something in `spec` is wrong, or the host is not supported; the text names each mistake.
    """
    entry = check_entry(spec, f"app {spec.get('name', '?')}: ", contents)
    if entry.errors:
        raise ValueError("\n".join(entry.errors))
    app, variables = entry.options, entry.variables
    layout, platform = Layout(app["name"]), platform_of(facts)
    workers = sizing.workers_of(app, variables, facts)
    direct = direct_plan(app, layout)
    tree = additions.additions_plan(app, layout)
    closing = metadata_service.closing(app, facts, bool(direct))
    logs_to_host = app["log"]["journal"] == "host"
    serving = server_plan(app, workers.count, UPSTREAM_KEEPALIVE, direct)
    return {
        **app,
        **source_plan(app, spec),
        "index": index_plan(app),
        "python_archive": python_archives.python_archive(app, facts),
        "package_indexes": package_index_plan(app),
        "build_hosts": build_hosts(app),
        "packed": None,
        "user": layout.user,
        "serving": serving,
        "direct": direct,
        "public_units": list(layout.public_units),
        "serving_folder": str(SERVING),
        "runtime_directory": str(SERVING.relative_to("/run")),
        "tls_folder": str(layout.tls),
        "server_requirements": serving["requirements"],
        "server_lock": server_lock(*lock_inputs(serving["requirements"])),
        "environment": environment_file(environment.in_file(variables)),
        "python_path": environment.python_path(variables),
        "program_path": ":".join(program_folders(str(layout.release("%i")))),
        # Commands find their secrets where the application finds them.
        "launcher": f"{layout.release('%i')}/{LAUNCHER} " if app["secrets"] else "",
        "release_command": list(map(command_line, app["release_command"])),
        "prerequisite_units": [
            "network-online.target",
            *app["needs"],
            *([] if logs_to_host else [layout.journal_service]),
        ],
        "journal": journal_plan(app["log"]["size"]),
        "units": work_units(app),
        "paths": PATHS,
        "data": str(layout.data),
        "access_log": str(layout.access_log),
        "home": str(layout.home),
        "upstream": str(layout.upstream),
        "upstream_keepalive": UPSTREAM_KEEPALIVE,
        # nginx closes its idle connections within that time; a drain must not cut them.
        "drain_limit": max(app["drain_timeout"], SETTLED + 1),
        **tree,
        "plain_transports": plain_transports(app),
        "sandbox_changes": sandbox.changes(app["sandbox"]),
        "sandbox_lines": sandbox.directives(app, layout, tree["written"], bool(direct), facts),
        "build_lines": sandbox.building(layout, facts),
        "metadata": closing,
        "metadata_directory": str(METADATA_LOADED.relative_to("/run")),
        "notices": metadata_service.notices(app, facts),
        "media": media.media_plan(app, layout),
        "site": sites.site_plan(app, layout, shared_domains.place_of(spec, apps), behind_balancer),
        "workers": workers.count,
        "workers_reason": workers.reason,
        "host_memory": facts.get("memtotal_mb"),
        "packages": [
            platform.packages.venv,
            *source_packages(app, platform.packages),
            *app["apt"]["build"],
            *app["apt"]["run"],
            *([platform.packages.nft] if closing["by_nft"] else []),
        ],
        "neighbour": False,
        "stopped": False,
        "port_goes_to": None,
        "port_stays": False,
        "nginx_default": None,
    }

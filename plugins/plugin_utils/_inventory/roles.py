"""The roles of this collection, in the order of a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ansible_collections.asgi.deploy.plugins.module_utils._shared.json_values import Json
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.role import ROLE as APP
from ansible_collections.asgi.deploy.plugins.plugin_utils._certificate.role import ROLE as CERTIFICATE
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.roles import AnyRole
from ansible_collections.asgi.deploy.plugins.plugin_utils._hardening.role import ROLE as HARDENING
from ansible_collections.asgi.deploy.plugins.plugin_utils._nginx.role import ROLE as NGINX

ROLES: tuple[AnyRole, ...] = (
    NGINX,
    CERTIFICATE,
    APP,
    HARDENING,
)

BY_NAME = {role.name: role for role in ROLES}
# The roles whose options are variables of a host; the options of an application are its entry.
HOST_ROLES = tuple(role for role in ROLES if role is not APP)
# The roles that run before and after the applications.
BEFORE_APPS = ROLES[: ROLES.index(APP)]
AFTER_APPS = ROLES[ROLES.index(APP) + 1 :]


def needed_roles(apps: Sequence[Mapping[str, Json]]) -> list[str]:
    """Return the names of the roles that a host needs for its applications, in the order of a run."""
    return [role.name for role in ROLES if role.needed(apps)]

# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Action asgi.deploy.check: refuses wrong inventories and extra variables before any host is touched."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, TypedDict

from ansible import constants
from ansible.errors import AnsibleError
from ansible.plugins.action import ActionBase
from ansible.release import __version__
from ansible_collections.asgi.deploy.plugins.module_utils._shared.json_values import Json
from ansible_collections.asgi.deploy.plugins.module_utils._shared.option_specs import OptionSpecs
from ansible_collections.asgi.deploy.plugins.plugin_utils._ansible.host_context import AnsibleHostContext
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.argument_specs import plain
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.messages import sanitize
from ansible_collections.asgi.deploy.plugins.plugin_utils._inventory import extra_vars
from ansible_collections.asgi.deploy.plugins.plugin_utils._inventory.inventory import inventory_errors, no_apps

TEXT_ONLY = (
    "jinja2_native: ansible-core 2.18 makes text of values as long as it is false; write jinja2_native = true under "
    "[defaults] in ansible.cfg, or export ANSIBLE_JINJA2_NATIVE=true"
)
_OPTIONS: OptionSpecs = {
    "apps": {"type": "list", "elements": "str"},
    "needs": {"type": "list", "elements": "str", "default": []},
    "wheelhouse": {"type": "bool", "default": True},
    "change": {"type": "dict", "default": {}},
}


class Options(TypedDict):
    """The options of M(asgi.deploy.check)."""

    apps: list[str] | None  # names, where a run needs no more than them
    needs: list[str]  # extra variables that the playbook requires
    wheelhouse: bool  # whether folders of wheels must be filled already
    change: dict[str, Json]  # options that the run changes in the entries that it is for


class ActionModule(ActionBase):  # type: ignore[misc]
    """Refuse wrong inventories and extra variables."""

    _requires_connection = False
    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Json]:
        """Return a failure that names every error, or nothing."""
        _validation, options = self.validate_argument_spec(argument_spec=_OPTIONS)
        here = AnsibleHostContext(self._loader, self._templar, task_vars or {})
        result: dict[str, Json] = {**super().run(tmp, task_vars), "changed": False}
        if errors := find_errors(here, plain(options)):
            # Not raised: Ansible would show it with a line of the collection's playbook, which is not the cause.
            return {**result, "failed": True, "msg": "\n".join(errors)}
        return result


def find_errors(here: AnsibleHostContext, options: Options) -> list[str]:
    """Return all errors in the extra variables of a run, and in the inventory unless the run needs only names."""
    if __version__.startswith("2.18.") and not constants.DEFAULT_JINJA2_NATIVE:
        return [TEXT_ONLY]  # other errors would be about values that the user did not write
    names = options["apps"]
    variables, errors = _values(here, set(extra_vars.VARIABLES) if names is not None else None)
    if errors:
        return errors
    if names is not None and not names:
        return [no_apps(here.value("asgi_apps") if "asgi_apps" in variables else None)]
    if names is not None:
        return extra_vars.run_errors(variables, names, options["needs"])
    return _inventory_errors(here, variables, options)


def _inventory_errors(here: AnsibleHostContext, variables: dict[str, Json], options: Options) -> list[str]:
    """Return all errors in the inventory, also with what the run changes in it, and in its extra variables."""
    apps = variables.get("asgi_apps")
    entries = [app for app in apps if isinstance(app, dict)] if isinstance(apps, list) else []
    contents: dict[str, Mapping[str, str]] = {}
    for app in entries:
        contents.update(here.contents(app))
    errors = inventory_errors(variables, contents, here.base, options["wheelhouse"])
    if known := [str(app["name"]) for app in entries if app.get("name")]:
        errors += extra_vars.run_errors(variables, known, options["needs"])
    if options["change"] and not errors:
        name = variables.get("asgi_app")
        requested = extra_vars.requested_apps(entries, None if name is None else str(name))
        changed: list[Json] = [{**app, **options["change"]} if app["name"] in requested else app for app in entries]
        errors = inventory_errors({**variables, "asgi_apps": changed}, contents, here.base, options["wheelhouse"])
        errors += extra_vars.orphans(requested, entries) if options["change"].get("state") == "absent" else []
    return list(dict.fromkeys(errors))


def _values(here: AnsibleHostContext, needed: Collection[str] | None) -> tuple[dict[str, Json], list[str]]:
    """Return the variables of the collection, and why some of them cannot be read.

    With `needed` no others are evaluated: they may be encrypted, and this run may have no password for them.
    """
    values: dict[str, Json] = {}
    errors = []
    for name in here.names(extra_vars.OUR_PREFIXES):
        try:
            values[name] = here.value(name) if needed is None or name in needed else None
        except AnsibleError as error:
            errors.append(sanitize(f"{name}: cannot be read: {error}"))
    return values, errors

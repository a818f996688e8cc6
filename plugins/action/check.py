# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Action asgi.deploy.check: refuses an inventory or a run that is wrong, before any host is touched."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from ansible import constants
from ansible.errors import AnsibleError
from ansible.plugins.action import ActionBase
from ansible.release import __version__
from ansible_collections.asgi.deploy.plugins.plugin_utils._ansible.host_context import AnsibleHostContext
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.argument_specs import plain
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.messages import sanitize
from ansible_collections.asgi.deploy.plugins.plugin_utils._inventory import extra_vars as runs
from ansible_collections.asgi.deploy.plugins.plugin_utils._inventory.inventory import inventory_errors, no_apps

TEXT_ONLY = (
    "jinja2_native: ansible-core 2.18 makes text of values as long as it is false; write jinja2_native = true under "
    "[defaults] in ansible.cfg, or export ANSIBLE_JINJA2_NATIVE=true"
)
_OPTIONS: dict[str, Any] = {
    "apps": {"type": "list", "elements": "str"},
    "needs": {"type": "list", "elements": "str", "default": []},
    "wheelhouse": {"type": "bool", "default": True},
    "change": {"type": "dict", "default": {}},
}


class ActionModule(ActionBase):  # type: ignore[misc]
    _requires_connection = False
    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        _validation, options = self.validate_argument_spec(argument_spec=_OPTIONS)
        here = AnsibleHostContext(self._loader, self._templar, task_vars or {})
        result: dict[str, Any] = {**super().run(tmp, task_vars), "changed": False}
        if errors := wrong(here, plain(options)):
            # Not raised: what is raised is shown with the line of our playbook, which is not where it is wrong.
            return {**result, "failed": True, "msg": "\n".join(errors)}
        return result


def wrong(here: AnsibleHostContext, options: Mapping[str, Any]) -> list[str]:
    """All that is wrong in what a run was given, and in the inventory, of which no more than names may be needed."""
    if __version__.startswith("2.18.") and not constants.DEFAULT_JINJA2_NATIVE:
        return [TEXT_ONLY]  # the rest would be told of values that nobody wrote
    alone = options["apps"] is not None
    variables, errors = _values(here, set(runs.VARIABLES) if alone else None)
    if errors:
        return errors
    if alone and not options["apps"]:
        return [no_apps(here.value("asgi_apps") if "asgi_apps" in variables else None)]
    if alone:
        return runs.run_errors(variables, options["apps"], options["needs"])
    apps = variables.get("asgi_apps")
    entries = [app for app in apps if isinstance(app, dict)] if isinstance(apps, list) else []
    contents: dict[str, Any] = {}
    for app in entries:
        contents.update(here.contents(app))
    errors = inventory_errors(variables, contents, here.base, options["wheelhouse"])
    if names := [str(app["name"]) for app in entries if app.get("name")]:
        errors += runs.run_errors(variables, names, options["needs"])
    if options["change"] and not errors:
        asked = runs.asked(entries, variables.get("asgi_app"))
        changed = [{**app, **options["change"]} if app["name"] in asked else app for app in entries]
        errors = inventory_errors({**variables, "asgi_apps": changed}, contents, here.base, options["wheelhouse"])
        errors += runs.orphans(asked, entries) if options["change"].get("state") == "absent" else []
    return list(dict.fromkeys(errors))


def _values(here: AnsibleHostContext, needed: Collection[str] | None) -> tuple[dict[str, Any], list[str]]:
    """Our variables, and why some of them cannot be had.

    With `needed` no others are evaluated: these may hold what is encrypted, and this run has no password for it.
    """
    found: dict[str, Any] = {}
    errors = []
    for name in here.names(runs.OUR_PREFIXES):
        try:
            found[name] = here.value(name) if needed is None or name in needed else None
        except AnsibleError as error:
            errors.append(sanitize(f"{name}: cannot be read: {error}"))
    return found, errors

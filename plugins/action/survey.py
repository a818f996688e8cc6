# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Action asgi.deploy.survey: finds out which roles and applications have something to do on a host."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible_collections.asgi.deploy.plugins.plugin_utils import due, packing, sharing
from ansible_collections.asgi.deploy.plugins.plugin_utils.rendering import RoleView
from ansible_collections.asgi.deploy.plugins.plugin_utils.spec import plain


class Look(NamedTuple):
    """One of the things to look at."""

    of: str  # the name of what has something to do when this differs
    role: str
    part: str
    kind: str
    options: Mapping[str, Any]
    made: Mapping[str, Any]  # what the controller decided and packed for it


class ActionModule(ActionBase):  # type: ignore[misc]
    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result: dict[str, Any] = super().run(tmp, task_vars)
        _validation, given = self.validate_argument_spec(
            argument_spec={
                "roles": {
                    "type": "list",
                    "elements": "str",
                    "default": [],
                    "choices": ["nginx", "certificate", "hardening"],
                },
                "apps": {"type": "list", "elements": "dict", "default": []},
            }
        )
        variables = task_vars or {}
        looks = [look for role in given["roles"] for look in self._of_role(role, variables)]
        looks += [look for app in given["apps"] for look in self._of_app(app, variables)]
        asked = {"looks": [{"kind": look.kind, "options": look.options} for look in looks]}
        answer = self._execute_module("asgi.deploy.look", asked, task_vars=task_vars)
        if answer.get("failed") or "found" not in answer:
            return {**result, **answer}
        for look, found in zip(looks, answer["found"]):
            # The release and the hardening have a module of their own, which tells the same when it acts.
            if look.kind == "parts" and "failed" in found:
                raise AnsibleActionFail(f"{look.of}: {found['failed']}")
        # Not shown, as decisions may hold secrets; what goes wrong is.
        order = [str(app["name"]) for app in sharing.in_order(given["apps"])]
        hidden = {**result, "changed": False, "order": order, "_ansible_no_log": True}
        return {**hidden, **told(looks, answer["found"], str(variables["inventory_hostname"]), answer["check_mode"])}

    def _of_role(self, role: str, variables: Mapping[str, Any]) -> Iterator[Look]:
        yield from _looks(f"role {role}", RoleView(self._loader, role, variables))

    def _of_app(self, app: Mapping[str, Any], variables: Mapping[str, Any]) -> Iterator[Look]:
        view = RoleView(self._loader, "app", {**variables, "app_spec": app})
        plan = view.decision
        packed = None
        if plan["state"] == "present":
            try:
                packed = packing.packed(plan, variables.get("inventory_dir"))
            except (packing.PackingError, OSError) as error:
                raise AnsibleActionFail(str(error)) from error
            view.add("_app_packed", packed)
        yield from _looks(plan["name"], view, packed=packed)
        if plan["state"] == "present" and plan["site"]["owns"]:
            arguments = view.value("_app_certificate")
            yield from _looks(plan["name"], RoleView(self._loader, "certificate", {**variables, **arguments}))


def _looks(of: str, view: RoleView, **made: Any) -> Iterator[Look]:
    made["decided"] = plain(view.decision)
    for part, look in view.value(f"_{view.role}_looks").items():
        yield Look(of, view.role, part, look["kind"], plain(look["options"]), made)


def told(looks: Sequence[Look], answers: Sequence[dict[str, Any]], host: str, check_mode: bool) -> dict[str, Any]:
    """What the looks found, by role and application, and who has something to do; in check mode all tell of it."""
    for look, found in zip(looks, answers):
        found |= {**look.made, "check_mode": check_mode}
        found["port_conflicts"] = due.port_conflicts(look.role, look.of, host, found.get("port_owners", {}))
        found["due"] = check_mode or due.differs(look.kind, found)
    # What others put on a host or take from it decides which ports the firewall opens; a release does not.
    moved = any(found["due"] for look, found in zip(looks, answers) if look.kind != "release")
    roles: dict[str, Any] = {}
    apps: dict[str, Any] = {}
    for look, found in zip(looks, answers):
        found["due"] |= moved and look.role == "hardening"
        if look.of.startswith("role "):
            roles[look.role] = found
        else:
            apps.setdefault(look.of, {})[look.part] = found
    return {
        "check_mode": check_mode,
        "roles": roles,
        "apps": apps,
        "due": list(dict.fromkeys(look.of for look, found in zip(looks, answers) if found["due"])),
        "problems": [f"{look.of}: {text}" for look, found in zip(looks, answers) for text in due.problems(found)],
        "missing_packages": due.packages(answers),
    }

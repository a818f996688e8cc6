# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Action asgi.deploy.survey: finds out which roles and applications have something to do on a host."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display
from ansible.utils.unsafe_proxy import wrap_var
from ansible_collections.asgi.deploy.plugins.module_utils._shared.json_values import Json
from ansible_collections.asgi.deploy.plugins.module_utils._shared.task_options import INSPECTION_OPTIONS
from ansible_collections.asgi.deploy.plugins.plugin_utils._ansible.host_action import check_options
from ansible_collections.asgi.deploy.plugins.plugin_utils._ansible.host_code import packed
from ansible_collections.asgi.deploy.plugins.plugin_utils._ansible.host_context import AnsibleHostContext
from ansible_collections.asgi.deploy.plugins.plugin_utils._ansible.transport import Transport, refuse_bad_answers
from ansible_collections.asgi.deploy.plugins.plugin_utils._app import shared_domains as sharing
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.packing import PackingError
from ansible_collections.asgi.deploy.plugins.plugin_utils._common import templates
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.argument_specs import plain
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.host_facts import checked_facts
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.host_results import (
    CRASH_KEYS,
    checked_looks,
    checked_result,
    returned,
)
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.roles import AnyRole
from ansible_collections.asgi.deploy.plugins.plugin_utils._inventory.roles import (
    AFTER_APPS,
    BEFORE_APPS,
    HOST_ROLES,
    needed_roles,
)
from ansible_collections.asgi.deploy.plugins.plugin_utils._survey import moves, neighbours, stopped
from ansible_collections.asgi.deploy.plugins.plugin_utils._survey import pending as due
from ansible_collections.asgi.deploy.plugins.plugin_utils._survey.desired import (
    Look,
    looks_of_app,
    looks_of_neighbour,
    looks_of_role,
)

FACTS_MODULE, SURVEY_MODULE = "_host.system.facts", "_host.survey.inspections"
for _sent in (FACTS_MODULE, SURVEY_MODULE):
    packed(_sent)
returned("look")
templates.compile_all()


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
                    "choices": [role.name for role in HOST_ROLES],
                },
                "needed_roles": {"type": "bool", "default": False},
                "apps": {"type": "list", "elements": "dict", "default": []},
                "installs": {"type": "bool", "default": False},
                "refuse_stopped": {"type": "bool", "default": False},
            }
        )
        variables = task_vars or {}
        facts = self._facts(variables)
        variables = {**variables, "ansible_facts": {**variables.get("ansible_facts", {}), **facts}}
        self._templar.available_variables = variables  # what is decided may mention them
        here = AnsibleHostContext(self._loader, self._templar, variables)
        apps = plain(given["apps"])
        needed = needed_roles(here.apps) if given["needed_roles"] else []
        roles = list(dict.fromkeys([*plain(given["roles"]), *needed]))
        try:
            looks = [look for role in roles for look in looks_of_role(role, here, f"role {role}", {})]
            looks += [look for app in apps for look in looks_of_app(app, here)]
            near = sharing.neighbours(apps, here.apps) if apps else []
            looks += [look for app in near for look in looks_of_neighbour(app, here)]
            looks = [_of_everything(look) if self._task.check_mode else look for look in looks]
        except (PackingError, ValueError, OSError) as error:
            raise AnsibleActionFail(str(error)) from error
        answers = self._look(looks, variables)
        for look, found in zip(looks, answers):
            # The release and the hardening have a module of their own, which tells the same when it acts.
            if look.kind == "parts" and "failed" in found:
                raise AnsibleActionFail(f"{look.of}: {found['failed']}")
            if not self._task.diff:
                found.pop("diff", None)
        # Not shown, as decisions may hold secrets; what goes wrong is.
        looks, answers, order = _handed_over(looks, answers, apps, near, here.apps)
        for look, found in zip(looks, answers):
            if text := stopped.text(look.made["decided"], found):
                host = next(one for other, one in zip(looks, answers) if (other.of, other.part) == (look.of, "host"))
                stopped.leave_proxy(look.made["decided"], host)
                if given["refuse_stopped"]:
                    found["refusals"] = [stopped.refusal(found)]
                elif not self._task.check_mode:  # the changes that are shown in check mode have it
                    Display().display(f"{variables['inventory_hostname']}: {look.of}: {text}")
        # By the names that they have as variables, where nobody else's are replaced by them.
        kept = {f"ansible_{name}": value for name, value in facts.items()}
        hidden = {**result, "changed": False, "order": order, "ansible_facts": kept, "_ansible_no_log": True}
        found = told(looks, answers, str(variables["inventory_hostname"]), bool(self._task.check_mode))
        for name in [] if self._task.check_mode else found["moves_behind_nginx"]:
            Display().display(f"{variables['inventory_hostname']}: {name}: {moves.NOTE}")
        if given["installs"] and not self._task.check_mode:
            installed = [*found["missing_packages"], *chain.from_iterable(found["later_packages"])]
            due.take(installed, found["missing_venvs"], answers)
        return wrap_var({**hidden, **found})  # type: ignore[no-any-return]  # ansible-core 2.18 would evaluate it again

    def _facts(self, variables: dict[str, Any]) -> dict[str, Any]:
        """Return those that decisions need, as they are now."""
        transport = Transport(self, variables)
        if transport.module_reason:
            answers = _by_module(transport, [{"kind": "facts", "options": {}}])
        else:
            answers = [transport.call(FACTS_MODULE, "facts")]
        (found,) = _checked_answers(["facts"], answers)
        if "failed" in found:
            raise AnsibleActionFail(found["failed"])
        with refuse_bad_answers():
            return wrap_var(checked_facts(found))  # type: ignore[no-any-return]

    def _look(self, looks: Sequence[Look], variables: dict[str, Any]) -> list[dict[str, Any]]:
        """Return what the host answers to inspections, each with all that is documented of it."""
        transport = Transport(self, variables)
        if transport.module_reason:
            answers = _by_module(transport, [{"kind": look.kind, "options": look.options} for look in looks])
        else:
            asked, secrets = checked(looks)
            answers = transport.call(SURVEY_MODULE, "inspect_all", asked, secrets=secrets)
        return _checked_answers([look.kind for look in looks], answers)


def _by_module(transport: Transport, looks: Sequence[Mapping[str, Any]]) -> Any:
    """Return what the module `look` answers; raise AnsibleActionFail if it ends without an answer."""
    answer = transport.run_module({"looks": looks}, "asgi.deploy.look")
    if answer.get("failed") or "found" not in answer:
        with refuse_bad_answers():
            said = checked_result("look", {**answer, "failed": True}, CRASH_KEYS)
        raise AnsibleActionFail("\n".join(str(said[key]) for key in ("msg", *CRASH_KEYS) if said.get(key)))
    return answer["found"]


def _handed_over(
    looks: Sequence[Look],
    answers: Sequence[dict[str, Any]],
    asked: Sequence[Any],
    near: Sequence[Any],
    inventory: Sequence[Any],
) -> tuple[list[Look], list[dict[str, Any]], list[str]]:
    """Return looks, answers and the order of applications, for servers that go from one application to another.

    Of neighbours only those stay that get a server or give one up.
    """
    seen = {
        look.of: (look.made["decided"], found)
        for look, found in zip(looks, answers)
        if (look.role, look.part) == ("app", "host")
    }
    for plan, found in seen.values():
        if plan["packed"]:
            former = neighbours.former_owners(plan, found, inventory)
            plan["site"]["former"] = former
            found["drift"] = list(dict.fromkeys([*found.get("drift", ()), *neighbours.former_drift(former)]))
    left_out = {
        name for name, (plan, found) in seen.items() if plan.get("neighbour") and not neighbours.moves(plan, found)
    }
    kept = [(look, found) for look, found in zip(looks, answers) if look.of not in left_out]
    order = neighbours.in_order([str(app["name"]) for app in sharing.in_order([*asked, *near])], seen)
    return (
        [look for look, _found in kept],
        [found for _look, found in kept],
        [name for name in order if name not in left_out],
    )


def _of_everything(look: Look) -> Look:
    """Return a look that inspects all releases of an application, and not only the one that would serve."""
    return look._replace(options={**look.options, "everything": True}) if look.kind == "release" else look


def _checked_answers(kinds: Sequence[str], answers: Any) -> list[dict[str, Any]]:
    """Return the answers to looks of these kinds; raise AnsibleActionFail if they are none."""
    with refuse_bad_answers():
        return checked_looks(kinds, answers)


def checked(looks: Sequence[Look]) -> tuple[list[Json], set[str]]:
    """Looks with the defaults of their options, and the secrets in them."""
    asked: list[Json] = []
    secrets = set[str]()
    for look in looks:
        options, hidden = check_options(INSPECTION_OPTIONS[look.kind], look.options, f"{look.of}: ")
        secrets |= hidden
        asked.append({"kind": look.kind, "options": options})
    return asked, secrets


def told(looks: Sequence[Look], answers: Sequence[dict[str, Any]], host: str, check_mode: bool) -> dict[str, Any]:
    """What the looks found, by role and application, and who has something to do; in check mode all tell of it."""
    moving = _moving(looks, answers)
    sockets = set(map(moves.socket_of, moving))
    for look, found in zip(looks, answers):
        found |= {**look.made, "check_mode": check_mode}
        owners = {port: program for port, program in found.get("port_owners", {}).items() if program not in sockets}
        found["port_conflicts"] = due.port_conflicts(look.role, look.of, host, owners)
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
    missing, later = due.packages((look.role, found) for look, found in zip(looks, answers))
    return {
        "check_mode": check_mode,
        "roles": roles,
        "apps": apps,
        "roles_before": _due_roles(BEFORE_APPS, roles),
        "roles_after": _due_roles(AFTER_APPS, roles),
        "due": list(dict.fromkeys(look.of for look, found in zip(looks, answers) if found["due"])),
        "refusals": [f"{look.of}: {text}" for look, found in zip(looks, answers) for text in found.get("refusals", ())],
        "moves_behind_nginx": moving,
        "problems": [f"{look.of}: {text}" for look, found in zip(looks, answers) for text in due.problems(found)],
        "missing_packages": missing,
        "later_packages": later,
        "missing_venvs": due.venvs((look.options, found) for look, found in zip(looks, answers)),
    }


def _moving(looks: Sequence[Look], answers: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the applications that come behind nginx on their own port, and note it in their plans."""
    seen = list(zip(looks, answers))
    owners = [owner for look, found in seen if look.role == "nginx" for owner in found.get("port_owners", {}).values()]
    if not any(owner.endswith(moves.PUBLIC) for owner in owners):
        return []
    plans = [
        (look.made["decided"], bool(found.get("stopped")))
        for look, found in seen
        if (look.role, look.part) == ("app", "release")
    ]
    moving = moves.behind_nginx(plans, owners)
    for plan, _stopped in plans:
        if plan["name"] in moving:
            plan["notices"] = [*plan["notices"], moves.NOTE]
    return moving


def _due_roles(some: Sequence[AnyRole], found: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Return the names of those roles that have something to do, from what was found of each."""
    return [role.name for role in some if found.get(role.name, {}).get("due")]

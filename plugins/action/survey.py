# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Action asgi.deploy.survey: determines which roles and applications have something to do on a host."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any, TypedDict, cast

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display
from ansible.utils.unsafe_proxy import wrap_var
from ansible_collections.asgi.deploy.plugins.module_utils._shared.json_values import Json
from ansible_collections.asgi.deploy.plugins.module_utils._shared.observed_state import Observation
from ansible_collections.asgi.deploy.plugins.module_utils._shared.option_specs import OptionSpecs
from ansible_collections.asgi.deploy.plugins.module_utils._shared.task_options import INSPECTION_OPTIONS
from ansible_collections.asgi.deploy.plugins.plugin_utils._ansible.host_action import check_options
from ansible_collections.asgi.deploy.plugins.plugin_utils._ansible.host_code import packed
from ansible_collections.asgi.deploy.plugins.plugin_utils._ansible.host_context import AnsibleHostContext
from ansible_collections.asgi.deploy.plugins.plugin_utils._ansible.transport import Transport, refuse_bad_answers
from ansible_collections.asgi.deploy.plugins.plugin_utils._app import shared_domains
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.ignored_files import PackingError
from ansible_collections.asgi.deploy.plugins.plugin_utils._common import templates
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.argument_specs import plain
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.host_facts import Facts, checked_facts
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.host_results import (
    CRASH_KEYS,
    checked_observations,
    checked_result,
    returned,
)
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.inspections import ReleaseInspectionEntry
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.platforms import remarks
from ansible_collections.asgi.deploy.plugins.plugin_utils._inventory.roles import HOST_ROLES, needed_roles
from ansible_collections.asgi.deploy.plugins.plugin_utils._survey import moves, pending
from ansible_collections.asgi.deploy.plugins.plugin_utils._survey.desired import (
    inspections_of_app,
    inspections_of_neighbour,
    inspections_of_role,
)
from ansible_collections.asgi.deploy.plugins.plugin_utils._survey.port_moves import record_moves
from ansible_collections.asgi.deploy.plugins.plugin_utils._survey.result import (
    all_findings,
    hand_over_servers,
    keep_stopped,
    survey_result,
)
from ansible_collections.asgi.deploy.plugins.plugin_utils._survey.survey_types import Inspected, PlannedInspection

FACTS_MODULE, SURVEY_MODULE = "_host.system.facts", "_host.survey.inspections"
for _sent in (FACTS_MODULE, SURVEY_MODULE):
    packed(_sent)
returned("look")
templates.compile_all()
_OPTIONS: OptionSpecs = {
    "roles": {"type": "list", "elements": "str", "default": [], "choices": [role.name for role in HOST_ROLES]},
    "needed_roles": {"type": "bool", "default": False},
    "apps": {"type": "list", "elements": "dict", "default": []},
    "installs": {"type": "bool", "default": False},
    "refuse_stopped": {"type": "bool", "default": False},
}


class Options(TypedDict):
    """The options of M(asgi.deploy.survey)."""

    roles: list[str]
    needed_roles: bool
    apps: list[dict[str, Json]]  # entries of asgi_apps
    installs: bool
    refuse_stopped: bool


class ActionModule(ActionBase):  # type: ignore[misc]
    """Inspect a host once, for all roles and applications of a run."""

    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Json]:
        """Return which roles and applications have something to do, and the facts of the host.

        Raises:
            AnsibleActionFail: an option is wrong, or the host cannot be inspected.
        """
        result: dict[str, Json] = super().run(tmp, task_vars)
        _validation, arguments = self.validate_argument_spec(argument_spec=_OPTIONS)
        options: Options = plain(arguments)
        variables = task_vars or {}
        facts = _facts(Transport(self, variables))
        variables = {**variables, "ansible_facts": {**variables.get("ansible_facts", {}), **facts}}
        self._templar.available_variables = variables  # decisions may refer to them
        here = AnsibleHostContext(self._loader, self._templar, variables)
        try:
            inspections, near = self._planned(here, options)
        except (PackingError, ValueError, OSError) as error:
            raise AnsibleActionFail(str(error)) from error
        results = self._inspected(Transport(self, variables), inspections)
        # The result is not shown, as decisions may hold secrets; errors are.
        results, order = hand_over_servers(results, options["apps"], near, here.apps)
        host, check_mode = str(variables["inventory_hostname"]), bool(self._task.check_mode)
        ports = record_moves(results, here)
        stopped = keep_stopped(results, options["refuse_stopped"])
        survey = survey_result(results, order, host, check_mode, ports, remarks(here.facts))
        if not check_mode:  # the changes that are shown in check mode include these texts
            for name, text in {} if options["refuse_stopped"] else stopped.items():
                Display().display(f"{host}: {name}: {text}")
            for name, target in {} if survey["problems"] else ports.goes_to.items():
                Display().display(f"{host}: {name}: {moves.NOTES[target]}")
        if options["installs"] and not check_mode:
            installed = [*survey["missing_packages"], *chain.from_iterable(survey["later_packages"])]
            pending.take(installed, survey["missing_venvs"], all_findings(survey))
        # By the names that they have as variables, so that they replace no variable of others.
        kept = {f"ansible_{name}": value for name, value in facts.items()}
        hidden = {"changed": False, "ansible_facts": kept, "_ansible_no_log": True}
        # ansible-core 2.18 would evaluate templates in it again.
        return wrap_var({**result, **hidden, **survey})  # type: ignore[no-any-return]

    def _planned(
        self, here: AnsibleHostContext, options: Options
    ) -> tuple[list[PlannedInspection], list[Mapping[str, Json]]]:
        """Return what to inspect, and the entries of neighbours."""
        needed = needed_roles(here.apps) if options["needed_roles"] else []
        roles = list(dict.fromkeys([*options["roles"], *needed]))
        inspections: list[PlannedInspection] = []
        for role in roles:
            inspections += inspections_of_role(role, here, f"role {role}", {})
        for app in options["apps"]:
            inspections += inspections_of_app(app, here)
        near = shared_domains.neighbours(options["apps"], here.apps) if options["apps"] else []
        for neighbour in near:
            inspections += inspections_of_neighbour(neighbour, here)
        return list(map(_of_everything, inspections)) if self._task.check_mode else inspections, near

    def _inspected(self, transport: Transport, inspections: Sequence[PlannedInspection]) -> list[Inspected]:
        """Return the inspections with what the host reports.

        Raises:
            AnsibleActionFail: a part cannot be inspected.
        """
        results = [
            Inspected(inspection, observed)
            for inspection, observed in zip(inspections, _inspect(transport, inspections), strict=True)
        ]
        for inspection, observed in results:
            # The release and the hardening have a module of their own, which reports the same when it acts.
            if inspection.kind == "parts" and "failed" in observed:
                raise AnsibleActionFail(f"{inspection.of}: {observed['failed']}")
            if not self._task.diff:
                observed.pop("diff", None)
        return results


def _facts(transport: Transport) -> Facts:
    """Return the facts that decisions depend on, as they are now.

    Raises:
        AnsibleActionFail: they cannot be read.
    """
    answers: Json
    if transport.module_reason:
        answers = _by_module(transport, [{"kind": "facts", "options": {}}])
    else:
        answers = [transport.call(FACTS_MODULE, "read_facts")]
    (observed,) = _checked_answers(["facts"], answers)
    if "failed" in observed:
        raise AnsibleActionFail(observed["failed"])
    with refuse_bad_answers():
        return wrap_var(checked_facts(cast("dict[str, Json]", observed)))  # type: ignore[no-any-return]


def _inspect(transport: Transport, inspections: Sequence[PlannedInspection]) -> list[Observation]:
    """Return what the host reports of each inspection, as far as that is documented."""
    answers: Json
    if transport.module_reason:
        documents = [
            {"kind": inspection.kind, "options": cast("Json", inspection.options)} for inspection in inspections
        ]
        answers = _by_module(transport, documents)
    else:
        questions, secrets = checked(inspections)
        answers = transport.call(SURVEY_MODULE, "inspect_all", questions, secrets=secrets)
    return _checked_answers([inspection.kind for inspection in inspections], answers)


def _by_module(transport: Transport, looks: Sequence[Mapping[str, Json]]) -> Json:
    """Return what the module `look` answers.

    Raises:
        AnsibleActionFail: it ends without an answer.
    """
    answer = transport.run_module({"looks": cast("Json", looks)}, "asgi.deploy.look")
    if answer.get("failed") or "found" not in answer:
        with refuse_bad_answers():
            failure = checked_result("look", {**answer, "failed": True}, CRASH_KEYS)
        raise AnsibleActionFail("\n".join(str(failure[key]) for key in ("msg", *CRASH_KEYS) if failure.get(key)))
    answers: Json = answer["found"]
    return answers


def _of_everything(inspection: PlannedInspection) -> PlannedInspection:
    """Return an inspection of all releases of an application, and not only of the one that would serve."""
    if inspection.kind != "release":
        return inspection
    options: ReleaseInspectionEntry = {**cast("ReleaseInspectionEntry", inspection.options), "everything": True}
    return inspection._replace(options=options)


def _checked_answers(kinds: Sequence[str], answers: Json) -> list[Observation]:
    """Return the answers to inspections of these kinds.

    Raises:
        AnsibleActionFail: they have another form.
    """
    with refuse_bad_answers():
        return checked_observations(kinds, answers)


def checked(inspections: Sequence[PlannedInspection]) -> tuple[list[Json], set[str]]:
    """Return inspections with the defaults of their options, and the secrets in them."""
    questions: list[Json] = []
    secrets = set[str]()
    for inspection in inspections:
        options, hidden = check_options(
            INSPECTION_OPTIONS[inspection.kind], cast("dict[str, Json]", inspection.options), f"{inspection.of}: "
        )
        secrets |= hidden
        questions.append({"kind": inspection.kind, "options": options})
    return questions, secrets

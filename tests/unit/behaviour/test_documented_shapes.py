"""The shape of what crosses to a host is written once: options, results and their documentation say the same."""

from __future__ import annotations

import dataclasses
import importlib
from collections.abc import Mapping
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, NotRequired, Required, Union, get_args, get_origin, get_type_hints, is_typeddict

import pytest
import yaml
from ansible_collections.asgi.deploy.plugins.action import check, show, survey, wheelhouse
from ansible_collections.asgi.deploy.plugins.module_utils._host.certificates.certificate import CertificateRequest
from ansible_collections.asgi.deploy.plugins.module_utils._host.hardening.desired import DesiredHardening, Part
from ansible_collections.asgi.deploy.plugins.module_utils._host.hardening.firewall import Firewall
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.gate import Gate
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.inputs import ReleaseInputs
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.request import ReleaseRequest
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.settings import ReleaseSettings
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.watch import WatchLimits
from ansible_collections.asgi.deploy.plugins.module_utils._host.system.managed_files import ManagedFile
from ansible_collections.asgi.deploy.plugins.module_utils._shared import (
    application_state,
    desired_state,
    operation_options,
    operation_results,
    release_options,
    task_results,
)
from ansible_collections.asgi.deploy.plugins.module_utils._shared.application_state import Attempt
from ansible_collections.asgi.deploy.plugins.module_utils._shared.observed_state import (
    Difference,
    Observation,
    ReleasePrediction,
)
from ansible_collections.asgi.deploy.plugins.module_utils._shared.task_options import INSPECTION_OPTIONS
from ansible_collections.asgi.deploy.plugins.plugin_utils._common import inspections
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.host_results import COMMON_KEYS, Shape, returned
from ansible_collections.asgi.deploy.plugins.plugin_utils._inventory.roles import HOST_ROLES
from ansible_collections.asgi.deploy.plugins.plugin_utils._survey.survey_types import SurveyResult

from tests import ROOT

PLUGINS = ROOT / "plugins"
TASKS = "ansible_collections.asgi.deploy.plugins.module_utils._host.tasks"
ON_HOSTS = sorted(
    path.stem
    for path in (PLUGINS / "module_utils" / "_host" / "tasks").glob("*.py")
    if (PLUGINS / "modules" / path.name).exists()
)
ON_THE_CONTROLLER = {module.__name__.rpartition(".")[2]: module for module in (check, show, survey, wheelhouse)}
COMPARED = ("type", "elements", "required", "default")
DEFAULTS = {"type": "str", "required": False, "default": None, "elements": None}


def documentation(path: Path, name: str) -> dict[str, Any]:
    """Return a document that a module or a fragment holds as text."""
    text = path.read_text(encoding="utf-8")
    quoted = text.split(f'{name} = """', 1)[1].split('"""', 1)[0] if f'{name} = """' in text else ""
    return yaml.safe_load(quoted) or {}


def documented_options(module: str) -> dict[str, Any]:
    """Return the options of a module, with those of its fragments."""
    document = documentation(PLUGINS / "modules" / f"{module}.py", "DOCUMENTATION")
    options = dict(document.get("options", {}))
    for fragment in document.get("extends_documentation_fragment", []):
        path = PLUGINS / "doc_fragments" / f"{fragment.rpartition('.')[2]}.py"
        options |= documentation(path, "DOCUMENTATION").get("options", {})
    return options


def shape(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return of options what a spec and its documentation have in common."""
    return {
        name: {
            **{key: option.get(key, DEFAULTS[key]) for key in COMPARED},
            "choices": set(option.get("choices", ())),
            # A dictionary whose options are described elsewhere is documented without them.
            "options": shape(option["options"]) if option.get("options") else None,
        }
        for name, option in options.items()
    }


def without_undocumented(spec: dict[str, Any], documented: Mapping[str, Any]) -> dict[str, Any]:
    """Return a spec without the options of dictionaries that the documentation describes as a whole."""
    return {
        name: {
            **option,
            "options": without_undocumented(option["options"], documented[name]["options"])
            if option["options"] and documented.get(name, {}).get("options")
            else None,
        }
        for name, option in spec.items()
    }


def keys(typed_dict: Any) -> set[str]:
    """Return the keys of a TypedDict."""
    return set(get_type_hints(typed_dict))


@pytest.mark.parametrize("module", ON_HOSTS)
def test_the_options_of_a_task_are_those_of_its_documentation(module: str) -> None:
    documented = shape(documented_options(module))
    spec = shape(importlib.import_module(f"{TASKS}.{module}").OPTIONS)
    assert without_undocumented(spec, documented) == documented


@pytest.mark.parametrize("module", ON_HOSTS)
def test_the_type_of_a_tasks_options_has_the_keys_of_its_spec(module: str) -> None:
    task = importlib.import_module(f"{TASKS}.{module}")
    # A task imports the types of its options only for mypy.
    shapes = (
        vars(desired_state)
        | vars(release_options)
        | vars(operation_options)
        | vars(task_results)
        | vars(application_state)
        | vars(operation_results)
    )
    assert set(get_type_hints(task.act, localns=shapes)["options"].__annotations__) == set(task.OPTIONS)


@pytest.mark.parametrize("module", ON_THE_CONTROLLER)
def test_the_options_of_an_action_are_those_of_its_documentation(module: str) -> None:
    documented = shape(documented_options(module))
    action = ON_THE_CONTROLLER[module]
    spec = without_undocumented(shape(action._OPTIONS), documented)
    if module == "survey":  # a role is listed in one place, which its documentation names
        assert spec["roles"].pop("choices") == {role.name for role in HOST_ROLES}
        documented["roles"].pop("choices")
    assert spec == documented
    assert keys(action.Options) == set(documented)


@pytest.mark.parametrize(
    ("entry", "kind"),
    [(inspections.ReleaseInspectionEntry, "release"), (inspections.RemovalInspectionEntry, "removal")],
)
def test_what_a_role_inspects_has_options_of_its_kind(entry: Any, kind: str) -> None:
    required = {name for name, option in INSPECTION_OPTIONS[kind].items() if option.get("required")}
    assert required <= entry.__required_keys__ and keys(entry) <= set(INSPECTION_OPTIONS[kind])


# Classes that hosts work with, the entries that they are made from, and the fields and keys of one of them only.
CLASSES: list[tuple[Any, Any, set[str]]] = [
    (CertificateRequest, desired_state.CertificateEntry, set()),
    (Part, desired_state.HardeningPartEntry, {"modules"}),
    (DesiredHardening, desired_state.HardeningEntry, set()),
    (Firewall, desired_state.FirewallEntry, {"closed", "close", "openings", "open"}),
    (ManagedFile, desired_state.FileEntry, {"secret", "secret_content", "target"}),
    (Gate, release_options.GateEntry, {"host"}),
    (WatchLimits, release_options.WatchEntry, set()),
]


def fields(kind: Any) -> set[str]:
    """Return the names of the fields of a dataclass or a named tuple."""
    return {field.name for field in dataclasses.fields(kind)} if dataclasses.is_dataclass(kind) else set(kind._fields)


@pytest.mark.parametrize(("kind", "entry", "other"), CLASSES)
def test_a_class_has_the_fields_of_its_entry(kind: Any, entry: Any, other: set[str]) -> None:
    assert fields(kind) ^ keys(entry) == other


def test_every_option_of_a_release_reaches_its_request() -> None:
    known = fields(ReleaseInputs) | fields(ReleaseSettings) | fields(ReleaseRequest)
    # The host of the gate, and how the cloud's metadata service is closed, have other names there.
    assert keys(release_options.ReleaseEntry) - known == {"host_name", "metadata"}


RESULTS = {
    "certificate": task_results.CertificateResult,
    "exec": task_results.CommandResult,
    "files": task_results.FilesResult,
    "harden": task_results.HardenResult,
    "install": task_results.InstallResult,
    "logs": task_results.LogsResult,
    "pause": operation_results.StateResult,
    "release": task_results.ReleaseTaskResult,
    "release_info": task_results.ReleaseInfoResult,
    "restart": task_results.RestartTaskResult,
    "rollback": task_results.RollbackResult,
    "status": task_results.StatusResult,
    "stop": operation_results.StateResult,
    "survey": SurveyResult,
}
# `diff` is of every module, as Ansible documents it; `ansible_facts` of the survey is Ansible's as well.
ANSIBLE_KEYS = {*COMMON_KEYS, "diff", "ansible_facts"}


# What the audit trail on the host records of an attempt, and no module returns.
IN_THE_TRAIL_ONLY = {"process", "unit", "urgent"}
KINDS = {str: "str", bool: "bool", int: "int", float: "float"}


def differences(hint: Any, shape: Shape, where: str) -> list[str]:
    """Return where a type and the documentation of a value differ."""
    if get_origin(hint) in (Required, NotRequired):
        (hint,) = get_args(hint)
    if get_origin(hint) in (Union, UnionType):
        members = [arg for arg in get_args(hint) if arg is not NoneType]
        if len(members) > 1:  # a document of any shape
            return [] if shape.kind in ("raw", "dict") else [f"{where}: is documented as {shape.kind}"]
        null = [] if shape.null or not shape.needed else [f"{where}: may be None, which is not documented"]
        return [*null, *differences(members[0], shape, where)]
    if is_typeddict(hint):
        return [*_kind("dict", shape, where), *(_members(hint, shape, where) if shape.contains else [])]
    if get_origin(hint) is dict:
        known = shape.contains.items()
        inner = [text for key, one in known for text in differences(get_args(hint)[1], one, f"{where}.{key}")]
        return [*_kind("dict", shape, where), *inner]
    if get_origin(hint) is list:
        inner = [] if shape.elements is None else differences(get_args(hint)[0], shape.elements, f"{where}[]")
        return [*_kind("list", shape, where), *inner]
    return _kind("str" if get_origin(hint) is Literal else KINDS[hint], shape, where)


def _kind(kind: str, shape: Shape, where: str) -> list[str]:
    """Return whether the documentation of a value names another type."""
    return [] if shape.kind == kind else [f"{where}: is {kind}, and documented as {shape.kind}"]


def _members(typed_dict: Any, shape: Shape, where: str) -> list[str]:
    """Return where a TypedDict and the documentation of a dictionary differ."""
    hints = get_type_hints(typed_dict, include_extras=True)
    only = (hints.keys() ^ shape.contains.keys()) - (IN_THE_TRAIL_ONLY if typed_dict is Attempt else set())
    texts = [f"{where}.{key}: is in one of them only" for key in only]
    common = hints.keys() & shape.contains.keys()
    return texts + [text for key in common for text in differences(hints[key], shape.contains[key], f"{where}.{key}")]


@pytest.mark.parametrize("module", RESULTS)
def test_the_result_of_a_task_is_as_documented(module: str) -> None:
    documented = {key: shape for key, shape in returned(module).items() if key not in ANSIBLE_KEYS}
    hints = get_type_hints(RESULTS[module], include_extras=True)
    if module == "release":  # in check mode it returns what it would do
        hints |= get_type_hints(ReleasePrediction, include_extras=True)
    assert set(hints) - ANSIBLE_KEYS == set(documented)
    assert [text for key, shape in documented.items() for text in differences(hints[key], shape, key)] == []


def test_an_observation_is_as_documented() -> None:
    elements = returned("look")["found"].elements
    assert elements is not None
    hints = get_type_hints(Observation, include_extras=True)
    known = elements.contains.items()
    assert [text for key, shape in known for text in differences(hints[key], shape, key)] == []


def test_differences_are_found() -> None:
    text = Shape("str", needed=True)
    assert differences(int, text, "a") == ["a: is int, and documented as str"]
    assert differences(str | None, text, "a") == ["a: may be None, which is not documented"]
    assert differences(list[str], Shape("list", Shape("int")), "a") == ["a[]: is str, and documented as int"]
    assert differences(Difference, Shape("dict", contains={"before": text}), "a") != []

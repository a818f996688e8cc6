"""The check of what a host answers: what RETURN of a module documents, of these types and bounded sizes, as safe text.

A host is not trusted: an attacker who controls it must not reach the controller or other hosts by its answers. The
check goes as deep as ``contains`` and ``elements`` of RETURN do. There are two conventions beyond Ansible's format: the
key ``NAME`` stands for any key, and ``returned`` also says what :class:`Shape` describes.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn, TypedDict, cast

from ansible.module_utils.common.yaml import yaml_load
from ansible_collections.asgi.deploy.plugins.module_utils._shared.json_values import Json
from ansible_collections.asgi.deploy.plugins.module_utils._shared.observed_state import Observation
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.terminal_text import harmless

MAX_ANSWER = 64 * 2**20  # characters of JSON
MAX_TEXT = 16 * 2**20  # characters
MAX_KEY = 4096
MAX_ENTRIES = 1_000_000  # of a list or a dictionary
MAX_DEPTH = 16  # of what is documented no further
MAX_NUMBER = 2**63
ANY = "NAME"
_MODULES = Path(__file__).resolve().parents[2] / "modules"
_RETURN = re.compile(r'^RETURN = """(.*?)"""', re.MULTILINE | re.DOTALL)
_VALUE = re.compile(r"V\((\w+)\)")
_SHOWN = 60  # characters of what was found instead
_KINDS: dict[str, tuple[type, ...]] = {
    "str": (str,),
    "bool": (bool,),
    "int": (int,),
    "float": (int, float),
    "list": (list,),
    "dict": (dict,),
    "raw": (str, bool, int, float, list, dict),
}


class HostResultError(ValueError):
    """An answer of a host that is not valid; says where, what was found and what was expected."""


class ReturnDoc(TypedDict, total=False):
    """A key of RETURN in the documentation of a module; keys are Ansible's own."""

    type: str
    elements: str
    contains: dict[str, ReturnDoc]
    returned: str
    description: str | list[str]


@dataclass(frozen=True)
class Shape:
    """The shape that a value must have.

    Attributes:
        kind: its type, as RETURN names it; ``raw`` for any.
        elements: of a list, the shape of each element.
        contains: of a dictionary, the keys that are kept; `ANY` for every other key. Empty: all are kept.
        needed: whether the key is required: ``returned`` begins with always or success.
        null: whether it may be null instead: ``returned`` contains that word.
        kinds: the kinds of inspection that report it: ``returned`` is "for V(parts)".
    """

    kind: str
    elements: Shape | None = None
    contains: Mapping[str, Shape] = field(default_factory=dict)
    needed: bool = False
    null: bool = False
    kinds: frozenset[str] = frozenset()

    @classmethod
    def documented(cls, key: ReturnDoc) -> Shape:
        """Return the shape of a key, from its documentation."""
        inner = {name: cls.documented(item) for name, item in key.get("contains", {}).items()}
        returned = str(key.get("returned", ""))
        elements = None
        if key["type"] == "list":
            elements, inner = cls(key.get("elements", "raw"), contains=inner), {}
        needed, null = returned.startswith(("always", "success")), "null" in returned.split()
        kinds = frozenset(_VALUE.findall(returned)) if returned.startswith("for ") else frozenset[str]()
        return cls(key["type"], elements, inner, needed, null, kinds)


_TEXT, _TEXTS, _FLAG, _RAW = Shape("str"), Shape("list", Shape("str")), Shape("bool"), Shape("raw")
_DIFFERENCE = Shape(
    "dict",
    contains={
        "before": Shape("str", needed=True),
        "after": Shape("str", needed=True),
        "before_header": _TEXT,
        "after_header": _TEXT,
    },
)
# What the result of any module may hold. A host must not send what Ansible would obey, as ansible_facts and add_host.
COMMON_KEYS = {"changed": _FLAG, "failed": _FLAG, "msg": _TEXT, "warnings": _TEXTS}
# And the result of a module that ended without an answer, or that goes on while Ansible does something else.
CRASH_KEYS = {"module_stdout": _TEXT, "module_stderr": _TEXT}
ASYNC_KEYS = {"ansible_job_id": _TEXT, "results_file": _TEXT, "started": _RAW, "finished": _RAW, **CRASH_KEYS}


@functools.cache
def returned(module: str) -> Mapping[str, Shape]:
    """Return what a module documents of its result, by key. Read before Ansible forks, as `host_code.packed` is."""
    match = _RETURN.search((_MODULES / f"{module}.py").read_text(encoding="utf-8"))
    documented: dict[str, ReturnDoc] = (yaml_load(match[1]) if match else None) or {}
    return {name: Shape.documented(key) for name, key in documented.items()}


def parse_answer(text: str) -> Json:
    """Return what a host printed as JSON.

    Raises:
        HostResultError: it is not JSON, is too long or too deep, or holds a number that JSON does not allow.
    """
    if len(text) > MAX_ANSWER:
        raise HostResultError(f"found {len(text)} characters, expected at most {MAX_ANSWER}")
    try:
        answer: Json = json.loads(text, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise HostResultError(f"found {_shown(text)}, expected JSON: {harmless(str(error))[:_SHOWN]}") from error
    return answer


def checked_result(module: str, answer: Json, further: Mapping[str, Shape] | None = None) -> dict[str, Json]:
    """Return of a host's answer what a module documents, and what all modules may return.

    Args:
        module: its name; its RETURN is what is expected.
        answer: as JSON has it.
        further: more keys that are expected.

    Raises:
        HostResultError: a value has another type or size, or is missing in an answer that has not failed.
    """
    shapes = {**COMMON_KEYS, **returned(module), **(further or {})}
    if not isinstance(answer, dict):
        raise HostResultError(f"the answer: found {_shown(answer)}, expected dict")
    _bounded(answer, "")
    goes_on = "ansible_job_id" in shapes and "ansible_job_id" in answer
    result = _members(answer, shapes, "", missing_allowed=goes_on or answer.get("failed") is True)
    if "diff" in answer:
        diff = answer["diff"]
        several = isinstance(diff, list)
        differences = [_value(item, _DIFFERENCE, "diff") for item in (diff if isinstance(diff, list) else [diff])]
        result["diff"] = differences if several else differences[0]
    return result


def checked_observations(kinds: Sequence[str], answers: Json) -> list[Observation]:
    """Return the answers to inspections of these kinds, each as far as M(asgi.deploy.look) documents it.

    Raises:
        HostResultError: as for :func:`checked_result`, or there are not as many as there were inspections.
    """
    observations = cast("list[Observation]", checked_result("look", {"found": answers})["found"])
    if len(observations) != len(kinds):
        raise HostResultError(f"found: found {len(observations)} answers, expected {len(kinds)}")
    elements = returned("look")["found"].elements
    for number, (kind, answer) in enumerate(zip(kinds, observations, strict=True)):
        for key, shape in elements.contains.items() if elements and "failed" not in answer else ():
            if kind in shape.kinds and key not in answer:
                raise HostResultError(f"found[{number}].{key}: found nothing, expected {shape.kind}")
    return observations


def _members(
    document: Mapping[str, Json], shapes: Mapping[str, Shape], where: str, missing_allowed: bool = False
) -> dict[str, Json]:
    """Return the documented keys of a dictionary, with checked values."""
    for key, shape in shapes.items():
        if shape.needed and key not in document and key != ANY and not missing_allowed:
            raise HostResultError(f"{_joined(where, key)}: found nothing, expected {shape.kind}")
    known = {key: known_shape for key in document if (known_shape := shapes.get(key) or shapes.get(ANY))}
    return {_key(key, where): _value(document[key], shape, _joined(where, key)) for key, shape in known.items()}


def _value(value: Json, shape: Shape, where: str, depth: int = 0) -> Json:
    """Return a value of the shape, with safe text."""
    if value is None and (shape.null or shape.kind == "raw"):
        return None
    kinds = _KINDS[shape.kind]
    # A bool is an int for Python.
    if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
        raise HostResultError(f"{where}: found {_shown(value)}, expected {shape.kind}")
    if isinstance(value, str):
        _bounded(value, where)
        return harmless(value)
    if isinstance(value, (list, dict)):
        return _several(value, shape, where, depth + 1)
    if value is None or not -MAX_NUMBER < value < MAX_NUMBER:
        raise HostResultError(f"{where}: found {_shown(value)}, expected a number below 2^63")
    return value


def _several(value: list[Json] | dict[str, Json], shape: Shape, where: str, depth: int) -> Json:
    """Return a list or a dictionary of the shape, with checked values."""
    _bounded(value, where)
    if depth > MAX_DEPTH:
        raise HostResultError(f"{where[:_SHOWN]}…: found more than {MAX_DEPTH} levels")
    if isinstance(value, list):
        inner = shape.elements or _RAW
        return [_value(item, inner, f"{where}[{number}]", depth) for number, item in enumerate(value)]
    if shape.contains:
        return _members(value, shape.contains, where)
    return {_key(key, where): _value(item, _RAW, _joined(where, key), depth) for key, item in value.items()}


def _bounded(value: str | list[Json] | dict[str, Json], where: str) -> None:
    """Raise HostResultError for a text, a list or a dictionary that is too long."""
    length, most = len(value), MAX_TEXT if isinstance(value, str) else MAX_ENTRIES
    if length > most:
        raise HostResultError(f"{where or 'the answer'}: found a length of {length}, expected at most {most}")


def _key(key: str, where: str) -> str:
    """Return a key as safe text."""
    if len(key) > MAX_KEY:
        raise HostResultError(f"{where or 'the answer'}: found a key of {len(key)} characters")
    return harmless(key)


def _joined(where: str, key: str) -> str:
    """Return the place of a key, as messages name it."""
    shown = harmless(key)[:_SHOWN]
    return f"{where}.{shown}" if where else shown


def _shown(value: Json) -> str:
    """Return the beginning of a value; no more of a deep or long value is made into text."""
    if isinstance(value, (list, dict)):
        return f"a {'list' if isinstance(value, list) else 'dictionary'} of {len(value)}"
    text = harmless(repr(value[: _SHOWN + 1] if isinstance(value, str) else value))
    return text if len(text) <= _SHOWN + 2 else f"{text[:_SHOWN]}…"


def _no_number(text: str) -> NoReturn:
    """Raise ValueError for a number that JSON does not allow."""
    raise ValueError(f"{text} is no number")

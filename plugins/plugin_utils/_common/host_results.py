"""What a host may answer: what a module documents in RETURN, of these types and of bounded sizes, as harmless text.

A host is not trusted: one that was broken into must not reach the controller or other hosts by what it answers. The
check goes as deep as ``contains`` and ``elements`` of RETURN do. Beyond Ansible's format two conventions hold: a key
that is written ``NAME`` stands for any, and ``returned`` says more than when, as :class:`Shape` describes.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

from ansible.module_utils.common.yaml import yaml_load
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
    """An answer of a host that is none; says where, what was found and what was expected."""


@dataclass(frozen=True)
class Shape:
    """What a value has to be.

    Attributes:
        kind: its type, as RETURN has it; ``raw`` for any.
        elements: of a list, what each of them has to be.
        contains: of a dictionary, the keys that are kept of it; `ANY` for every other one. Empty: all are kept.
        needed: whether the key has to be there, as where ``returned`` begins with always or success.
        null: whether it may be null instead, as where ``returned`` has that word.
        kinds: of a look's answer, the kinds that have it, as where ``returned`` is "for V(parts)".
    """

    kind: str
    elements: Shape | None = None
    contains: Mapping[str, Shape] = field(default_factory=dict)
    needed: bool = False
    null: bool = False
    kinds: frozenset[str] = frozenset()

    @classmethod
    def documented(cls, text: Mapping[str, Any]) -> Shape:
        """Return the shape of a key, from what RETURN says of it."""
        inner = {name: cls.documented(one) for name, one in text.get("contains", {}).items()}
        returned = str(text.get("returned", ""))
        elements = None
        if text["type"] == "list":
            elements, inner = cls(text.get("elements", "raw"), contains=inner), {}
        needed, null = returned.startswith(("always", "success")), "null" in returned.split()
        kinds = frozenset(_VALUE.findall(returned)) if returned.startswith("for ") else frozenset[str]()
        return cls(text["type"], elements, inner, needed, null, kinds)


_TEXT, _TEXTS, _TRUTH, _RAW = Shape("str"), Shape("list", Shape("str")), Shape("bool"), Shape("raw")
_DIFFERENCE = Shape(
    "dict",
    contains={
        "before": Shape("str", needed=True),
        "after": Shape("str", needed=True),
        "before_header": _TEXT,
        "after_header": _TEXT,
    },
)
# What a result of any module may have. No host may send what Ansible would obey besides, as ansible_facts and add_host.
COMMON_KEYS = {"changed": _TRUTH, "failed": _TRUTH, "msg": _TEXT, "warnings": _TEXTS}
# And that of a module which ended without an answer, or which goes on while Ansible does something else.
CRASH_KEYS = {"module_stdout": _TEXT, "module_stderr": _TEXT}
ASYNC_KEYS = {"ansible_job_id": _TEXT, "results_file": _TEXT, "started": _RAW, "finished": _RAW, **CRASH_KEYS}


@functools.cache
def returned(module: str) -> Mapping[str, Shape]:
    """Return what a module documents of its result, by key. Read before Ansible forks, as `host_code.packed` is."""
    found = _RETURN.search((_MODULES / f"{module}.py").read_text(encoding="utf-8"))
    documented = (yaml_load(found[1]) if found else None) or {}
    return {key: Shape.documented(text) for key, text in documented.items()}


def parse_answer(text: str) -> Any:
    """Return what a host printed as JSON.

    Raises:
        HostResultError: it is no JSON, is too long or too deep, or has a number that is none.
    """
    if len(text) > MAX_ANSWER:
        raise HostResultError(f"found {len(text)} characters, expected at most {MAX_ANSWER}")
    try:
        return json.loads(text, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise HostResultError(f"found {_shown(text)}, expected JSON: {harmless(str(error))[:_SHOWN]}") from error


def checked_result(module: str, answer: Any, further: Mapping[str, Shape] | None = None) -> dict[str, Any]:
    """Return of a host's answer what a module documents, and what all modules may say.

    Args:
        module: its name, whose RETURN is what is expected.
        answer: as JSON has it.
        further: keys that are expected besides.

    Raises:
        HostResultError: something has another type or size, or is missing in an answer that has not failed.
    """
    shapes = {**COMMON_KEYS, **returned(module), **(further or {})}
    _sized(answer, dict, "")
    goes_on = "ansible_job_id" in shapes and "ansible_job_id" in answer
    found = _members(answer, shapes, "", missing_allowed=goes_on or answer.get("failed") is True)
    if "diff" in answer:
        several = isinstance(answer["diff"], list)
        differences = [_value(one, _DIFFERENCE, "diff") for one in (answer["diff"] if several else [answer["diff"]])]
        found["diff"] = differences if several else differences[0]
    return found


def checked_looks(kinds: Sequence[str], answers: Any) -> list[dict[str, Any]]:
    """Return the answers to looks of these kinds, each as far as M(asgi.deploy.look) documents it.

    Raises:
        HostResultError: as for :func:`checked_result`, or there are not as many as there were looks.
    """
    found: list[dict[str, Any]] = checked_result("look", {"found": answers})["found"]
    if len(found) != len(kinds):
        raise HostResultError(f"found: found {len(found)} answers, expected {len(kinds)}")
    elements = returned("look")["found"].elements
    for number, (kind, answer) in enumerate(zip(kinds, found)):
        for key, shape in elements.contains.items() if elements and "failed" not in answer else ():
            if kind in shape.kinds and key not in answer:
                raise HostResultError(f"found[{number}].{key}: found nothing, expected {shape.kind}")
    return found


def _members(
    found: Mapping[str, Any], shapes: Mapping[str, Shape], where: str, missing_allowed: bool = False
) -> dict[str, Any]:
    for key, shape in shapes.items():
        if shape.needed and key not in found and key != ANY and not missing_allowed:
            raise HostResultError(f"{_joined(where, key)}: found nothing, expected {shape.kind}")
    known = {key: one for key in found if (one := shapes.get(key) or shapes.get(ANY))}
    return {_key(key, where): _value(found[key], one, _joined(where, key)) for key, one in known.items()}


def _value(value: Any, shape: Shape, where: str, depth: int = 0) -> Any:
    if value is None and (shape.null or shape.kind == "raw"):
        return None
    kinds = _KINDS[shape.kind]
    # A truth is a number for Python.
    if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
        raise HostResultError(f"{where}: found {_shown(value)}, expected {shape.kind}")
    if isinstance(value, str):
        _sized(value, str, where)
        return harmless(value)
    if isinstance(value, (list, dict)):
        return _several(value, shape, where, depth + 1)
    number: Any = value
    if not -MAX_NUMBER < number < MAX_NUMBER:
        raise HostResultError(f"{where}: found {_shown(value)}, expected a number below 2^63")
    return value


def _several(value: list[Any] | dict[str, Any], shape: Shape, where: str, depth: int) -> Any:
    _sized(value, type(value), where)
    if depth > MAX_DEPTH:
        raise HostResultError(f"{where[:_SHOWN]}…: found more than {MAX_DEPTH} levels")
    if isinstance(value, list):
        inner = shape.elements or _RAW
        return [_value(one, inner, f"{where}[{number}]", depth) for number, one in enumerate(value)]
    if shape.contains:
        return _members(value, shape.contains, where)
    return {_key(key, where): _value(one, _RAW, _joined(where, key), depth) for key, one in value.items()}


def _sized(value: Any, kind: type, where: str) -> None:
    if not isinstance(value, kind):
        raise HostResultError(f"{where or 'the answer'}: found {_shown(value)}, expected {kind.__name__}")
    length, most = len(value), MAX_TEXT if kind is str else MAX_ENTRIES  # type: ignore[arg-type]
    if length > most:
        raise HostResultError(f"{where or 'the answer'}: found a length of {length}, expected at most {most}")


def _key(key: str, where: str) -> str:
    if len(key) > MAX_KEY:
        raise HostResultError(f"{where or 'the answer'}: found a key of {len(key)} characters")
    return harmless(key)


def _joined(where: str, key: str) -> str:
    shown = harmless(key)[:_SHOWN]
    return f"{where}.{shown}" if where else shown


def _shown(value: Any) -> str:
    """Return the beginning of a value; of what is deep or long no more than that is made into text."""
    if isinstance(value, (list, dict)):
        return f"a {'list' if isinstance(value, list) else 'dictionary'} of {len(value)}"
    text = harmless(repr(value[: _SHOWN + 1] if isinstance(value, str) else value))
    return text if len(text) <= _SHOWN + 2 else f"{text[:_SHOWN]}…"


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is no number")

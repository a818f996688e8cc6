"""Parameters of the kernel, by their files; names have slashes, as interfaces may have dots."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path("/proc/sys")


@dataclass(frozen=True)
class Parameters:
    """What shall be set, and what this host does not let be set."""

    differ: dict[str, str] = field(default_factory=dict)  # name to the value it shall have
    found: dict[str, str] = field(default_factory=dict)  # name to the value it has
    fixed: list[str] = field(default_factory=list)  # those that differ and are read-only here


def inspect(
    wanted: Mapping[str, str], former: Mapping[str, str], refused: Mapping[str, str] | None = None, root: Path = ROOT
) -> Parameters:
    """Compares; a parameter that this kernel does not have is passed over.

    Args:
        wanted: value by name; a * stands for every interface.
        former: values from before for what we once set; what is not wanted any more gets its own back.
        refused: values that the kernel did not take.
    """
    values: dict[str, str] = {}
    for pattern, value in wanted.items():
        values |= {str(path.relative_to(root)): value for path in sorted(root.glob(pattern.replace(".", "/")))}
    back = {name: value for name, value in former.items() if name not in values and (root / name).exists()}
    state = Parameters()
    for name, value in {**values, **back}.items():
        try:
            now = _words((root / name).read_text())
        except OSError:  # some are for writing alone, or want another name space
            continue
        if now == _words(value):
            continue
        if os.access(root / name, os.W_OK) and (refused or {}).get(name) != value:
            state.differ[name], state.found[name] = value, now
        else:
            state.fixed.append(name)
    return state


def apply(state: Parameters, root: Path = ROOT) -> list[str]:
    """Sets what differs; gives the names that the kernel did not take."""
    refused = []
    for name, value in state.differ.items():
        try:
            (root / name).write_text(f"{value}\n")
        except OSError:
            refused.append(name)
    return refused


def _words(text: str) -> str:
    return " ".join(text.split())

"""Parameters of the kernel, by their files; names have slashes, as names of interfaces may have dots."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path("/proc/sys")


@dataclass(frozen=True)
class Parameters:
    """Parameters that differ from their desired values.

    Attributes:
        differ: desired values, by name.
        found: present values, by name.
        fixed: names of parameters that differ and cannot be set on this host.
    """

    differ: dict[str, str] = field(default_factory=dict)
    found: dict[str, str] = field(default_factory=dict)
    fixed: list[str] = field(default_factory=list)


def inspect(
    desired: Mapping[str, str], former: Mapping[str, str], refused: Mapping[str, str] | None = None, root: Path = ROOT
) -> Parameters:
    """Return the parameters that differ; those that this kernel does not have are left out.

    Args:
        desired: values by name; a * stands for every interface.
        former: values before an earlier run set them; a parameter that is not desired any more gets this value again.
        refused: values that the kernel refused.
        root: the folder of the parameters' files.
    """
    values: dict[str, str] = {}
    for pattern, value in desired.items():
        values |= {str(path.relative_to(root)): value for path in sorted(root.glob(pattern.replace(".", "/")))}
    restored = {name: value for name, value in former.items() if name not in values and (root / name).exists()}
    state = Parameters()
    for name, value in {**values, **restored}.items():
        try:
            now = _words((root / name).read_text())
        except OSError:  # some can only be written, or need another namespace
            continue
        if now == _words(value):
            continue
        if os.access(root / name, os.W_OK) and (refused or {}).get(name) != value:
            state.differ[name], state.found[name] = value, now
        else:
            state.fixed.append(name)
    return state


def apply(state: Parameters, root: Path = ROOT) -> list[str]:
    """Set the parameters that differ; return the names of those that the kernel refused."""
    refused = []
    for name, value in state.differ.items():
        try:
            (root / name).write_text(f"{value}\n")
        except OSError:
            refused.append(name)
    return refused


def _words(text: str) -> str:
    return " ".join(text.split())

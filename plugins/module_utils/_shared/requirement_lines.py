"""Lines of requirements, as installers read them."""

from __future__ import annotations

import re

_EDITABLE = re.compile(r"(?:-e|--editable)\b")
_ARCHIVES = (".whl", ".zip", ".tar.gz", ".tar.bz2", ".tgz")


def points_into_tree(text: str) -> bool:
    """Return whether requirements name files beside them: the same text stands for others in another tree."""
    for line in map(str.strip, text.splitlines()):
        target = line.split("#", 1)[0].split(";", 1)[0].split(" --", 1)[0].strip()
        if _EDITABLE.match(line) or "file:" in target:
            return True
        if target.startswith(("-", "#")) or "://" in target:
            continue
        if target.startswith(".") or "/" in target or target.endswith(_ARCHIVES):
            return True
    return False

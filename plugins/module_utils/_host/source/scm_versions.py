"""The version that a build backend would ask git for, as a release's source has no repository."""

from __future__ import annotations

import re

_NUMBERS = r"\d+(?:\.\d+)*"
_TAG = re.compile(rf"(?:.*?[-_/])?v?({_NUMBERS})((?:\.?(?:a|b|rc|post|dev)\d+)*)", re.IGNORECASE)
_DESCRIBED = re.compile(r"(.+)-(\d+)-g[0-9a-f]+")


def scm_version(described: str | None, commit: str) -> str:
    """Return a version for build backends, as setuptools-scm makes it.

    Args:
        described: what `git describe --long` says of the commit; None if it is after no tag with a number.
        commit: the whole id of the commit.

    >>> scm_version("v1.4.2-0-g0a1b2c3", "0a1b2c3d4e5f"), scm_version("v1.4.2-5-g0a1b2c3", "0a1b2c3d4e5f")
    ('1.4.2', '1.4.3.dev5+g0a1b2c3d4')
    """
    local = f"+g{commit[:9]}"
    match = _DESCRIBED.fullmatch(described or "")
    tag = _TAG.fullmatch(match[1]) if match else None
    if match is None or tag is None:
        return f"0.0.dev0{local}"
    distance = int(match[2])
    if distance == 0:
        return f"{tag[1]}{tag[2]}"
    first, _dot, last = tag[1].rpartition(".")
    return f"{first}{'.' if first else ''}{int(last) + 1}.dev{distance}{local}"


def backend_variables(version: str | None) -> dict[str, str]:
    """Return the variables by which build backends take a version; none if there is no version."""
    names = ("SETUPTOOLS_SCM_PRETEND_VERSION", "PDM_BUILD_SCM_VERSION", "POETRY_DYNAMIC_VERSIONING_BYPASS")
    return dict.fromkeys((*names, "UV_DYNAMIC_VERSIONING_BYPASS"), version) if version else {}

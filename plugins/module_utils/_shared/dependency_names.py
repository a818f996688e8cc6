"""Names of files that list dependencies, and the order in which they are looked for."""

from __future__ import annotations

import re

UV_LOCK, PYLOCK, REQUIREMENTS, PYPROJECT = "uv.lock", "pylock.toml", "requirements.txt", "pyproject.toml"
# Locks of other tools, and the command that exports them to a requirements.txt.
EXPORTS = {
    "poetry.lock": "poetry export --output=requirements.txt",
    "pdm.lock": "pdm export --format=requirements --output=requirements.txt",
    "Pipfile.lock": "pipenv requirements --hash > requirements.txt",
}
ORDER = (UV_LOCK, PYLOCK, *EXPORTS, REQUIREMENTS, PYPROJECT)


def kind_of(file: str) -> str:
    """Return which of ORDER a file is read as, by its name.

    >>> kind_of("requirements/production.txt"), kind_of("pylock.api.toml")
    ('requirements.txt', 'pylock.toml')
    """
    name = file.rpartition("/")[2]
    if name in ORDER:
        return name
    return PYLOCK if re.fullmatch(r"pylock\.[^.]+\.toml", name) else REQUIREMENTS

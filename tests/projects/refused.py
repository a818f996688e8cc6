"""Applications that cannot be served as they are, each with what the run says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.projects.frameworks import FRAMEWORKS
from tests.projects.styles import NAME, POETRY_LOCK, STYLES
from tests.projects.table import laid_out

POETRY = f"""\
[tool.poetry]
name = "{NAME}"
[tool.poetry.dependencies]
python = "^3.11"
fastapi = "*"
"""
UNLOCKED = f"""\
[project]
name = "{NAME}"
requires-python = ">=3.11"
dependencies = ["itsdangerous"]
"""
DYNAMIC = f"""\
[project]
name = "{NAME}"
dynamic = ["version", "dependencies"]
"""


@dataclass(frozen=True)
class Refused:
    """An application that cannot be served as it is.

    Attributes:
        name: of its row, and of the application on a host.
        files: of its tree.
        text: in the message.
        entry: options of the application.
    """

    name: str
    files: Mapping[str, str]
    text: str
    entry: Mapping[str, Any] = field(default_factory=dict)


def without_lock(style: str) -> dict[str, str]:
    """Return the files of a style whose lock was forgotten."""
    files = laid_out(STYLES[style], FRAMEWORKS["plain"])
    return {path: text for path, text in files.items() if path != "uv.lock"}


REFUSED = (
    Refused(
        "poetry-lock",
        {"pyproject.toml": UNLOCKED, "poetry.lock": POETRY_LOCK},
        "has a poetry.lock, which is not read here. Run poetry export",
    ),
    Refused(
        "pdm-lock",
        {"pyproject.toml": UNLOCKED, "pdm.lock": '[metadata]\nlock_version = "4.5.0"\n'},
        "has a pdm.lock, which is not read here. Run pdm export",
    ),
    Refused(
        "pipfile-lock",
        {"Pipfile": "", "Pipfile.lock": "{}"},
        "has a Pipfile.lock, which is not read here. Run pipenv requirements",
    ),
    Refused("pipfile", {"Pipfile": "[packages]\n"}, "has a Pipfile, which is no lock: run pipenv lock"),
    Refused("poetry-classic", {"pyproject.toml": POETRY}, "has a pyproject.toml of poetry without a [project] table"),
    Refused(
        "setup-cfg",
        {"setup.cfg": "[options]\ninstall_requires = fastapi\n"},
        "has a setup.cfg: list its install_requires in a requirements.txt",
    ),
    Refused("conda", {"environment.yml": "dependencies: [fastapi]\n"}, "has an environment.yml of conda"),
    Refused(
        "several",
        {"requirements/production.txt": "fastapi\n"},
        "write which one to use, as in requirements: requirements/production.txt",
    ),
    Refused("nothing", {"main.py": "app = None\n"}, "holds no uv.lock, pylock.toml, requirements.txt or pyproject"),
    Refused(
        "unlocked-member",
        without_lock("uv-workspace"),
        f"takes {NAME} from [tool.uv.sources] of its pyproject.toml",
        {"subdirectory": "packages/api"},
    ),
    Refused("dynamic", {"pyproject.toml": DYNAMIC}, "has a pyproject.toml with dynamic dependencies"),
    Refused(
        "python-new",
        {"pyproject.toml": UNLOCKED.replace(">=3.11", ">=3.99")},
        "has requires-python '>=3.99'",
    ),
    Refused("python-pinned", {"requirements.txt": "", ".python-version": "3.8\n"}, "but .python-version of"),
    Refused(
        "extra-unknown",
        {"pyproject.toml": UNLOCKED},
        "extras: found 'web', which the pyproject.toml of",
        {"extras": ["web"]},
    ),
    Refused(
        "plain-transport",
        {"requirements.txt": "far @ git+http://git.example.com/far.git\n"},
        "names http://git.example.com/far.git, which is not protected on its way",
    ),
)

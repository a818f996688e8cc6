"""Styles of packaging: where an application has its code, and which file lists what it needs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

NAME = "greeter"  # of the distribution, the package and the single module
# What is replaced by the requirements of a framework: as a list of TOML, and as lines.
NEEDS, LINES = "{needs}", "{lines}"
PYTHON = 'requires-python = ">=3.11"\n'
PROJECT = f'[project]\nname = "{NAME}"\nversion = "1.0"\n{PYTHON}dependencies = {NEEDS}\n'
DYNAMIC = f'[project]\nname = "{NAME}"\ndynamic = ["version"]\n{PYTHON}dependencies = {NEEDS}\n'
SCRIPTS = f'[project.scripts]\n{NAME}-check = "{NAME}.check:main"\n'
CHECK = """\
from importlib.resources import files


def main():
    print(files(__package__).joinpath("words.txt").read_text(encoding="utf-8"))
"""
# Of the one requirement of the framework `plain`. Its index is no real one: exports name only versions and hashes.
WHEEL = "c6242fc49e35958c8b15141343aa660db5fc54d4f13a1db01a3f5891b98700ef"
SDIST = "e0050c0b7da1eea53ffaf149c0cfbb5c6e2e2b69c4bef22c81fa6eb73e5f6173"
FILES = "https://files.example.com/itsdangerous-2.2.0"
LOCKED = f"""\
[[package]]
name = "itsdangerous"
version = "2.2.0"
source = {{ registry = "https://pypi.example.com/simple" }}
sdist = {{ url = "{FILES}.tar.gz", hash = "sha256:{SDIST}", size = 54410 }}
wheels = [{{ url = "{FILES}-py3-none-any.whl", hash = "sha256:{WHEEL}", size = 16234 }}]
"""
UV_LOCK = f"""\
version = 1
revision = 3
requires-python = ">=3.11"

[[package]]
name = "{NAME}"
version = "1.0"
source = {{ SOURCE = "." }}
dependencies = [{{ name = "itsdangerous" }}]

[package.metadata]
requires-dist = [{{ name = "itsdangerous", specifier = "==2.2.0" }}]

{LOCKED}"""
WORKSPACE_LOCK = f"""\
version = 1
revision = 3
requires-python = ">=3.11"

[manifest]
members = ["api", "{NAME}", "top"]

[[package]]
name = "api"
version = "1.0"
source = {{ virtual = "packages/api" }}
dependencies = [{{ name = "{NAME}" }}]

[package.metadata]
requires-dist = [{{ name = "{NAME}", editable = "packages/{NAME}" }}]

[[package]]
name = "{NAME}"
version = "1.0"
source = {{ editable = "packages/{NAME}" }}
dependencies = [{{ name = "itsdangerous" }}]

[package.metadata]
requires-dist = [{{ name = "itsdangerous", specifier = "==2.2.0" }}]

{LOCKED}
[[package]]
name = "top"
version = "1.0"
source = {{ virtual = "." }}
"""
PYLOCK = f"""\
lock-version = "1.0"
created-by = "poetry-plugin-export"
requires-python = ">=3.11"

[[packages]]
name = "itsdangerous"
version = "2.2.0"
wheels = [{{ url = "{FILES}-py3-none-any.whl", size = 16234, hashes = {{ sha256 = "{WHEEL}" }} }}]
"""
POETRY_LOCK = f"""\
[[package]]
name = "itsdangerous"
version = "2.2.0"
optional = false
python-versions = ">=3.8"
groups = ["main"]
files = [{{file = "itsdangerous-2.2.0-py3-none-any.whl", hash = "sha256:{WHEEL}"}}]

[metadata]
lock-version = "2.1"
python-versions = ">=3.11"
"""


def build_system(backend: str, *requires: str) -> str:
    """Return the table of a pyproject.toml that says how a project is built."""
    return f"[build-system]\nrequires = {json.dumps(requires)}\nbuild-backend = {json.dumps(backend)}\n"


HATCHLING = build_system("hatchling.build", "hatchling")
SETUPTOOLS = build_system("setuptools.build_meta", "setuptools>=77")


@dataclass(frozen=True)
class Style:
    """A style of packaging.

    Attributes:
        files: all but the code.
        folder: of the code and its data, in the tree.
        module: the name by which it is imported.
        listed: the file that lists the requirements, as the host decides.
        entry: options of the application.
        installed: names of the packages of the repository that the release installs.
        locked: whether its files are for the framework `plain` only.
        git: whether it must come from a repository.
    """

    files: Mapping[str, str]
    listed: str
    folder: str = ""
    module: str = f"{NAME}.main"
    entry: Mapping[str, Any] = field(default_factory=dict)
    installed: Sequence[str] = ()
    locked: bool = False
    git: bool = False


TOP, SRC = NAME, f"src/{NAME}"
PACKAGED: dict[str, Any] = {"listed": "pyproject.toml", "folder": SRC, "installed": (".",)}
STYLES = {
    "requirements": Style({"requirements.txt": LINES}, "requirements.txt", module="main"),
    "requirements-included": Style(
        {"requirements.txt": "-r requirements/base.txt\n", "requirements/base.txt": LINES}, "requirements.txt", TOP
    ),
    "requirements-named": Style(
        {"requirements/production.txt": LINES, "requirements/dev.txt": "-r production.txt\nnot-there==1\n"},
        "requirements/production.txt",
        TOP,
        entry={"requirements": "requirements/production.txt"},
    ),
    "requirements-backend": Style(
        {"backend/requirements.txt": LINES, "README": "A web page, and its server in backend.\n"},
        "requirements.txt",
        "backend",
        "main",
        entry={"subdirectory": "backend"},
    ),
    "setup-py": Style(
        {
            "requirements.txt": LINES,
            "setup.py": f"from setuptools import setup\n\nsetup(name={NAME!r}, packages=[{NAME!r}])\n",
        },
        "requirements.txt",
        TOP,
    ),
    "pyproject": Style({"pyproject.toml": PROJECT}, "pyproject.toml", TOP),
    "pyproject-src": Style({"pyproject.toml": PROJECT}, "pyproject.toml", SRC, entry={"env": {"PYTHONPATH": "src"}}),
    "pyproject-extra": Style(
        {
            "pyproject.toml": f'[project]\nname = "{NAME}"\nversion = "1.0"\n{PYTHON}dependencies = []\n'
            f"[project.optional-dependencies]\nweb = {NEEDS}\n"
        },
        "pyproject.toml",
        TOP,
        entry={"extras": ["web"]},
    ),
    "pyproject-group": Style(
        {
            "pyproject.toml": f'[project]\nname = "{NAME}"\nversion = "1.0"\n{PYTHON}dependencies = []\n'
            f'[dependency-groups]\nprod = [{{include-group = "web"}}]\nweb = {NEEDS}\n'
        },
        "pyproject.toml",
        TOP,
        entry={"dependency_groups": ["prod"]},
    ),
    "hatchling": Style(
        {"pyproject.toml": PROJECT + SCRIPTS + HATCHLING, f"{SRC}/check.py": CHECK},
        **PACKAGED,
        entry={"release_command": f"{NAME}-check"},
    ),
    "setuptools": Style(
        {"pyproject.toml": f'{PROJECT}{SETUPTOOLS}[tool.setuptools.package-data]\n{NAME} = ["*.txt"]\n'}, **PACKAGED
    ),
    "setuptools-module": Style(
        {"pyproject.toml": f'{PROJECT}{SETUPTOOLS}[tool.setuptools]\npy-modules = ["{NAME}"]\n'},
        "pyproject.toml",
        module=NAME,
        installed=(".",),
    ),
    "flit": Style(
        {
            "pyproject.toml": f'[project]\nname = "{NAME}"\ndynamic = ["version", "description"]\n{PYTHON}'
            f"dependencies = {NEEDS}\n" + build_system("flit_core.buildapi", "flit_core>=3.11"),
            f"{SRC}/__init__.py": '"""Greets."""\n\n__version__ = "1.0"\n',
        },
        **PACKAGED,
    ),
    "pdm-backend": Style({"pyproject.toml": PROJECT + build_system("pdm.backend", "pdm-backend")}, **PACKAGED),
    "uv-build": Style({"pyproject.toml": PROJECT + build_system("uv_build", "uv_build>=0.9")}, **PACKAGED),
    "hatch-vcs": Style(
        {
            "pyproject.toml": DYNAMIC
            + build_system("hatchling.build", "hatchling", "hatch-vcs")
            + '[tool.hatch.version]\nsource = "vcs"\n'
        },
        **PACKAGED,
        git=True,
    ),
    "setuptools-scm": Style(
        {
            "pyproject.toml": DYNAMIC
            + build_system("setuptools.build_meta", "setuptools>=77", "setuptools-scm>=8")
            + f'[tool.setuptools_scm]\n[tool.setuptools.package-data]\n{NAME} = ["*.txt"]\n'
        },
        **PACKAGED,
        git=True,
    ),
    "poetry-pylock": Style(
        {
            "pyproject.toml": PROJECT + build_system("poetry.core.masonry.api", "poetry-core>=2"),
            "poetry.lock": POETRY_LOCK,
            "pylock.toml": PYLOCK,
        },
        "pylock.toml",
        SRC,
        installed=(".",),
        locked=True,
    ),
    "pylock": Style({"pylock.toml": PYLOCK}, "pylock.toml", module="main", locked=True),
    "uv": Style(
        {"pyproject.toml": PROJECT, "uv.lock": UV_LOCK.replace("SOURCE", "virtual")}, "uv.lock", TOP, locked=True
    ),
    "uv-packaged": Style(
        {"pyproject.toml": PROJECT + HATCHLING, "uv.lock": UV_LOCK.replace("SOURCE", "editable")},
        "uv.lock",
        SRC,
        installed=(".",),
        locked=True,
    ),
    "uv-workspace": Style(
        {
            "pyproject.toml": f'[project]\nname = "top"\nversion = "1.0"\n{PYTHON}'
            '[tool.uv.workspace]\nmembers = ["packages/*"]\n',
            "uv.lock": WORKSPACE_LOCK,
            f"packages/{NAME}/pyproject.toml": PROJECT + HATCHLING,
            "packages/api/pyproject.toml": f'[project]\nname = "api"\nversion = "1.0"\n{PYTHON}'
            f'dependencies = ["{NAME}"]\n[tool.uv.sources]\n{NAME} = {{workspace = true}}\n',
            "packages/api/README.md": "Only what starts it.\n",
        },
        "uv.lock",
        f"packages/{NAME}/src/{NAME}",
        entry={"subdirectory": "packages/api"},
        installed=(f"../{NAME}",),
        locked=True,
    ),
}

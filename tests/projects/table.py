"""The rows: an application in a style of packaging, of a framework, under a server, with or without a build step."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import md5, sha256
from typing import Any, Literal

from tests.projects.frameworks import BEGINNING, FRAMEWORKS, GREETING, Framework
from tests.projects.styles import LINES, NEEDS, STYLES, Style

GUNICORN, GUNICORN_ASGI, UVICORN, GUNICORN_WSGI = "gunicorn", "gunicorn-asgi", "uvicorn", "gunicorn-wsgi"
Build = Literal["none", "script", "collectstatic"]
Source = Literal["git", "archive", "directory", "package"]
ASSET = "console.log('hello')\n"
# Does what a bundler of JavaScript does: writes files with a digest in their names, from those of a folder.
BUILD_SCRIPT = """\
import hashlib
import importlib.metadata
import pathlib

target = pathlib.Path("public/static")
target.mkdir(parents=True, exist_ok=True)
for source in pathlib.Path("assets").iterdir():
    content = source.read_bytes()
    digest = hashlib.sha256(content).hexdigest()[:16]
    (target / f"{source.stem}.{digest}{source.suffix}").write_bytes(content)
print(sorted(found.name for found in importlib.metadata.distributions()))  # those of the release are there
"""
MANAGE = """\
import sys

from {module} import app
from django.core.management import execute_from_command_line

if app:
    execute_from_command_line(sys.argv)
"""
BUILDS: dict[Build, tuple[list[str], str]] = {
    "none": ([], ""),
    "script": (["python build.py"], f"/static/app.{sha256(ASSET.encode()).hexdigest()[:16]}.js"),
    "collectstatic": (
        ["python manage.py collectstatic --noinput"],
        f"/static/app.{md5(ASSET.encode(), usedforsecurity=False).hexdigest()[:12]}.js",
    ),
}


@dataclass(frozen=True)
class Project:
    """An application that serves.

    Attributes:
        name: of its row, and of the application on a host.
        style: the name of its style of packaging.
        framework: the name of its framework.
        server: that serves it.
        build: what makes its assets.
        source: where it comes from.
        worst: whether it is among those of `make test`.
    """

    name: str
    style: str
    framework: str = "plain"
    server: str = GUNICORN
    build: Build = "none"
    source: Source = "git"
    worst: bool = False

    def files(self) -> dict[str, str]:
        """Return the files of its tree, by path."""
        style, framework = STYLES[self.style], FRAMEWORKS[self.framework]
        return {**laid_out(style, framework), **self._build_files(style)}

    def _build_files(self, style: Style) -> dict[str, str]:
        if self.build == "none":
            return {}
        top = f"{folder}/" if (folder := style.entry.get("subdirectory")) else ""
        script = {"build.py": BUILD_SCRIPT} if self.build == "script" else {"manage.py": MANAGE}
        files = {**script, "assets/app.js": ASSET}
        return {f"{top}{path}": text.replace("{module}", style.module) for path, text in files.items()}

    def entry(self) -> dict[str, Any]:
        """Return its options, but for those of its source and its domain."""
        style = STYLES[self.style]
        commands = BUILDS[self.build][0]
        # A build has variables of its own.
        build = {"commands": commands, "env": style.entry["env"]} if "env" in style.entry else commands
        built = {"build": build, "static": {"/static/": "public/static"}} if commands else {}
        return {
            "name": self.name,
            "module": f"{style.module}:app",
            "server": self.server,
            "workers": "1",
            "watch": {"seconds": 0},
            **style.entry,
            **built,
        }

    def answers(self) -> dict[str, str]:
        """Return what visitors get, by path."""
        asset = BUILDS[self.build][1]
        return {"/": GREETING, **({asset: ASSET.strip()} if asset else {})}


def laid_out(style: Style, framework: Framework) -> dict[str, str]:
    """Return the files of a style with the code and the requirements of a framework."""
    needs = "[" + ", ".join(f'"{line}"' for line in framework.needs) + "]"
    lines = "".join(f"{line}\n" for line in framework.needs)
    code = f"{BEGINNING}{framework.code}"
    files = {path: text.replace(NEEDS, needs).replace(LINES, lines) for path, text in style.files.items()}
    folder = f"{style.folder}/" if style.folder else ""
    if "." in style.module:
        files.setdefault(f"{folder}__init__.py", "")
    module = style.module.rpartition(".")[2]
    return {**files, f"{folder}{module}.py": code, f"{folder}words.txt": f"{GREETING}\n"}


PROJECTS = (
    Project("flat", "requirements", "fastapi", GUNICORN),
    Project("flat-built", "requirements", "starlette", UVICORN, "script", "directory"),
    Project("included", "requirements-included", "django", GUNICORN, "collectstatic"),
    Project("named", "requirements-named", "flask", GUNICORN_WSGI, "script", "archive", worst=True),
    Project("backend", "requirements-backend", "fastapi", GUNICORN_ASGI, "script"),
    Project("setup-py", "setup-py", "django-wsgi", GUNICORN_WSGI, "collectstatic"),
    Project("pyproject", "pyproject", "litestar", UVICORN, source="directory"),
    Project("pyproject-src", "pyproject-src", "django", GUNICORN_ASGI, "collectstatic", worst=True),
    Project("extra", "pyproject-extra", "quart", GUNICORN, source="archive"),
    Project("group", "pyproject-group", "falcon", GUNICORN_ASGI, source="archive"),
    Project("hatchling", "hatchling", "flask-asgiref", GUNICORN_ASGI, "script", worst=True),
    Project("setuptools", "setuptools", "flask-a2wsgi", UVICORN, source="directory"),
    Project("module", "setuptools-module", "flask-a2wsgi", GUNICORN, "script"),
    Project("flit", "flit", "flask-asgiref", GUNICORN),
    Project("pdm-backend", "pdm-backend", "flask", GUNICORN_WSGI),
    Project("uv-build", "uv-build", "quart", UVICORN),
    Project("hatch-vcs", "hatch-vcs", "django-wsgi", GUNICORN_WSGI, "collectstatic", worst=True),
    Project("setuptools-scm", "setuptools-scm", "starlette", GUNICORN),
    Project("poetry", "poetry-pylock", server=GUNICORN_ASGI, worst=True),
    Project("pylock", "pylock", server=UVICORN, source="archive"),
    Project("uv", "uv", server=GUNICORN, build="script"),
    Project("uv-packaged", "uv-packaged", server=GUNICORN, source="directory"),
    Project("uv-workspace", "uv-workspace", server=UVICORN, build="script", worst=True),
)

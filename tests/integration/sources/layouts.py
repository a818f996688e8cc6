"""An application that writes which copy of its code runs, laid out and built in each way."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

WHERE = '''\
"""Writes which copies of modules a program has imported, and what it sees next to them."""

import importlib
import importlib.metadata
import json
import os
import signal
import sys
from pathlib import Path

MODULES = json.loads((Path(__file__).parent / "modules.json").read_text())


def read(path):
    return path.read_text() if path.exists() else None


def note(how):
    here = Path(__file__).parent
    seen = {
        "how": how,
        "files": [importlib.import_module(name).__file__ for name in MODULES],
        "written": read(here / "written.txt"),
        "stored": os.path.realpath(here / "stored"),
        "next to it": read(Path("alembic.ini")),
        "version": importlib.metadata.version("shop"),
        "plugin": [point.load().__file__ for point in importlib.metadata.entry_points(group="shop.plugins")],
    }
    file = Path("built.json") if how == "build" else Path.home() / f"{os.environ['ASGI_RELEASE']}.{how}.json"
    file.with_suffix(".part").write_text(f"{json.dumps(seen)}{os.linesep}")
    file.with_suffix(".part").rename(file)


def main():
    note(sys.argv[1])
    if sys.argv[1] == "process":
        signal.pause()


async def app(scope, receive, send):
    if scope["type"] == "http":
        note("server")
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})


if __name__ == "__main__":
    main()
'''
PROJECT = """\
[project]
name = "shop"
version = "1.4.2"
requires-python = ">=3.11"
dependencies = [{needs}]

[project.scripts]
where = "shop.where:main"

[project.entry-points."shop.plugins"]
bell = "shop.bell"
"""
HATCH = '\n[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n'
SETUPTOOLS = '\n[build-system]\nrequires = ["setuptools"]\nbuild-backend = "setuptools.build_meta"\n'
# Its build makes a module that the source does not have, and rewrites one that it has.
GENERATES = """\
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py


class Generating(build_py):
    def run(self):
        super().run()
        Path(self.build_lib, "shop", "generated.py").write_text("")
        Path(self.build_lib, "shop", "bell.py").write_text("BUILT = True\\n")


setup(cmdclass={"build_py": Generating})
"""
COMMON = '[project]\nname = "shop-common"\nversion = "1.0"\nrequires-python = ">=3.11"\n' + HATCH
COMMON += '\n[tool.hatch.build.targets.wheel]\npackages = ["shop_common"]\n'
WORKSPACE = '[tool.uv.workspace]\nmembers = ["packages/*"]\n'
MEMBER = "\n[tool.uv.sources]\nshop-common = {workspace = true}\n"


@dataclass(frozen=True)
class Layout:
    """A way to lay out and to build an application.

    Attributes:
        folder: of the application, in the repository.
        package: the folder of its package, in its own folder.
        project: the text of its pyproject.toml.
        modules: those that it imports.
        others: further files of the repository.
        server: what serves it.
    """

    folder: str
    package: str
    project: str
    modules: tuple[str, ...] = ()
    others: tuple[tuple[str, str], ...] = ()
    server: str = "gunicorn"

    def files(self) -> dict[str, str]:
        """Return the texts of the repository's files, by path."""
        package = f"{self.folder}/{self.package}/"
        modules = ["shop.where", "shop.bell", *self.modules]
        return {
            f"{self.folder}/pyproject.toml": self.project,
            f"{self.folder}/alembic.ini": "of the repository",
            f"{package}__init__.py": "",
            f"{package}bell.py": "",
            f"{package}where.py": WHERE,
            f"{package}modules.json": json.dumps(modules),
            **dict(self.others),
        }

    def expected(self, top: str, number: int) -> list[str]:
        """Return the paths of its modules, the first of them or all, on a host with the repository at `top`."""
        names = ["shop/where", "shop/bell", *(name.replace(".", "/") for name in self.modules)][:number]
        inner = self.package.removesuffix("shop").strip("/")
        return [str(Path(top, self.folder, inner, f"{name}.py")) for name in names]


NO_NEEDS = PROJECT.format(needs="")
LAYOUTS = {
    "flat, not built": Layout(".", "shop", NO_NEEDS),
    "src, not built": Layout(".", "src/shop", NO_NEEDS, server="uvicorn"),
    "src, built": Layout(".", "src/shop", NO_NEEDS + HATCH),
    "in a subdirectory, built": Layout("backend", "shop", NO_NEEDS + HATCH, server="uvicorn"),
    "with generated modules": Layout(
        ".",
        "src/shop",
        f'{NO_NEEDS}{SETUPTOOLS}\n[tool.setuptools.package-data]\nshop = ["modules.json"]\n',
        ("shop.generated",),
        (("setup.py", GENERATES),),
    ),
    "member of a workspace": Layout(
        "packages/api",
        "src/shop",
        PROJECT.format(needs='"shop-common"') + HATCH + MEMBER,
        others=(
            ("pyproject.toml", WORKSPACE),
            ("packages/common/pyproject.toml", COMMON),
            ("packages/common/shop_common/__init__.py", ""),
        ),
        server="uvicorn",
    ),
}


def write(layout: Layout, folder: Path) -> None:
    """Write the repository of a layout into a folder, whose former files are removed."""
    shutil.rmtree(folder, ignore_errors=True)
    for path, text in layout.files().items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    if layout.folder.startswith("packages"):
        subprocess.run([str(Path(sys.executable).with_name("uv")), "lock", "--quiet"], cwd=folder, check=True)

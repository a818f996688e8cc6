"""The contracts of import-linter: each is kept by the code, and broken by an import that it forbids."""

from __future__ import annotations

import configparser
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests import ROOT

PLUGINS = "ansible_collections.asgi.deploy.plugins"
CONFIGURATION = ROOT / ".importlinter"
# For each contract a module, and an import in it that the contract forbids.
FORBIDDEN = {
    "plugins": ("module_utils/_module.py", f"from {PLUGINS}.plugin_utils._common import messages"),
    "host": ("module_utils/_host/system/locks.py", f"from {PLUGINS}.module_utils._host.release import store"),
    # By way of another module: what is sent to a host is all that it imports.
    "bare": ("module_utils/_shared/errors.py", f"from {PLUGINS}.module_utils import _module"),
    "both": ("module_utils/_shared/identity.py", f"from {PLUGINS}.module_utils._host.system import locks"),
    "controller": ("plugin_utils/_common/tables.py", f"from {PLUGINS}.plugin_utils._survey import fleet"),
    "shared": ("plugin_utils/_nginx/files.py", f"from {PLUGINS}.module_utils._host.web import nginx"),
}


def contracts() -> dict[str, str]:
    """Return the names of the contracts, by their identifiers."""
    parser = configparser.ConfigParser()
    parser.read(CONFIGURATION)
    prefix = "importlinter:contract:"
    return {name.removeprefix(prefix): parser[name]["name"] for name in parser.sections() if name.startswith(prefix)}


def lint(folder: Path) -> dict[str, bool]:
    """Return for each contract, by its name, whether the plugins in a folder keep it."""
    program = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(
        [program, "--no-cache", "--no-logo", CONFIGURATION],
        env={**os.environ, "PYTHONPATH": str(folder), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )
    result = re.findall(r"^(.+) (KEPT|BROKEN)\b", done.stdout, re.MULTILINE)
    assert result, f"{done.stdout}{done.stderr}"
    return {name: verdict == "KEPT" for name, verdict in result}


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Copy the plugins to where they can be spoilt; return that folder."""
    plugins = tmp_path.joinpath(*PLUGINS.split("."))
    shutil.copytree(ROOT / "plugins", plugins, ignore=shutil.ignore_patterns("__pycache__"))
    return plugins


def test_the_code_keeps_all_contracts(copy: Path, tmp_path: Path) -> None:
    assert lint(tmp_path) == dict.fromkeys(contracts().values(), True)


@pytest.mark.parametrize("contract", FORBIDDEN)
def test_a_forbidden_import_breaks_its_contract(contract: str, copy: Path, tmp_path: Path) -> None:
    path, statement = FORBIDDEN[contract]
    with (copy / path).open("a", encoding="utf-8") as file:
        file.write(f"\n{statement}\n")
    assert lint(tmp_path)[contracts()[contract]] is False


def test_a_folder_that_no_layer_names_breaks_a_contract(copy: Path, tmp_path: Path) -> None:
    folder = copy / "plugin_utils" / "_motd"
    folder.mkdir()
    (folder / "role.py").write_text("", encoding="utf-8")
    assert lint(tmp_path)[contracts()["controller"]] is False


def test_every_contract_is_seen_broken() -> None:
    assert set(contracts()) == set(FORBIDDEN)

"""The code of the collection, as files of a host."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.asgi.deploy.plugins.module_utils._host.system.managed_files import apply_all, differences
from ansible_collections.asgi.deploy.plugins.module_utils._host.system.own_code import code_files, no_files
from ansible_collections.asgi.deploy.plugins.module_utils._shared.errors import DeployError

from tests import ROOT

PLACE = "ansible_collections/asgi/deploy/plugins/module_utils"
NAMES = ["_host.system.own_code", "_shared.errors"]


def test_the_files_are_those_of_the_collection_and_no_others(tmp_path: Path) -> None:
    folder = tmp_path / "lib"
    old = folder / PLACE / "_host" / "old.py"
    old.parent.mkdir(parents=True)
    old.touch()
    apply_all([file for file, _difference in differences(code_files(folder, NAMES))], lambda: None)
    assert not differences(code_files(folder, NAMES))
    files = {str(path.relative_to(folder / PLACE)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert files == {
        f"{name.replace('.', '/')}.py": (
            ROOT / "plugins" / "module_utils" / f"{name.replace('.', '/')}.py"
        ).read_bytes()
        for name in NAMES
    }


def test_what_was_not_sent_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DeployError, match=r"the code of _host\.system\.nothing cannot be read"):
        code_files(tmp_path, ["_host.system.nothing"])


def test_a_folder_goes_with_everything_below_it_and_nothing_else(tmp_path: Path) -> None:
    folder, kept = tmp_path / "lib", tmp_path / "kept"
    kept.mkdir()
    (kept / "file").touch()
    apply_all([file for file, _difference in differences(code_files(folder, NAMES))], lambda: None)
    (folder / "link").symlink_to(kept)
    (folder / "stray").touch()
    gone = differences(no_files(folder))
    apply_all([file for file, _difference in gone], lambda: None)
    assert gone and not folder.exists() and (kept / "file").exists()
    assert no_files(folder) == []

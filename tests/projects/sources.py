"""The sources of the table's applications: a repository of a lab, an archive or a folder of the controller."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.lab import Lab

TAG = "v1.0"


def write(folder: Path, files: Mapping[str, str]) -> Path:
    """Write a tree into a folder, in the place of what is there; return the folder."""
    shutil.rmtree(folder, ignore_errors=True)
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def published(lab: Lab, folder: Path, name: str, files: Mapping[str, str], kind: str = "git") -> dict[str, Any]:
    """Return the options of a source, which holds these files.

    Args:
        lab: has the repository.
        folder: on the controller, for trees and archives.
        name: of the application.
        files: of its tree.
        kind: git, archive or directory.
    """
    tree = write(folder / name, files)
    if kind == "directory":
        return {"directory": str(tree)}
    if kind == "archive":
        return {"archive": {"path": shutil.make_archive(str(tree), "gztar", tree)}}
    repository = lab.repository(f"project-{name}", folder / f"{name}.git")
    repository.create(tree)
    repository.commit(TAG)
    return {"git": repository.url, "version": TAG}

"""What ansible-builder makes of the example's execution environment; the image itself takes a container engine."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import yaml

from tests import ROOT

DEFINITION = ROOT / "examples" / "execution-environment.yml"


def builder(*arguments: str) -> None:
    done = subprocess.run(
        [str(Path(sys.executable).with_name("ansible-builder")), *arguments],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_build_context_has_the_collection_and_what_runs_it(tmp_path: Path) -> None:
    builder("create", f"--file={DEFINITION}", f"--context={tmp_path}", "--output-filename=Containerfile")
    recipe = (tmp_path / "Containerfile").read_text(encoding="utf-8")
    definition = yaml.safe_load(DEFINITION.read_text(encoding="utf-8"))
    assert f'EE_BASE_IMAGE="{definition["images"]["base_image"]["name"]}"' in recipe
    assert f'"{definition["dependencies"]["ansible_core"]["package_pip"]} ansible-runner"' in recipe
    assert "-r requirements.yml" in recipe
    required = yaml.safe_load((tmp_path / "_build" / "requirements.yml").read_text(encoding="utf-8"))
    assert required == {"collections": [{"name": "asgi.deploy"}]}


def test_the_collection_brings_the_names_of_the_packages_it_needs(tmp_path: Path) -> None:
    """As the build asks each installed collection for them; of Python's, none."""
    system, python = tmp_path / "bindep.txt", tmp_path / "requirements.txt"
    builder("introspect", f"--write-bindep={system}", f"--write-pip={python}", str(ROOT / ".venv" / "collections"))
    needed = {line.partition("  #")[0] for line in system.read_text(encoding="utf-8").splitlines()}
    assert needed == {
        "git-core [platform:rpm]",
        "openssh-clients [platform:rpm]",
        "git [platform:dpkg]",
        "openssh-client [platform:dpkg]",
    }
    assert not python.exists()

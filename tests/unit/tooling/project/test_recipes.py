"""The recipes of CONTRIBUTING.md, followed as they stand there, and what they make."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.lab import LabError
from tests.project import recipes

TEXT = recipes.PAGE.read_text(encoding="utf-8")
ROLE, SYSTEM = (recipes.section(title, TEXT) for title in ("A role", "A system"))
PLAY = [{"hosts": "localhost", "gather_facts": False, "roles": [{"role": "asgi.deploy.motd"}]}]
# What the controller decides for a host with the system that the recipe adds.
DECIDE = """
import json
from ansible.plugins.loader import init_plugin_loader
init_plugin_loader([])
from ansible_collections.asgi.deploy.plugins.plugin_utils._app.plan import app_plan
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.platforms import platform_of
facts = {"distribution": "Debian", "distribution_major_version": "n/a", "distribution_release": "duke"}
facts |= {"memtotal_mb": 4096, "processor_nproc": 2, "processor_vcpus": 2}
app = {"name": "shop", "git": "https://git.example.com/shop.git", "module": "shop:app", "domains": ["a.example"]}
print(json.dumps({"system": str(platform_of(facts)), "packages": app_plan(app, facts)["packages"]}))
"""


def environment(collection: Path) -> dict[str, str]:
    """Return the environment of programs that find the collection."""
    paths = str(collection.parents[2])
    plain = {"ANSIBLE_COLLECTIONS_PATH": paths, "ANSIBLE_NOCOLOR": "true", "ANSIBLE_JINJA2_NATIVE": "true"}
    return {**os.environ, **plain, "ANSIBLE_LOCALHOST_WARNING": "false", "PYTHONPATH": paths}


def apply_role(collection: Path, **variables: Any) -> subprocess.CompletedProcess[str]:
    """Run the role of the recipe in check mode against this machine, of which nothing changes."""
    play = collection.parents[2] / "play.yml"
    play.write_text(json.dumps(PLAY), encoding="utf-8")
    argv = [str(Path(sys.executable).with_name("ansible-playbook")), "--check", "--diff", "--connection=local"]
    argv += [f"--extra-vars={json.dumps({'ansible_python_interpreter': sys.executable, **variables})}", str(play)]
    return subprocess.run(argv, env=environment(collection), capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def with_role(tmp_path_factory: pytest.TempPathFactory) -> Path:
    collection = recipes.copy(tmp_path_factory.mktemp("role"))
    recipes.follow(ROLE, collection)
    return collection


def test_the_role_of_the_recipe_runs(with_role: Path) -> None:
    done = apply_role(with_role, motd_text="Welcome")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "+++ after: /etc/motd" in done.stdout and "+Welcome" in done.stdout


def test_its_rule_refuses_a_wrong_value(with_role: Path) -> None:
    done = apply_role(with_role, motd_text="a\nb")
    assert done.returncode != 0
    assert "motd_text: found 'a\\nb', expected one line, as in motd_text: Welcome" in json.loads(
        json.dumps(done.stdout.replace("\\\\n", "\\n"))
    )


def layers(collection: Path) -> subprocess.CompletedProcess[str]:
    """Check the contracts of the layers in a copy."""
    argv = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache", "--no-logo"]
    return subprocess.run(
        argv, cwd=collection, env=environment(collection), capture_output=True, text=True, check=False
    )


def test_its_layer_is_kept(with_role: Path) -> None:
    done = layers(with_role)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("typo", ["desired_state=", "__motd_survey", "_motd | "])
def test_a_typo_in_the_role_is_seen(typo: str, tmp_path: Path) -> None:
    collection = recipes.copy(tmp_path)
    spoilt = ROLE.replace(typo, f"x{typo}", 1)
    assert spoilt != ROLE
    recipes.follow(spoilt, collection)
    assert layers(collection).returncode or apply_role(collection, motd_text="Welcome").returncode


def decide(collection: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", DECIDE], env=environment(collection), capture_output=True, text=True, check=False
    )


def test_the_system_of_the_recipe_is_served(tmp_path: Path) -> None:
    collection = recipes.copy(tmp_path)
    recipes.follow(SYSTEM, collection)
    done = decide(collection)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"system": "Debian 15", "packages": ["python3-venv", "git", "nftables"]}


@pytest.mark.parametrize(("typo", "says"), [("glibc=(", "xglibc"), ('codename="duke"', "xcodename")])
def test_a_typo_in_the_system_is_seen(typo: str, says: str, tmp_path: Path) -> None:
    collection = recipes.copy(tmp_path)
    recipes.follow(SYSTEM.replace(typo, f"x{typo}", 1), collection)
    done = decide(collection)
    assert done.returncode and says in done.stderr


def test_a_change_that_does_not_apply_is_refused(tmp_path: Path) -> None:
    collection = recipes.copy(tmp_path)
    with pytest.raises(LabError, match="a change of the recipe does not apply: error: "):
        recipes.follow(ROLE.replace(" ROLE as HARDENING", " ROLE as HARDENED", 1), collection)


def test_a_section_that_is_missing_is_refused() -> None:
    with pytest.raises(LabError, match="found no section 'A planet', expected one, as in ### A planet"):
        recipes.section("A planet", TEXT)

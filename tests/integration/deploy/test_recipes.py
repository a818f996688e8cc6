"""The role that the recipe of CONTRIBUTING.md makes, on a host."""

from __future__ import annotations

import json
import time
from pathlib import Path

from tests.integration.conftest import web
from tests.integration.hosts import playbook
from tests.project import recipes


def test_the_role_of_the_recipe_is_part_of_every_run(tmp_path: Path) -> None:
    """It is registered by its line in the list of roles: no playbook names it."""
    recipes.follow(recipes.section("A role", recipes.PAGE.read_text(encoding="utf-8")), recipes.copy(tmp_path))
    host = web("web1").host
    text = f"Welcome, it is {time.time_ns()}"
    options = f"--extra-vars={json.dumps({'motd_text': text})}"
    run = playbook(options, f"--limit={host.name}", ANSIBLE_COLLECTIONS_PATH=str(tmp_path)).ok()
    assert "TASK [asgi.deploy.motd : Write the message]" in run.output
    assert host.run("cat /etc/motd").stdout == f"{text}\n", run.output
    again = playbook(options, f"--limit={host.name}", ANSIBLE_COLLECTIONS_PATH=str(tmp_path)).ok()
    assert again.counts(host.name)["changed"] == 0, again.output

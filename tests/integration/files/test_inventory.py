"""What is wrong with these options ends the run before any host is touched."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.hosts import HOSTS
from tests.integration.refused import INVENTORY, refusal

FOLDER = HOSTS.parent / "files" / "controller"

SINGLE = {
    f"env_file: {FOLDER}/wrong.env": "wrong.env, line 2: expected KEY=value",
    "files: {a: {src: none}}": "files: found 'none', which is no file on the controller",
    "storage: [/var/media]": "storage: found '/var/media', expected a path inside the release's tree",
    "static: {/static: public}": "static: found '/static', expected the beginning of URLs with a slash at both ends",
    "limits: {cpu: none}": "limits.cpu: found 'none', expected a number",
}
TOGETHER = {
    "env: {WORKERS: many}": "env: WORKERS wins over workers; found 'many', expected a number from 1 to 1024",
    "storage: [media]": "static: the folder media of /media/ meets media, which is storage; nginx serves nothing that",
    "static: {/media/: media}": "",
    "files: {media/a.txt: {content: a}}": "files: media/a.txt lies in media, which is storage and belongs to the app",
}
DATABASE = {
    "database: {connections: 10, per_worker: 6}": "database.connections: found 10, which is too few for even one"
}
MISSING = {"env_file: none.env": "env_file: found 'none.env', which is no file on the controller"}
LOCKED = {f"env_file: {FOLDER}/shop.env": "shop.env', which cannot be read: "}


@pytest.mark.parametrize("options", [SINGLE, TOGETHER, DATABASE, MISSING, LOCKED], ids=lambda value: None)
def test_says_what_is_wrong(tmp_path: Path, options: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ANSIBLE_VAULT_PASSWORD_FILE", raising=False)  # which the scenario's own inventory needs
    output = refusal(tmp_path, INVENTORY + "".join(f"        {option}\n" for option in options))
    assert [message for message in options.values() if message not in output] == [], output

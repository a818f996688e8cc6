"""Two lines of the audit trail for each attempt, whatever becomes of its run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.store import Store
from ansible_collections.asgi.deploy.plugins.module_utils._host.system.processes import identity
from ansible_collections.asgi.deploy.plugins.module_utils._shared.application_state import Attempt, CommandRun
from ansible_collections.asgi.deploy.plugins.module_utils._shared.errors import DeployError
from ansible_collections.asgi.deploy.plugins.module_utils._shared.layout import Layout


@pytest.fixture(name="store")
def an_application(tmp_path: Path) -> Store:
    store = Store(Layout("shop", PurePosixPath(tmp_path)))
    Path(store.layout.home).mkdir()
    return store


def lines(store: Store) -> list[dict[str, Any]]:
    return [json.loads(line) for line in Path(store.layout.audit).read_text(encoding="utf-8").splitlines() if line]


def put_live(store: Store, release: str, *states: str) -> None:
    store.path(release).mkdir(parents=True)
    record = {"states": dict.fromkeys(["prepared", *states], 1.0)}
    (store.path(release) / "release.json").write_text(json.dumps(record), encoding="utf-8")
    store.switch(release)


def killed(store: Store, code: str) -> None:
    """Run a program that begins an attempt, and is killed in it."""
    begin = (
        "import os, signal\nfrom pathlib import PurePosixPath\n"
        "from ansible_collections.asgi.deploy.plugins.module_utils._host.release.store import Store\n"
        "from ansible_collections.asgi.deploy.plugins.module_utils._shared.layout import Layout\n"
        f"store = Store(Layout('shop', PurePosixPath({str(store.layout.home.parent)!r})))\n"
    )
    end = "    os.kill(os.getpid(), signal.SIGKILL)\n"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", f"{begin}{code}:\n{end}"], env=environment, check=False)
    assert done.returncode == -9


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (None, {"result": "paused"}),
        (DeployError("its gate", "a log"), {"result": "failed", "reason": "its gate"}),
        (OSError("no space left"), {"result": "failed", "reason": "no space left"}),
        (KeyboardInterrupt(), {"result": "ended"}),
    ],
)
def test_the_second_line_says_how_it_ended(store: Store, error: BaseException | None, line: Attempt) -> None:
    with (
        suppress(DeployError, OSError, KeyboardInterrupt),
        store.audited({"by": "ops", "pause": "v1"}, "paused") as entry,
    ):
        entry["status"] = 1
        if error:
            raise error
    first, second = lines(store)
    assert first.pop("process") == identity(os.getpid())
    assert first == {"by": "ops", "pause": "v1", "id": second["id"], "started": second["started"]}
    assert second.pop("id") and second.pop("started") <= second.pop("ended")
    assert second == {"by": "ops", "pause": "v1", "status": 1, **line}
    assert Path(store.layout.audit).stat().st_mode & 0o777 == 0o600


def test_commands_of_a_release_are_recorded_as_they_begin_and_end(store: Store) -> None:
    """A run that is killed in one leaves it without an end, and readers see all of them in one attempt."""
    migrated: CommandRun = {"command": "migrate", "started": 1.0, "ended": 2.0, "result": "ended well"}
    with store.audited({"by": "ops", "from": None, "to": "v1"}) as entry:
        store.trail.add_commands([{"command": "migrate", "started": 1.0}])
        store.trail.add_commands([migrated])
        entry["serves"] = "v1"
    began, begun, ended, last = lines(store)
    assert began["id"] == begun["id"] == ended["id"] == last["id"]
    assert begun == {"id": began["id"], "commands": [{"command": "migrate", "started": 1.0}]}
    assert ended["commands"] == last["commands"] == [migrated]
    killed(
        store,
        "from contextlib import nullcontext\nwith store.audited({'by': 'ops', 'from': None, 'to': 'v2'}), "
        "nullcontext(store.trail.add_commands([{'command': 'seed', 'started': 3.0}]))",
    )
    assert [attempt.get("commands") for attempt in store.trail.past()] == [
        [migrated],
        [{"command": "seed", "started": 3.0}],
    ]
    assert store.trail.past()[-1]["result"] == "ended"


def test_a_block_names_its_result(store: Store) -> None:
    with store.audited({"by": "ops", "exec": "ls"}) as entry:
        entry |= {"result": "ended well", "status": 0}
    assert [(item["result"], item["status"]) for item in store.trail.past()] == [("ended well", 0)]


def test_readers_show_one_that_goes_on(store: Store) -> None:
    with store.audited({"by": "ops", "restart": "v1"}):
        (shown,) = store.trail.past()
    assert (shown["result"], shown["ended"], shown["restart"]) == ("running", None, "v1")
    assert "process" not in shown
    assert len(lines(store)) == 2, "a reader adds nothing"


def test_an_attempt_within_another_one_ends_only_itself(store: Store) -> None:
    """A command goes on while others release."""
    with store.audited({"by": "ops", "exec": "sleep 60"}), store.audited({"by": "eve", "restart": "v1"}):
        assert [item["result"] for item in store.trail.past()] == ["running"] * 2
    assert [item["result"] for item in store.trail.past()] == ["live"] * 2
    assert len(lines(store)) == 4


def test_the_next_run_ends_what_was_killed(store: Store) -> None:
    """With the truth: the link was renamed by it, as no other run came since."""
    put_live(store, "v1", "live", "watched")
    killed(store, "with store.audited({'by': 'eve', 'version': 'v2', 'from': 'v1', 'to': None})")
    assert [line.get("result") for line in lines(store)] == [None]
    put_live(store, "v2", "live")
    before = store.trail.past()
    assert [(item["result"], item["to"], item["serves"], item["ended"]) for item in before] == [
        ("ended", "v2", "v2", None)
    ]
    assert len(lines(store)) == 1, "a reader adds nothing"
    with store.audited({"by": "ops", "restart": "v2"}):
        pass
    first, end, *_others = lines(store)
    assert end == {**first, "result": "ended", "to": "v2", "serves": "v2", "ended": None}
    assert store.trail.past()[0] == before[0]
    with store.audited({"by": "ops", "restart": "v2"}):
        pass
    assert len([line for line in lines(store) if line["id"] == first["id"]]) == 2, "once"


def test_what_served_is_seen_at_the_end(store: Store) -> None:
    put_live(store, "v1", "live")
    with store.audited({"by": "ops", "from": "v1", "to": "v2"}):
        put_live(store, "v2", "live")
    with suppress(DeployError), store.audited({"by": "ops", "from": "v2", "to": "v3"}):
        raise DeployError("its gate")
    assert [item["serves"] for item in store.trail.past()] == ["v2", "v2"]


def test_a_half_line_spoils_no_other(store: Store) -> None:
    """As a power cut leaves it."""
    Path(store.layout.audit).write_text('{"by": "ops", "to": "v1", "result": "live"}\n{"by": "o', encoding="utf-8")
    with store.audited({"by": "eve", "restart": "v1"}):
        pass
    assert [(item["by"], item["result"]) for item in store.trail.past()] == [("ops", "live"), ("eve", "live")]


def test_the_trail_goes_with_its_application(store: Store) -> None:
    home = Path(store.layout.home)
    with store.audited({"by": "ops", "remove": "shop"}, "removed"):
        assert len(lines(store)) == 1
        Path(store.layout.audit).unlink()
        home.rmdir()
    assert not home.exists()


def test_without_a_trail(tmp_path: Path) -> None:
    assert Store(Layout("shop", PurePosixPath(tmp_path))).trail.past() == []


def test_the_reason_is_shown_though_a_full_disk_takes_no_second_line(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next attempt finds an open one, and adds how it ended."""
    with pytest.raises(DeployError, match="its environment"), store.audited({"by": "ops", "from": None, "to": "v1"}):
        monkeypatch.setattr(os, "write", lambda *_arguments: (_ for _ in ()).throw(OSError(28, "No space left")))
        raise DeployError("its environment could not be built")
    monkeypatch.undo()
    assert len(lines(store)) == 1

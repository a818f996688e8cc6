"""An application that is stopped: what says so, what holds its units down, and what is refused."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import pytest
from ansible_collections.asgi.deploy.plugins.module_utils._host.release import stopping
from ansible_collections.asgi.deploy.plugins.module_utils._shared.errors import DeployError
from ansible_collections.asgi.deploy.plugins.module_utils._shared.layout import Layout


@pytest.fixture(name="shop")
def an_application(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Layout:
    monkeypatch.setattr(stopping, "UNITS", PurePosixPath(tmp_path / "units"))
    (tmp_path / "root" / "shop").mkdir(parents=True)
    return Layout("shop", PurePosixPath(tmp_path / "root"))


def test_what_is_said_first_stays(shop: Layout) -> None:
    assert stopping.describe_stop(shop) is None
    Path(shop.stopped).write_text('{"by": "ada", "since": 0}')
    stopping.write_stop(shop, "bob")
    assert stopping.describe_stop(shop) == "stopped since 1970-01-01 00:00:00 UTC by ada"


@pytest.mark.parametrize("text", ["", "touched", "[]", '{"by": "ada"}', '{"by": "ada", "since": 1e300}'])
def test_a_file_that_cannot_be_read_counts(shop: Layout, text: str) -> None:
    Path(shop.stopped).write_text(text)
    assert stopping.describe_stop(shop) == "stopped"
    with pytest.raises(DeployError, match=r"^shop: stopped; run asgi.deploy.start first$"):
        stopping.refuse_held(shop, None)


def test_no_unit_that_serves_or_works_is_started(shop: Layout) -> None:
    """Each kind of unit has its drop-in, which names the file; commands and drains go on."""
    stopping.forbid_starts(shop)
    assert {file.parent.name for file in stopping.drop_ins(shop)} == {
        "asgi-shop@.service.d",
        "asgi-shop@.socket.d",
        "asgi-shop.process-@.service.d",
        "asgi-shop.job-@.timer.d",
        "asgi-shop.live@.target.d",
        "asgi-shop.public.socket.d",
    }
    assert {file.read_text().splitlines()[-1] for file in stopping.drop_ins(shop)} == {
        f"ConditionPathExists=!{shop.stopped}"
    }


def test_drop_ins_of_others_stay(shop: Layout) -> None:
    stopping.forbid_starts(shop)
    other = stopping.drop_ins(shop)[0].with_name("other.conf")
    other.touch()
    stopping.allow_starts(shop)
    stopping.allow_starts(shop)
    assert list(Path(other).parents[1].iterdir()) == [other.parent]
    assert list(other.parent.iterdir()) == [other]

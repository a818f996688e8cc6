"""Lines of the audit trail, for releases, restarts and pauses."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
from ansible_collections.asgi.deploy.plugins.module_utils._host.release.store import Store
from ansible_collections.asgi.deploy.plugins.module_utils._shared.errors import DeployError
from ansible_collections.asgi.deploy.plugins.module_utils._shared.layout import Layout


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (None, {"result": "paused"}),
        (DeployError("its gate", "a log"), {"result": "failed", "reason": "its gate"}),
        (OSError("no space left"), {"result": "failed", "reason": "no space left"}),
        (KeyboardInterrupt(), {"result": "ended"}),
    ],
)
def test_a_line_says_how_it_ended(tmp_path: Path, error: BaseException | None, line: dict[str, Any]) -> None:
    store = Store(Layout("shop", PurePosixPath(tmp_path)))
    Path(store.layout.home).mkdir()
    with suppress(DeployError, OSError, KeyboardInterrupt), store.audited("paused", by="ops", pause="v1") as entry:
        entry["more"] = 1
        if error:
            raise error
    found = json.loads(Path(store.layout.audit).read_text(encoding="utf-8"))
    assert found.pop("started") <= found.pop("ended")
    assert found == {"by": "ops", "pause": "v1", "more": 1, **line}

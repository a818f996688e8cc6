#!/usr/bin/python
"""Module asgi.deploy.release_info: an application's releases on a host, and how the live one is."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.asgi.deploy.plugins.module_utils.errors import DeployError
from ansible_collections.asgi.deploy.plugins.module_utils.gate import Probe
from ansible_collections.asgi.deploy.plugins.module_utils.instance import Instance, running
from ansible_collections.asgi.deploy.plugins.module_utils.layout import Layout
from ansible_collections.asgi.deploy.plugins.module_utils.settings import Settings
from ansible_collections.asgi.deploy.plugins.module_utils.store import Store

DOCUMENTATION = """
module: release_info
short_description: An application's releases on a host, and how the live one is
version_added: 0.1.0
author: asgi.deploy contributors
description:
  - Looks; changes nothing.
options:
  name:
    description: The application's name.
    type: str
    required: true
  deploys:
    description: How many of the last lines of the audit trail to return.
    type: int
    default: 10
extends_documentation_fragment: [asgi.deploy.info]
"""

EXAMPLES = """
- name: What serves?
  asgi.deploy.release_info:
    name: shop
  register: shop
"""

RETURN = """
live:
  description: The release that serves.
  type: str
  returned: success
health:
  description: What is wrong with the live release's answer to its gate's question; empty when nothing is.
  type: str
  returned: success
workers:
  description: Processes of the live release's service, its supervisor included.
  type: int
  returned: success
memory:
  description: Bytes that they use.
  type: int
  returned: success
releases:
  description:
    - Each release on the host, with its C(commit), C(version), C(previous) release, C(states) and when they were
      reached, whether it is C(running), and why it C(failed).
  type: dict
  returned: success
deploys:
  description: The last lines of the audit trail.
  type: list
  elements: dict
  returned: success
"""


def main() -> None:
    module = AnsibleModule(
        argument_spec={"name": {"type": "str", "required": True}, "deploys": {"type": "int", "default": 10}},
        supports_check_mode=True,
    )
    layout = Layout(module.params["name"])
    store = Store(layout)
    try:
        up = running(layout)
        module.exit_json(
            changed=False,
            releases={
                release: {**_told(store.record(release)), "running": release in up} for release in store.on_disk()
            },
            deploys=_last_deploys(Path(layout.audit), module.params["deploys"]),
            **_live(layout, store),
        )
    except (DeployError, OSError) as error:
        module.fail_json(msg=str(error))


def _live(layout: Layout, store: Store) -> dict[str, Any]:
    release = store.live()
    if release is None:
        return {"live": None, "health": "nothing is live", "workers": 0, "memory": 0}
    instance = Instance(layout, release)
    gate = Settings.recorded(store.record(release)).gate
    probe = Probe(str(layout.socket_path(release)), gate, timeout=5)
    probe.close()
    return {
        "live": release,
        "health": probe.wrong or "",
        "workers": len(instance.processes()),
        "memory": instance.memory(),
    }


def _told(record: dict[str, Any]) -> dict[str, Any]:
    return {key: record.get(key) for key in ("commit", "version", "states", "previous", "failed")}


def _last_deploys(audit: Path, count: int) -> list[dict[str, Any]]:
    lines = audit.read_text(encoding="utf-8").splitlines() if audit.exists() else []
    told = []
    for line in lines[len(lines) - min(count, len(lines)) :]:
        with contextlib.suppress(ValueError):  # a run that was killed may have left half a line
            told.append(json.loads(line))
    return told


if __name__ == "__main__":
    main()

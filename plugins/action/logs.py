# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Action asgi.deploy.logs: prints what an application has logged, and continues with new records."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, cast

from ansible.errors import AnsibleActionFail
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.utils.display import Display
from ansible_collections.asgi.deploy.plugins.module_utils._host.tasks import logs as task_logs
from ansible_collections.asgi.deploy.plugins.module_utils._shared.json_values import Json
from ansible_collections.asgi.deploy.plugins.plugin_utils._ansible.host_action import HostAction

_PAUSE = 1.0  # seconds between two questions to the host


class ActionModule(HostAction):
    """Print records, and ask for new ones until the time is over."""

    host_task = task_logs
    _supports_async = False

    def acted(self, variables: dict[str, Any]) -> dict[str, Json]:
        """Return the place in the journal where the printed records end."""
        options: dict[str, Json] = dict(self._task.args)
        seconds = self._seconds(options)
        ends = time.monotonic() + seconds
        host = variables.get("inventory_hostname", "")
        several = len(variables.get("ansible_play_hosts", ())) > 1
        while True:
            answer = self.answer(options, variables)
            if answer.get("failed"):
                return answer
            for line in cast("list[str]", answer["lines"]):
                Display().display(f"{host}  {line}" if several else line)
            if time.monotonic() >= ends:
                return {"changed": False, "cursor": answer["cursor"]}
            options |= {"cursor": answer["cursor"], "minutes": None} if answer["cursor"] else {}
            time.sleep(_PAUSE)

    @staticmethod
    def _seconds(options: Mapping[str, Json]) -> int:
        """Return for how many seconds to continue.

        Raises:
            AnsibleActionFail: an option is wrong.
        """
        text = str(options.get("follow") or 0)
        if not text.isdecimal():
            raise AnsibleActionFail(f"follow: found {text!r}, expected seconds, as in follow: 60")
        if int(text) and boolean(options.get("access", False), strict=False):
            raise AnsibleActionFail("access: nginx's log cannot be followed; leave out access or follow")
        return int(text)

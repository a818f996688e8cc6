# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Action asgi.deploy.stop: runs the task of that name on the host."""

from __future__ import annotations

from ansible_collections.asgi.deploy.plugins.module_utils._host.tasks import stop as task_stop
from ansible_collections.asgi.deploy.plugins.plugin_utils._ansible.host_action import HostAction


class ActionModule(HostAction):
    """Run the task on the host."""

    host_task = task_stop

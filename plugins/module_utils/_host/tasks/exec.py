"""The task that runs a command of an application in its live release."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ansible_collections.asgi.deploy.plugins.module_utils._host.operations.execution import Execution, printed_lines
from ansible_collections.asgi.deploy.plugins.module_utils._host.tasks.results import reports_errors
from ansible_collections.asgi.deploy.plugins.module_utils._shared.errors import DeployError
from ansible_collections.asgi.deploy.plugins.module_utils._shared.layout import Layout
from ansible_collections.asgi.deploy.plugins.module_utils._shared.task_options import RUN_OPTIONS

if TYPE_CHECKING:
    from ansible_collections.asgi.deploy.plugins.module_utils._shared.operation_options import (
        CommandOptions,
    )
    from ansible_collections.asgi.deploy.plugins.module_utils._shared.option_specs import OptionSpecs
    from ansible_collections.asgi.deploy.plugins.module_utils._shared.task_results import CommandResult

OPTIONS: OptionSpecs = {
    **RUN_OPTIONS,
    "command": {"type": "str", "required": True},
    "timeout": {"type": "int", "default": 3600},
}


@reports_errors
def act(options: CommandOptions, check_mode: bool) -> CommandResult:
    """Run the command; see M(asgi.deploy.exec)."""
    if not 1 <= options["timeout"] <= 604_800:
        raise DeployError(f"timeout: found {options['timeout']}, expected 1 to 604800 seconds, as in timeout: 3600")
    execution = Execution(Layout(options["name"]), options["command"], options["timeout"])
    outcome = execution.predict() if check_mode else execution.run(options["by"], options["lock_timeout"])
    text = f"{options['name']}: {options['command']}: {outcome.ending} in release {outcome.release}"
    lines = list(printed_lines(outcome))
    result: CommandResult = {"changed": True, "msg": text, "lines": lines}
    if outcome.rc:
        result = {"failed": True, "msg": "\n".join([f"{text} (exit status {outcome.rc})", *lines]), "lines": lines}
    return {
        **result,
        "rc": outcome.rc,
        "stdout": outcome.stdout,
        "stderr": outcome.stderr,
        "release": outcome.release,
    }

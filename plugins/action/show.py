# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Action asgi.deploy.show: prints lines as they are, or writes them to a file of the controller."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypedDict

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display
from ansible_collections.asgi.deploy.plugins.module_utils._shared.json_values import Json
from ansible_collections.asgi.deploy.plugins.module_utils._shared.option_specs import OptionSpecs
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.terminal_text import harmless

_OPTIONS: OptionSpecs = {"lines": {"type": "list", "elements": "str", "required": True}, "file": {"type": "str"}}


class Options(TypedDict):
    """The options of M(asgi.deploy.show)."""

    lines: list[str]
    file: str | None  # a path on the controller; without one the lines are printed


class ActionModule(ActionBase):  # type: ignore[misc]
    """Print lines, or write them to a file."""

    _requires_connection = False
    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Json]:
        """Return whether a file was written.

        Raises:
            AnsibleActionFail: an option is wrong, or the file cannot be written.
        """
        _validation, arguments = self.validate_argument_spec(argument_spec=_OPTIONS)
        options: Options = arguments
        text = "\n".join(map(harmless, options["lines"]))
        changed = False
        if options["file"] is None:
            Display().display(text)
        else:
            changed = _write(Path(options["file"]), f"{text}\n")
        return {**super().run(tmp, task_vars), "changed": changed}


def _write(path: Path, text: str) -> bool:
    """Write a text if the file differs, and return whether it did; the umask decides who may read a new file."""
    try:
        if path.is_file() and path.read_bytes() == text.encode():
            return False
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise AnsibleActionFail(f"{path} cannot be written: {error.strerror}") from error
    return True

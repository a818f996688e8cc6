"""Actions that have a host do something: by code that is sent there, or by the module of the same name."""

from __future__ import annotations

from collections.abc import Mapping
from types import ModuleType
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.errors import UnsupportedError
from ansible.plugins.action import ActionBase
from ansible.utils.unsafe_proxy import wrap_var
from ansible_collections.asgi.deploy.plugins.module_utils._shared.json_values import Json
from ansible_collections.asgi.deploy.plugins.module_utils._shared.option_specs import OptionSpecs
from ansible_collections.asgi.deploy.plugins.plugin_utils._ansible.host_code import PACKAGE, packed
from ansible_collections.asgi.deploy.plugins.plugin_utils._ansible.transport import Transport, refuse_bad_answers
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.argument_specs import plain
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.host_results import (
    ASYNC_KEYS,
    CRASH_KEYS,
    checked_result,
    returned,
)


class HostAction(ActionBase):  # type: ignore[misc]
    """An action that has its host run a task; see :class:`Transport` for how."""

    host_task: ModuleType  # of plugins/module_utils/_host/tasks, with OPTIONS and a function `act`
    _supports_check_mode = True
    _supports_async = True

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        packed(_name(cls.host_task))
        returned(_module(cls.host_task))

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Json]:
        """Return the result of the task."""
        result: dict[str, Json] = super().run(tmp, task_vars)
        del tmp
        return {**result, **self.acted(task_vars or {})}

    def acted(self, variables: dict[str, Any]) -> dict[str, Json]:
        """Return what the host answers to the options of the task."""
        return self.answer(self._task.args, variables)

    def answer(self, options: Mapping[str, Json], variables: Mapping[str, Any]) -> dict[str, Json]:
        """Return what the host answers to options, as far as the module documents it.

        Raises:
            AnsibleActionFail: an option is wrong, or the host answers what the module does not return.
        """
        transport = Transport(self, variables)
        if transport.module_reason:
            further = ASYNC_KEYS if self._task.async_val else CRASH_KEYS
            answer: Json = transport.run_module(options)
        else:
            asked, secrets = check_options(self.host_task.OPTIONS, plain(options))
            check_mode, further = bool(self._task.check_mode), {}
            answer = transport.call(_name(self.host_task), "act", asked, check_mode, secrets=secrets)
        with refuse_bad_answers():
            found = checked_result(_module(self.host_task), answer, further)
        # As Ansible does for a module.
        found |= {f"{key}_lines": [*str(found[key]).splitlines()] for key in ("stdout", "stderr") if key in found}
        return wrap_var(found)  # type: ignore[no-any-return]  # ansible-core 2.18 would evaluate a template in it


def check_options(spec: OptionSpecs, options: Mapping[str, Json], where: str = "") -> tuple[dict[str, Json], set[str]]:
    """Return options with their defaults, and the secrets in them, which nothing that is answered may show.

    Raises:
        AnsibleActionFail: one is wrong; says which, after `where`.
    """
    result = ArgumentSpecValidator(dict(spec)).validate(dict(options))
    if result.errors.errors:
        raise AnsibleActionFail(where + "; ".join(map(_text, result.errors.errors)))
    return result.validated_parameters, result._no_log_values


def _name(task: ModuleType) -> str:
    """Return the dotted name of a task below plugins/module_utils."""
    return task.__name__.removeprefix(f"{PACKAGE}.")


def _module(task: ModuleType) -> str:
    """Return the name of the module that does the same."""
    return task.__name__.rpartition(".")[2]


def _text(error: Exception) -> str:
    """Return what is wrong; of an option that is not known Ansible's own text is its name."""
    return f"unknown options: {error}" if isinstance(error, UnsupportedError) else str(error)

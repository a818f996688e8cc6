"""Actions that have a host do something: by one bare Python, or by the module of the same name."""

from __future__ import annotations

from collections.abc import Mapping
from types import ModuleType
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.common.parameters import remove_values
from ansible.module_utils.errors import UnsupportedError
from ansible.plugins.action import ActionBase
from ansible.utils.unsafe_proxy import wrap_var
from ansible_collections.asgi.deploy.plugins.plugin_utils._ansible import bare_python as remote
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.argument_specs import plain
from ansible_collections.asgi.deploy.plugins.plugin_utils._common.host_results import (
    ASYNC_KEYS,
    CRASH_KEYS,
    checked_result,
    returned,
)


class Act(ActionBase):  # type: ignore[misc]
    """One of them; see :func:`bare_python.call` for why there are any."""

    act: ModuleType  # of plugins/module_utils, with OPTIONS and a function `act`
    _supports_check_mode = True
    _supports_async = True

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        remote.packed(_name(cls.act))
        returned(_module(cls.act))

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result: dict[str, Any] = super().run(tmp, task_vars)
        del tmp
        return {**result, **self.acted(task_vars or {})}

    def acted(self, variables: dict[str, Any]) -> dict[str, Any]:
        """What comes of the task."""
        return self.answer(self._task.args, variables)

    def answer(self, given: Mapping[str, Any], variables: dict[str, Any]) -> dict[str, Any]:
        """Return what the host says to options that somebody wrote, as far as the module documents it.

        Raises:
            AnsibleActionFail: an option is wrong, or the host answers what the module does not return.
        """
        if self._task.async_val or not self._is_pipelining_enabled("new"):
            wrapped = self._task.async_val and not self._connection.has_native_async
            further = ASYNC_KEYS if self._task.async_val else CRASH_KEYS
            answer = with_text_warnings(
                self._execute_module(module_args=given, task_vars=variables, wrap_async=wrapped)
            )
        else:
            options, secrets = checked(self.act.OPTIONS, plain(given))
            called = remote.call(self, variables, _name(self.act), "act", options, bool(self._task.check_mode))
            answer, further = remove_values(called, secrets), {}
        with remote.refusing_bad_answers():
            found = checked_result(_module(self.act), answer, further)
        # As Ansible does for a module.
        found |= {f"{key}_lines": found[key].splitlines() for key in ("stdout", "stderr") if key in found}
        return wrap_var(found)  # type: ignore[no-any-return]  # ansible-core 2.18 would evaluate a template in it


def checked(spec: Mapping[str, Any], given: Mapping[str, Any], where: str = "") -> tuple[dict[str, Any], set[str]]:
    """Options with their defaults, and the secrets in them, which nothing that is answered may show.

    Raises:
        AnsibleActionFail: one is wrong; says which, after `where`.
    """
    result = ArgumentSpecValidator(dict(spec)).validate(dict(given))
    if result.errors.errors:
        raise AnsibleActionFail(where + "; ".join(map(_text, result.errors.errors)))
    return result.validated_parameters, result._no_log_values


def with_text_warnings(answer: Mapping[str, Any]) -> dict[str, Any]:
    """Return the result of a module with its warnings as text, which are objects since ansible-core 2.19."""
    warnings = answer.get("warnings") or []
    told = [str(getattr(getattr(one, "event", None), "msg", one)) for one in warnings]
    return {**answer, **({"warnings": told} if told else {})}


def _name(act: ModuleType) -> str:
    return act.__name__.removeprefix(f"{remote.PACKAGE}.")


def _module(act: ModuleType) -> str:
    return act.__name__.rpartition(".")[2]


def _text(error: Exception) -> str:
    """Ansible's own text of an option that is not known begins with the option alone."""
    return f"unknown options: {error}" if isinstance(error, UnsupportedError) else str(error)

"""What the modules of this collection share: each calls a function, and logs no option that holds secrets."""

from __future__ import annotations

from collections.abc import Mapping
from types import ModuleType
from typing import TYPE_CHECKING

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

if TYPE_CHECKING:
    from ansible_collections.asgi.deploy.plugins.module_utils._shared.json_values import Json
    from ansible_collections.asgi.deploy.plugins.module_utils._shared.option_specs import OptionSpec, OptionSpecs


def discreet_module(spec: OptionSpecs, *unlogged: str) -> AnsibleModule:
    """Return a module that logs nothing of some options.

    Ansible logs every option of a module. It searches the text of a value for secrets, and does not find a secret with
    a line break, a backslash or quotes, which the text has in another form.

    Args:
        spec: the module's argument spec.
        unlogged: the options, in which secrets may be deep inside.
    """
    hidden: OptionSpecs = {name: _hidden(option) if name in unlogged else option for name, option in spec.items()}
    module = AnsibleModule(argument_spec=hidden, supports_check_mode=True)
    # Each text in them counts as a secret now; in the result, only those that are secrets are to be masked.
    module.no_log_values.clear()
    # An option that was not given is None by now, which is none of its choices.
    check(module, spec, {name: value for name, value in module.params.items() if value is not None})
    return module


def run_act(task: ModuleType) -> None:
    """Run a task of a host as a module.

    Args:
        task: a file of plugins/module_utils/_host/tasks, with `OPTIONS`, and `act` that takes their values and whether
            to change nothing. Its `UNLOGGED` are the options in which secrets may be deep inside.
    """
    module = discreet_module(task.OPTIONS, *getattr(task, "UNLOGGED", ()))
    answer = task.act(module.params, module.check_mode)
    if answer.pop("failed", False):
        module.fail_json(**answer)
    module.exit_json(**answer)


def check(module: AnsibleModule, spec: OptionSpecs, options: Mapping[str, Json], where: str = "") -> dict[str, Json]:
    """Return options with their defaults, and have the module mask their secrets in all that it returns.

    The module fails if an option is wrong; its message begins with `where`.
    """
    result = ArgumentSpecValidator(dict(spec)).validate(dict(options))
    module.no_log_values.update(result._no_log_values)  # before it can fail, as that shows the options as well
    if result.error_messages:
        module.fail_json(msg=f"{where}{'; '.join(result.error_messages)}")
    checked: dict[str, Json] = result.validated_parameters
    return checked


def _hidden(option: OptionSpec) -> OptionSpec:
    return {**option, "no_log": True}

"""What our modules have in common: what they do is a function, and their options are not all for the journal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator


def discreet_module(spec: Mapping[str, Any], *unlogged: str) -> AnsibleModule:
    """A module that logs nothing of some options.

    Ansible logs every option of a module. It looks for secrets in the text that it has made of the value, where one
    with a line break, a backslash or quotes is written in another way and is not found.

    Args:
        spec: the module's argument spec.
        unlogged: the options, in which secrets may be deep inside.
    """
    shut = {name: {**option, "no_log": True} if name in unlogged else option for name, option in spec.items()}
    module = AnsibleModule(argument_spec=shut, supports_check_mode=True)
    # Each text in them counts as a secret now; only those that are one shall be masked in what is returned.
    module.no_log_values.clear()
    check(module, spec, module.params)
    return module


def run_act(of: Any) -> None:
    """What a module does, where it is sent as one.

    Args:
        of: a file of plugins/module_utils, with `OPTIONS`, and `act` that takes them and whether to change nothing.
            Its `UNLOGGED` are the options in which secrets may be deep inside.
    """
    module = discreet_module(of.OPTIONS, *getattr(of, "UNLOGGED", ()))
    answer = of.act(module.params, module.check_mode)
    if answer.pop("failed", False):
        module.fail_json(**answer)
    module.exit_json(**answer)


def check(
    module: AnsibleModule, spec: Mapping[str, Any], options: Mapping[str, Any], where: str = ""
) -> dict[str, Any]:
    """Options with their defaults, whose secrets are masked in all that the module returns.

    Fails when one is wrong; `where` is told before what is.
    """
    result = ArgumentSpecValidator(dict(spec)).validate(dict(options))
    if result.error_messages:
        module.fail_json(msg=f"{where}{'; '.join(result.error_messages)}")
    module.no_log_values.update(result._no_log_values)
    checked: dict[str, Any] = result.validated_parameters
    return checked

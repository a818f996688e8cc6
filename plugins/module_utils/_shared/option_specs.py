"""The type of an argument spec: the options of a task, as Ansible's own validator takes them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Required, TypeAlias, TypedDict

from ansible_collections.asgi.deploy.plugins.module_utils._shared.json_values import Json


class OptionSpec(TypedDict, total=False):
    """One option.

    Attributes:
        type: str, int, float, bool, list or dict.
        elements: the type of a list's elements.
        required: whether a value must be given.
        default: the value where none is given.
        choices: the only values that are allowed.
        options: of a dictionary or a list of dictionaries, their own options by name.
        no_log: whether the value is secret.
        description: what the option does; only in the argument specs of roles.
    """

    type: Required[str]
    elements: str
    required: bool
    default: Json
    choices: Sequence[str]
    options: dict[str, OptionSpec]
    no_log: bool
    description: str | list[str]


OptionSpecs: TypeAlias = dict[str, OptionSpec]
"""The specs of several options, by their names."""

"""The attributes of modules that change nothing."""

from __future__ import annotations


class ModuleDocFragment:
    """A fragment, as Ansible loads it."""

    DOCUMENTATION = """
attributes:
  check_mode:
    support: full
    description: Changes nothing in any mode.
  diff_mode:
    support: none
    description: Changes nothing that could be shown.
"""

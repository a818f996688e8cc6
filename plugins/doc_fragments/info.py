"""What holds for every module that only looks."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = """
attributes:
  check_mode:
    support: full
    description: Changes nothing in any mode.
  diff_mode:
    support: none
    description: Makes no change that could be shown.
"""

"""The options of modules that hold the lock of an application."""

from __future__ import annotations


class ModuleDocFragment:
    """A fragment, as Ansible loads it."""

    DOCUMENTATION = """
options:
  name:
    description: The application's name.
    type: str
    required: true
  by:
    description: The user who runs the playbook, for the audit trail and for other runs that wait.
    type: str
    required: true
  lock_timeout:
    description: Seconds to wait for another run on the same application and host.
    type: int
    default: 60
"""

"""What every module takes that works under an application's lock."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = """
options:
  name:
    description: The application's name.
    type: str
    required: true
  by:
    description: Who asks, for the audit trail and for those who have to wait.
    type: str
    required: true
  lock_timeout:
    description: Seconds to wait for another run on the same application and host.
    type: int
    default: 60
"""

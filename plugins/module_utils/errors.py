"""The one exception that our code raises for what a user can mend."""

from __future__ import annotations


class DeployError(Exception):
    """Its text is the whole message: what was found, what was expected, what to do."""

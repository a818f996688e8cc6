"""The addresses at which clouds tell a machine about itself, and hand out the credentials of its role."""

from __future__ import annotations

METADATA_ADDRESSES = (
    "169.254.169.254",  # of nearly every cloud
    "169.254.170.2",  # of containers of one of them
    "100.100.100.200",
    "fd00:ec2::254",
)
METADATA_OPTION = "sandbox: {metadata: true}"
"""How a user opens them to an application."""

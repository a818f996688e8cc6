"""Addresses at which clouds describe a machine to itself, and hand out the credentials of its role."""

from __future__ import annotations

METADATA_ADDRESSES = (
    "169.254.169.254",  # of nearly every cloud
    *("169.254.170.2", "169.254.170.23", "169.254.42.42", "100.100.100.200"),
    *("fd00:ec2::254", "fd00:ec2::23", "fd20:ce::254", "fd00:c1::a9fe:a9fe", "fd00:42::42", "fe80::a9fe:a9fe"),
)
CLOSED_ADDRESSES = (
    *METADATA_ADDRESSES,
    "168.63.129.16",  # of Azure: its agent gets the machine's settings and certificates there; a name server, too
)
"""Addresses that are closed together, except for port 53."""
METADATA_OPTION = "sandbox: {metadata: true}"
"""How a user opens them to an application."""

"""Throw-away Debian hosts with a real systemd, reached over SSH, and a real ACME server.

Everything that needs a host (molecule, the demo, benchmarks, fault tests) comes here, so that there is one
place that knows how such a host is made and, above all, how it is removed again.
"""

from tests.lab.lab import Host, Lab
from tests.lab.process import LabError

__all__ = ["Host", "Lab", "LabError"]

"""Traffic that reports the truth about every request: what a deployment does to the people using a site.

Nothing is retried, so nothing is hidden. Libraries for daily use do retry: aiohttp repeats an idempotent
request that failed on a reused connection, httpcore replaces a stale one without a word. Hence the small
clients here, on h11 and h2.

    with Traffic("https://shop.example.test", connect="198.18.0.11", ca=authority, get=8, post=4) as traffic:
        deploy()
    assert not traffic.report.failures, traffic.report
"""

from .load import Load
from .process import Traffic, TrafficError
from .report import Failure, Mode, Release, Report

__all__ = ["Failure", "Load", "Mode", "Release", "Report", "Traffic", "TrafficError"]

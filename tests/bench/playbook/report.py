"""The results, and how they read."""

from __future__ import annotations

import statistics
import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import jinja2

from tests.bench.plots import Bar, Chart, svg

SHOWN = 0.05  # seconds; tasks that take less are added up
NOTHING = 0.01  # seconds; a step of a release that takes less is left out
STEPS = ("resolved", "prepared", "released", "started", "gated", "live", "working", "watched", "drained", "pruned")
# What each was to take at most, set before anything was measured.
AIMS = (
    ("a run that changes nothing, in seconds", 3),
    ("a release until it serves, the watch not counted, in seconds", 8),
    ("a first run until it answers over HTTPS, as a multiple of apt and uv", 1.2),
    ("ten hosts with nothing to do, as a multiple of one", 3),
)
TEMPLATE = Path(__file__).with_name("files") / "speed.md.j2"


def charts(results: Mapping[str, Any]) -> dict[str, str]:
    """Return the plots, by the names of their files."""
    nothing, first = results["nothing"], results["first"]
    ours, plain, _floor = nothing["series"]
    apps, hosts = results["apps"], results["hosts"]
    runs = [
        _bar("one application", ours),
        _bar("the usual way, which does less", plain, "b"),
        _bar(f"{apps['number']} applications", apps["series"][1], "c"),
        _bar(f"{hosts['number']} hosts", hosts["series"][1], "c"),
    ]
    floor = statistics.median(cost["wall"] for cost in first["series"][2]["costs"])
    return {
        "playbook-nothing.svg": svg(Chart("A run that changes nothing", "seconds", runs, 1)),
        "playbook-profile.svg": _where("Where its time goes", nothing["profile"], 2),
        "playbook-release.svg": _where("Where the time of a release goes", results["release"]["profile"], 1),
        "playbook-first.svg": svg(
            Chart(
                "From a bare host to HTTPS",
                "seconds",
                [
                    _bar("asgi.deploy, until it answers", first["series"][1]),
                    _bar("asgi.deploy, hardened", first["series"][0], "c"),
                    Bar("apt and uv", {"apt": first["apt"], "uv": floor - first["apt"]}, colour="e"),
                ],
                1,
            )
        ),
        "playbook-first-profile.svg": _where("Where the time of a first run goes", first["profile"], 1),
    }


def _where(title: str, profile: Sequence[tuple[str, float]], decimals: int) -> str:
    """Return what each task takes; what takes less than a twentieth of the longest is added up."""
    least = max(seconds for _name, seconds in profile) / 20
    steps = [(name, seconds) for name, seconds in profile if seconds >= least]
    others = sum(seconds for _name, seconds in profile if seconds < least)
    bars = [Bar(_short(name), {"": seconds}) for name, seconds in [*steps, ("all others", others)]]
    return svg(Chart(title, "seconds", bars, decimals))


def _short(task: str) -> str:
    """Return a task's name without its role's, as long as there is room for it."""
    return textwrap.shorten(task.rpartition(" : ")[2], 42, placeholder=" …")


def _bar(label: str, series: Mapping[str, Any], colour: str = "a") -> Bar:
    walls = [cost["wall"] for cost in series["costs"]]
    return Bar(label, {"": statistics.median(walls)}, (min(walls), max(walls)), colour)


def markdown(results: Mapping[str, Any]) -> str:
    """Return the page."""
    nothing, apps, hosts, first = results["nothing"], results["apps"], results["hosts"], results["first"]
    ours, plain, floor = nothing["series"]
    rows = [
        _row("nothing to do: one application, hardened", ours),
        _row("roles written the usual way, which do less", plain, nothing["against plain"], "of it"),
        _row(
            f"{nothing['round trips']} round trips, each an empty Python",
            floor,
            nothing["against round trips"],
            "times it",
        ),
        _row("a release whose environment is there already, watched for 5 s", results["release"]["series"]),
        _row("the first run, from a bare host to HTTPS", first["series"][1], first["served"], "times apt and uv"),
        _row("the same to its end, with the hardening", first["series"][0], first["ratio"], "times apt and uv"),
        _row(f"nothing to do: {apps['number']} applications", apps["series"][1], apps["ratio"], "times one"),
        _row(f"nothing to do: {hosts['number']} hosts", hosts["series"][1], hosts["ratio"], "times one"),
    ]
    one, many = (_row("", series)["median"] for series in apps["series"])
    cpu_one, cpu_many = (statistics.median(cost["cpu"] for cost in series["costs"]) for series in hosts["series"])
    rounds = results["release"]["steps"]
    steps = {name: statistics.median(step.get(name, 0) for step in rounds) for name in STEPS}
    serves = _serves(results["release"], steps)
    result = {
        "rows": rows,
        "aims": list(zip(AIMS, (rows[0]["median"], serves, first["served"][1], hosts["ratio"][1]), strict=True)),
        "profile": nothing["profile"],
        "shown": SHOWN,
        "cpu_one": cpu_one,
        "cpu_many": cpu_many,
        "per_app": (many - one) / (apps["number"] - 1),
        "steps": {name: seconds for name, seconds in steps.items() if seconds >= NOTHING},
        "apt_and_uv": statistics.median(cost["wall"] for cost in first["series"][2]["costs"]),
        "memory": max(cost["memory"] for series in hosts["series"] for cost in series["costs"]),
    }
    page: str = jinja2.Template(TEMPLATE.read_text(), trim_blocks=True, keep_trailing_newline=True).render(
        {**results, **result}
    )
    return page


def _serves(release: Mapping[str, Any], steps: Mapping[str, float]) -> float:
    """Return seconds from the command to the switch: all but what comes after it, in the release and in the run."""
    names = [name.rpartition(" : ")[2] for name, _seconds in release["profile"]]
    tasks_after = next(number for number, name in enumerate(names) if name.startswith("Release ")) + 1
    whole: float = statistics.median(cost["wall"] for cost in release["series"]["costs"])
    tasks: float = sum(seconds for _name, seconds in release["profile"][tasks_after:])
    return whole - tasks - sum(steps[name] for name in STEPS[STEPS.index("live") + 1 :])


def _row(name: str, series: Mapping[str, Any], ratio: Sequence[float] = (), of: str = "") -> dict[str, Any]:
    walls = [cost["wall"] for cost in series["costs"]]
    against = f"{ratio[1]:.2f} {of} ({ratio[0]:.2f} to {ratio[2]:.2f})" if ratio else ""
    return {
        "name": name,
        "median": statistics.median(walls),
        "least": min(walls),
        "most": max(walls),
        "against": against,
    }

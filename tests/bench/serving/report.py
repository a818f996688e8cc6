"""The results, and how they read."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import jinja2

from tests.bench.plots import Bar, Chart, svg

from .measure import DISTURBED, MANY, SECONDS, STREAMS, VISITORS
from .ways import GUIDE, GUIDE_JSON, OURS, OURS_FAST, OURS_FEW, OURS_PLAIN, WAYS, Way

PAGE = Path(__file__).with_name("files") / "serving.md.j2"
COLOURS = {"nginx": "a", "application": "b", "journal": "c", "load": "e"}
BY_NAME = {way.name: way for way in WAYS}
# Which way is held against which.
AGAINST = {
    OURS: (GUIDE, GUIDE_JSON, "uvicorn-json", "uvicorn-tls"),
    OURS_FEW: (GUIDE, GUIDE_JSON, "uvicorn-json", "uvicorn-tls"),
    OURS_PLAIN: ("uvicorn-plain",),
    OURS_FAST: ("guide-fast", "uvicorn-fast"),
}

Samples = Sequence[Mapping[str, Any]]


def spread(values: Sequence[float]) -> dict[str, float]:
    """Return the median, least and most."""
    return {"median": statistics.median(values), "least": min(values), "most": max(values)}


def server(sample: Mapping[str, Any]) -> float:
    """Return the CPU time of all but the load."""
    total: float = sum(value for name, value in sample["cpu"].items() if name != "load")
    return total


def row(way: Way, samples: Samples) -> dict[str, Any]:
    """Return a way, as a line of a table."""
    parts = {name: statistics.median(sample["cpu"].get(name, 0.0) for sample in samples) for name in COLOURS}
    return {
        "way": way,
        "rate": spread([sample["rate"] for sample in samples]),
        "cpu": parts,
        "server": spread([server(sample) for sample in samples]),
        "per_cpu_second": statistics.median(1e6 / server(sample) for sample in samples),
        "errors": sum(sample["errors"] for sample in samples),
    }


def ratios(mine: Samples, other: Samples) -> dict[str, dict[str, float]]:
    """Return the ratios of two ways, round by round: by the rate, and by the CPU time that is left out of the
    generator's.
    """
    pairs = list(zip(mine, other, strict=True))
    return {
        "rate": spread([a["rate"] / b["rate"] for a, b in pairs]),
        "cpu": spread([server(b) / server(a) for a, b in pairs]),
    }


def comparisons(kept: Mapping[str, Samples]) -> list[dict[str, Any]]:
    """Return every pair that says something."""
    return [
        {"one": BY_NAME[one], "other": BY_NAME[other], **ratios(kept[one], kept[other])}
        for one, others in AGAINST.items()
        for other in others
        if one in kept and other in kept
    ]


def faced(name: str, what: str, found: Mapping[str, Samples]) -> dict[str, Any]:
    """Compare ours and the guide's way in one other respect."""
    mine, other = (row(BY_NAME[way], found[way]) for way in (OURS, GUIDE))
    return {"name": name, "what": what, "ours": mine, "guide": other, **ratios(found[OURS], found[GUIDE])}


def markdown(results: Mapping[str, Any]) -> str:
    """Return the page."""
    kept = results["kept"]
    result = {
        "rows": [row(way, kept[way.name]) for way in WAYS if way.name in kept],
        "comparisons": comparisons(kept),
        "verdict": {f"{pair['one'].name} {pair['other'].name}": pair for pair in comparisons(kept)},
        "faced": [faced(name, what, results[name]) for name, what in FACED.items() if name in results],
        "memory_of": {name: spread(values) for name, values in results.get("memory", {}).items()},
        "disturbed": round(DISTURBED * 100),
        "left": sum(sample["foreign"] > DISTURBED for samples in kept.values() for sample in samples),
        "foreign": statistics.median(sample["foreign"] for samples in kept.values() for sample in samples),
        "taken": sum(len(samples) for samples in kept.values()),
        "tuning": PAGE.with_name("tuning.md").read_text().strip(),
        "seconds": SECONDS,
        "visitors": VISITORS,
    }
    page: str = jinja2.Template(PAGE.read_text(), trim_blocks=True, lstrip_blocks=True).render({**results, **result})
    return page


FACED = {
    "many": f"requests of {MANY} visitors, HTTP/1.1",
    "http2": f"requests over HTTP/2, {STREAMS} streams of each visitor",
    "full": "TLS handshakes, all of it",
    "resumed": "TLS handshakes, a session resumed",
}


def charts(results: Mapping[str, Any]) -> dict[str, str]:
    """Return the plots, by name."""
    rows = [row(way, results["kept"][way.name]) for way in WAYS if way.name in results["kept"]]
    rates = [
        Bar(
            item["way"].about, {"": item["rate"]["median"]}, (item["rate"]["least"], item["rate"]["most"]), colour(item)
        )
        for item in rows
    ]
    costs = [
        Bar(item["way"].about, {name: item["cpu"][name] for name in COLOURS if item["cpu"][name] >= 0.5})
        for item in rows
    ]
    result = {
        "rate": Chart("Requests per second, load and servers on the same processors", "requests/s", rates),
        "cpu": Chart("CPU time of a request", "µs", costs, colours=COLOURS),
    }
    if "full" in results:
        shaken = [faced(name, FACED[name], results[name]) for name in ("full", "resumed")]
        bars = [
            Bar(
                f"{side[who]}, {item['name']}",
                {"": item[who]["rate"]["median"]},
                (item[who]["rate"]["least"], item[who]["rate"]["most"]),
                "a" if who == "ours" else "b",
            )
            for item in shaken
            for side in ({"ours": "asgi.deploy", "guide": "the guide"},)
            for who in ("ours", "guide")
        ]
        result["handshakes"] = Chart("TLS handshakes per second", "handshakes/s", bars)
    if "memory" in results:
        memory = {name: spread(values) for name, values in results["memory"].items()}
        result["memory"] = Chart(
            "Memory of a FastAPI application, all its workers",
            "MiB",
            [
                Bar(label, {"": memory[name]["median"]}, (memory[name]["least"], memory[name]["most"]))
                for name, label in MEMORY.items()
            ],
        )
    return {name: svg(chart) for name, chart in result.items()}


MEMORY = {"one": "as it is by default", "preloaded": "with preload_app", "further": "a further application adds"}


def colour(one: Mapping[str, Any]) -> str:
    """Return the colour of ours, of the guide's way, or of uvicorn by itself."""
    name = one["way"].name
    return "a" if name.startswith("ours") else "b" if name.startswith("guide") else "e"

"""Bars as SVG: medians with the least and the most of all rounds, in light and in dark."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape

WIDTH, LABELS, VALUES = 880, 300, 150
ROW, BAR, HEAD, FOOT = 34, 16, 62, 34
PLOT = WIDTH - LABELS - VALUES

# The hues keep their distance for colour-blind eyes, and their contrast on both grounds.
STYLE = """\
  svg { color-scheme: light dark; --ink: #1f2328; --soft: #59636e; --line: #d1d9e0; --ground: #ffffff;
    --a: #0969da; --b: #bc4c00; --c: #1a7f37; --d: #8250df; --e: #8c959f }
  @media (prefers-color-scheme: dark) {
    svg { --ink: #f0f6fc; --soft: #9198a1; --line: #3d444d; --ground: #0d1117;
      --a: #4493f8; --b: #f0883e; --c: #3fb950; --d: #ab7df8; --e: #7d8590 } }
  text { font: 13px system-ui, -apple-system, "Segoe UI", sans-serif; fill: var(--ink) }
  .title { font-size: 16px; font-weight: 600 } .soft { fill: var(--soft); font-size: 12px }
  .grid { stroke: var(--line) } .spread { stroke: var(--ink); stroke-width: 1.5 }
  .ground { fill: var(--ground) }
  .a { fill: var(--a) } .b { fill: var(--b) } .c { fill: var(--c) } .d { fill: var(--d) } .e { fill: var(--e) }"""


@dataclass(frozen=True)
class Bar:
    """One row: what it is called, its parts by their names, and the least and the most of the whole."""

    label: str
    parts: dict[str, float]
    spread: tuple[float, float] | None = None
    colour: str = "a"
    note: str = ""
    """What is said next to the number, as the ratio to another."""

    @property
    def whole(self) -> float:
        return sum(self.parts.values())


@dataclass(frozen=True)
class Chart:
    """Some bars with one scale."""

    title: str
    unit: str
    bars: Sequence[Bar]
    decimals: int = 0
    colours: dict[str, str] = field(default_factory=dict)
    """Of parts, by name; with these the chart has a legend, and a bar's own colour says nothing."""


def svg(chart: Chart) -> str:
    """Return the picture."""
    most = max(max(bar.whole, bar.spread[1] if bar.spread else 0) for bar in chart.bars)
    step = _step(most)
    top = step * math.ceil(most / step)
    height = HEAD + ROW * len(chart.bars) + FOOT
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img">',
        f"<title>{escape(chart.title)}</title>",
        f"<style>\n{STYLE}\n</style>",
        f'<rect class="ground" width="{WIDTH}" height="{height}" rx="8"/>',
        f'<text class="title" x="16" y="28">{escape(chart.title)}</text>',
        *_legend(chart),
        *_grid(step, top, len(chart.bars), chart.unit),
    ]
    for number, bar in enumerate(chart.bars):
        lines += _row(chart, bar, HEAD + ROW * number, PLOT / top)
    return "\n".join([*lines, "</svg>", ""])


def _step(most: float) -> float:
    """Return a round number of which about five make the whole."""
    raw = most / 5 or 1
    power: float = 10 ** math.floor(math.log10(raw))
    return power * next(factor for factor in (1, 2, 2.5, 5, 10) if factor * power >= raw * 0.999)


def _legend(chart: Chart) -> list[str]:
    result, x = [], LABELS
    for name, colour in chart.colours.items():
        result.append(f'<rect class="{colour}" x="{x}" y="40" width="10" height="10" rx="2"/>')
        result.append(f'<text class="soft" x="{x + 15}" y="49">{escape(name)}</text>')
        x += 30 + 7 * len(name)
    return result


def _grid(step: float, top: float, rows: int, unit: str) -> list[str]:
    bottom = HEAD + ROW * rows
    result = []
    for number in range(round(top / step) + 1):
        x = LABELS + PLOT * number * step / top
        result.append(f'<line class="grid" x1="{x:.1f}" y1="{HEAD - 6}" x2="{x:.1f}" y2="{bottom}"/>')
        text = f'<text class="soft" x="{x:.1f}" y="{bottom + 18}" text-anchor="middle">'
        result.append(f"{text}{number * step:,g}</text>")
    end = WIDTH - 16
    return [*result, f'<text class="soft" x="{end}" y="{bottom + 18}" text-anchor="end">{escape(unit)}</text>']


def _row(chart: Chart, bar: Bar, y: int, scale: float) -> list[str]:
    middle = y + ROW / 2
    result = [f'<text x="{LABELS - 12}" y="{middle + 4.5}" text-anchor="end">{escape(bar.label)}</text>']
    x = float(LABELS)
    for name, value in bar.parts.items():
        colour = chart.colours.get(name, bar.colour)
        width = value * scale
        result.append(f'<rect class="{colour}" x="{x:.1f}" y="{middle - BAR / 2}" width="{width:.1f}" height="{BAR}"/>')
        x += width
    if bar.spread:
        least, most = (LABELS + value * scale for value in bar.spread)
        x = max(x, most)
        result.append(
            f'<path class="spread" fill="none" d="M{least:.1f} {middle - 5}v10m0 -5H{most:.1f}m0 -5v10"/>',
        )
    output = f"{bar.whole:,.{chart.decimals}f}{f'  {bar.note}' if bar.note else ''}"
    return [*result, f'<text x="{x + 8:.1f}" y="{middle + 4.5}">{escape(output)}</text>']

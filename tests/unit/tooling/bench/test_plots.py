"""Plots of benchmarks: what is drawn is what was measured."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from tests.bench.plots import LABELS, PLOT, Bar, Chart, svg

SVG = "{http://www.w3.org/2000/svg}"


def drawn(chart: Chart) -> ElementTree.Element:
    return ElementTree.fromstring(svg(chart))  # noqa: S314 - our own text


def widths(chart: Chart) -> list[float]:
    return [
        float(item.attrib["width"]) for item in drawn(chart).iter(f"{SVG}rect") if item.attrib.get("height") == "16"
    ]


def test_bars_are_as_long_as_they_are_much() -> None:
    whole, half, *parts = widths(
        Chart("t", "s", [Bar("a", {"": 100}), Bar("b", {"": 50}), Bar("c", {"x": 25, "y": 75})])
    )
    assert whole == pytest.approx(PLOT, abs=0.1)
    assert [half, *parts] == pytest.approx([PLOT / 2, PLOT / 4, PLOT * 3 / 4], abs=0.1)


@pytest.mark.parametrize("most", [0.03, 1, 7, 99, 100, 101, 25_000])
def test_all_of_it_is_inside(most: float) -> None:
    chart = Chart("t", "s", [Bar("a", {"": most / 2}, (most / 4, most))])
    (spread,) = drawn(chart).iter(f"{SVG}path")
    least, highest = (
        float(text) for text in (spread.attrib["d"].split()[0][1:], spread.attrib["d"].split("H")[1].split("m")[0])
    )
    assert LABELS < least < highest <= LABELS + PLOT + 0.1
    assert (least - LABELS) / (highest - LABELS) == pytest.approx(1 / 4, abs=0.01)


def test_names_are_text_and_no_markup() -> None:
    chart = Chart("<b>", "µs & s", [Bar("a < b", {"x": 1.25}, note="½ of it")], decimals=2, colours={"x": "c"})
    texts = [item.text for item in drawn(chart).iter(f"{SVG}text")]
    assert {"<b>", "µs & s", "a < b", "1.25  ½ of it", "x"} <= set(texts)

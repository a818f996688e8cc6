"""Tables of text with aligned columns, and numbers in readable units."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

_GAP = "  "
_AGES = ((86_400, "d"), (3600, "h"), (60, "min"), (1, "s"))
_SIZES = ((2**40, "TiB"), (2**30, "GiB"), (2**20, "MiB"), (2**10, "KiB"))


def table(rows: Sequence[Mapping[str, str]]) -> list[str]:
    """Return lines with a heading; the keys of the first row are the columns, without those that are empty in all rows.

    >>> table([{"app": "shop", "release": "v1"}, {"app": "api", "release": "v2"}])
    ['APP   RELEASE', 'shop  v1', 'api   v2']
    """
    if not rows:
        return []
    columns = [column for column in rows[0] if any(row[column] for row in rows)]
    lines = [[column.upper() for column in columns], *([row[column] for column in columns] for row in rows)]
    widths = [max(len(line[index]) for line in lines) for index in range(len(columns))]
    return [_GAP.join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip() for line in lines]


def age(seconds: float) -> str:
    """Return a span of seconds in its largest whole unit.

    >>> age(7300)
    '2 h'
    """
    size, unit = next((pair for pair in _AGES if seconds >= pair[0]), _AGES[-1])
    return f"{max(0, int(seconds // size))} {unit}"


def size(count: float) -> str:
    """Return a number of bytes in the unit that leaves one to three digits before the point.

    >>> size(1.5 * 2**30)
    '1.5 GiB'
    """
    factor, unit = next((pair for pair in _SIZES if count >= pair[0]), (1, "B"))
    number = count / factor
    return f"{number:.1f} {unit}" if number < 10 and factor > 1 else f"{number:.0f} {unit}"

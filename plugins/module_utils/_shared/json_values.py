"""The type of a JSON document of any shape, for the edges where a value really can be anything."""

from __future__ import annotations

from typing import TypeAlias

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"
"""What json.loads returns, such as a line of an audit or a probe's answer. What has a shape has a type of its own."""

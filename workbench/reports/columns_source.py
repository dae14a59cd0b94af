"""The columns of a plan as Python source: pixels and numbered columns in one line, however many there are."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import fields
from itertools import groupby
from typing import Any

from workbench.data import Column
from workbench.reports.source import Call, Code, source_line

_FEW = 20
"""Up to so many columns of a kind in a row are written out."""


def columns_source(columns: Sequence[Column]) -> tuple[Any, ...]:
    """Items of a tuple of columns, for `source.source`."""
    items: list[Any] = []
    for rest, group in groupby(columns, key=_all_but_name):
        names = [column.name for column in group]
        named = dict(rest)
        pattern = _numbered(names) or _on_grid(names)
        if len(names) > _FEW and pattern is not None:
            text, loops = pattern
            items.append(Code(f"*({source_line(Call('Column', (Code(text),), named))} {loops})"))
        elif len(names) > _FEW and not named:
            items.append(Call("*map", (Code("Column"), names)))
        else:
            items += [Call("Column", (name,), named) for name in names]
    return tuple(items)


def _all_but_name(column: Column) -> tuple[tuple[str, Any], ...]:
    """What differs from a plain feature, name aside."""
    return tuple(
        (entry.name, getattr(column, entry.name))
        for entry in fields(Column)
        if entry.name != "name" and getattr(column, entry.name) != entry.default
    )


def _numbered(names: Sequence[str]) -> tuple[str, str] | None:
    """The name with a number k in it, and the loop over k: of "column 1", "column 2" ..."""
    first = re.fullmatch(r"([A-Za-z _]*)(\d+)", names[0])
    if first is None:
        return None
    stem, start = first[1], int(first[2])
    if list(names) != [f"{stem}{start + k}" for k in range(len(names))]:
        return None
    return f'f"{stem}{{k}}"', f"for k in range({start}, {start + len(names)})"


def _on_grid(names: Sequence[str]) -> tuple[str, str] | None:
    """The name with row i, column j and colour in it, and the loops over them: of "pixel 0,0", "pixel 0,1" ..."""
    last = re.fullmatch(r"([A-Za-z ]*)(\d+),(\d+)( [a-z0-9]+)?", names[-1])
    if last is None:
        return None
    stem, height, width = last[1], int(last[2]) + 1, int(last[3]) + 1
    n_colours, rest = divmod(len(names), height * width)
    if rest or not n_colours:
        return None
    colours = [name.removeprefix(f"{stem}0,0") for name in names[:n_colours]]
    if list(names) != [f"{stem}{i},{j}{c}" for i in range(height) for j in range(width) for c in colours]:
        return None
    loops = f"for i in range({height}) for j in range({width})"
    if colours == [""]:
        return f'f"{stem}{{i}},{{j}}"', loops
    return f'f"{stem}{{i}},{{j}}{{c}}"', f"{loops} for c in {source_line(tuple(colours))}"

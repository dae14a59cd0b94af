"""Values as Python source and as comments, laid out as a person would; nothing that a text holds breaks out of it."""

from __future__ import annotations

import builtins
import keyword
import re
import textwrap
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

WIDTH = 100


@dataclass(frozen=True)
class Code:
    """An expression that stands in source as it is."""

    text: str


@dataclass(frozen=True)
class Call:
    """A call of `function`, with arguments by place and by name."""

    function: str
    places: Sequence[Any] = ()
    named: Mapping[str, Any] = field(default_factory=dict)


def assignment(name: str, value: Any) -> str:
    """A line, or several, that give `value` a name."""
    return f"{name} = {source(value, taken=len(name) + 3)}"


def source(value: Any, *, indent: int = 0, taken: int = 0) -> str:
    """An expression for `value`: of None, bool, int, float, str, arrays, tuples, lists, dicts, `Code` and `Call`.

    Parameters
    ----------
    indent : int
        Columns before the lines that follow the first.
    taken : int
        Columns of the first line that are in use.
    """
    opening, items, closing = _parts(value)
    flat = opening + ", ".join(prefix + source_line(item) for prefix, item in items) + closing
    if isinstance(value, tuple) and len(value) == 1:
        flat = f"{flat[:-1]},)"
    if not items or indent + taken + len(flat) <= WIDTH:
        return flat
    inner = indent + 4
    on_one_line = ", ".join(prefix + source_line(item) for prefix, item in items)
    if inner + len(on_one_line) <= WIDTH and isinstance(value, Call | np.ndarray):
        return f"{opening}\n{' ' * inner}{on_one_line}\n{' ' * indent}{closing}"
    lines = (f"{' ' * inner}{prefix}{source(item, indent=inner, taken=len(prefix) + 1)},\n" for prefix, item in items)
    return f"{opening}\n{''.join(lines)}{' ' * indent}{closing}"


def source_line(value: Any) -> str:
    """The same on one line, however long."""
    opening, items, closing = _parts(value)
    comma = "," if isinstance(value, tuple) and len(value) == 1 else ""
    return opening + ", ".join(prefix + source_line(item) for prefix, item in items) + comma + closing


def comment(text: str) -> str:
    """`text` as lines of comment."""
    return "\n".join(f"# {line}" for line in textwrap.wrap(plain(text), WIDTH - 2, break_on_hyphens=False)) or "#"


def plain(text: str) -> str:
    """`text` on one line, without characters that end lines, are not seen, or turn the direction of reading."""
    return "".join(character if character.isprintable() else " " for character in text)


def identifier(text: str, otherwise: str, taken: Collection[str]) -> str:
    """A name for a variable that is like `text`, and none of those taken or known to Python."""
    letters = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    stem = re.sub(r"[^a-z0-9]+", "_", letters).strip("_")[:30].strip("_")
    if not stem or stem[0].isdigit():
        stem = f"{otherwise}_{stem}".strip("_")
    known = {*taken, *keyword.kwlist, *keyword.softkwlist, *dir(builtins)}
    return next(name for k in range(1, len(known) + 2) if (name := stem if k == 1 else f"{stem}_{k}") not in known)


def _parts(value: Any) -> tuple[str, list[tuple[str, Any]], str]:
    """What opens an expression, the items in it with what stands before each, and what closes it."""
    match value:
        case Code(text):
            return text, [], ""
        case Call(function, places, named):
            return f"{function}(", [("", v) for v in places] + [(f"{k}=", v) for k, v in named.items()], ")"
        case np.ndarray():
            return "np.array(", [("", value.tolist())], ")"
        case tuple():
            return "(", [("", v) for v in value], ")"
        case list():
            return "[", [("", v) for v in value], "]"
        case Mapping():
            return "{", [(f"{_scalar(k)}: ", v) for k, v in value.items()], "}"
        case _:
            return _scalar(value), [], ""


def _scalar(value: Any) -> str:
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not np.isfinite(value):
        return f'float("{value}")'
    if not isinstance(value, str | int | float | bool | None):
        raise TypeError(f"{type(value).__name__} cannot be written as source.")
    text = repr(value)
    if isinstance(value, str) and text[0] == "'" and '"' not in text:
        return f'"{text[1:-1]}"'
    return text

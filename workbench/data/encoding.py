"""How a column of categories, dates or angles becomes numbers: what is wished for, and the columns that come of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from workbench.data.errors import DataError

KINDS = ("number", "one-hot", "ordinal", "hash", "date", "cyclic")
DATE_PARTS = {"days": "days since 1970", "day": "time of day", "week": "day of the week", "year": "day of the year"}
MOST_LEVELS = 1000
"""Of a one-hot column; more are hashed."""
FEW_LEVELS = 50
"""Up to so many levels make a column of text one-hot where nothing else is said."""
_MOST_BUCKETS = 65_536


@dataclass(frozen=True)
class Encoding:
    """One column's way to become numbers.

    Attributes
    ----------
    kind : {"number", "one-hot", "ordinal", "hash", "date", "cyclic"}
        As it is; one column of 0 and 1 for each level; the level's place in the order; as many columns as there are
        buckets, with the sign of the level's hash (Weinberger et al. 2009) in one of them; parts of a date; or sine
        and cosine of the place in a period.
    levels : tuple of str
        Of "one-hot" and "ordinal", in their order; empty: those of the training rows, sorted.
    n_buckets : int
        Of "hash".
    parts : tuple of str
        Of "date": "days" since 1970 as a number; the "day", "week" and "year" as sine and cosine of the place in it.
    period : float
        Of "cyclic", in the units of the column.
    format : str
        Of "date", as `strftime` has it; empty: found out.
    """

    kind: str
    levels: tuple[str, ...] = ()
    n_buckets: int = 32
    parts: tuple[str, ...] = ("days",)
    period: float = 0.0
    format: str = ""

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise DataError(f'There is no encoding "{self.kind}"; there are {", ".join(KINDS)}.')
        if self.kind == "hash" and not 2 <= self.n_buckets <= _MOST_BUCKETS:
            raise DataError(f"Hashing takes 2 to {_MOST_BUCKETS:,} columns, not {self.n_buckets:,}.")
        if self.kind == "cyclic" and not 0 < self.period < float("inf"):
            raise DataError("A cyclic column needs its period, such as 24 for hours or 360 for degrees.")
        if self.kind == "date" and (not self.parts or set(self.parts) - set(DATE_PARTS)):
            raise DataError(f"A date becomes one or more of {', '.join(DATE_PARTS)}.")
        if len(set(self.levels)) < len(self.levels):
            raise DataError("A level is named twice.")

    @property
    def is_category(self) -> bool:
        """Whether the column holds levels."""
        return self.kind in ("one-hot", "ordinal", "hash")

    @classmethod
    def parse(cls, text: str) -> Encoding:
        """The encoding that `text` tells: a kind and, after a colon, what is particular.

        "one-hot", "ordinal:low<mid<high", "hash:64", "date:days+year", "date:day@%d.%m.%y %H:%M", "cyclic:24".

        Raises
        ------
        DataError
            If it tells none.
        """
        kind, _, rest = text.partition(":")
        kind = kind.strip()
        try:
            match kind:
                case "ordinal" | "one-hot" if rest:
                    return cls(kind, levels=tuple(level.strip() for level in re.split("[<,]", rest)))
                case "hash" if rest:
                    return cls(kind, n_buckets=int(rest))
                case "cyclic":
                    return cls(kind, period=float(rest or "0"))
                case "date" if rest:
                    parts, _, form = rest.partition("@")
                    named = tuple(part.strip() for part in parts.split("+") if part.strip())
                    return cls(kind, parts=named or ("days",), format=form)
        except ValueError as error:
            raise DataError(f'The encoding "{text}" is not understood: {rest} is no number.') from error
        if rest:
            raise DataError(f'The encoding "{text}" is not understood: {kind} takes nothing after a colon.')
        return cls(kind)

    def __str__(self) -> str:
        """In the words that `parse` takes; those that are found out again may be missing: levels of "one-hot"."""
        match self.kind:
            case "hash":
                return f"hash:{self.n_buckets}"
            case "cyclic":
                return f"cyclic:{self.period:g}"
            case "date":
                return "date:" + "+".join(self.parts) + (f"@{self.format}" if self.format else "")
            case "ordinal" if self.levels:
                return "ordinal:" + "<".join(self.levels)
            case _:
                return self.kind

    def to_json(self) -> dict[str, Any]:
        """This encoding as what JSON can hold."""
        return {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(self).items()}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Encoding:
        """The encoding that `to_json` gave; raises TypeError for foreign entries."""
        entries: dict[str, Any] = {k: tuple(entry) if isinstance(entry, list) else entry for k, entry in value.items()}
        return cls(**entries)

    def names(self, column: str) -> tuple[str, ...]:
        """Names of the columns that `column` becomes; levels have been found out."""
        match self.kind:
            case "one-hot":
                return tuple(f"{column} = {level}" for level in self.levels)
            case "hash":
                return tuple(f"{column} #{k + 1}" for k in range(self.n_buckets))
            case "date":
                return tuple(
                    name
                    for part in self.parts
                    for name in ([f"{column} (days)"] if part == "days" else _waves(f"{column}, {part}"))
                )
            case "cyclic":
                return _waves(column)
            case _:
                return (column,)


def usual(type: str, n_levels: int) -> Encoding:
    """What becomes of a column of this type, see `Column`, where nothing else is said."""
    if type == "date":
        return Encoding("date")
    if type != "text":
        return Encoding("number")
    return Encoding("one-hot") if n_levels <= FEW_LEVELS else Encoding("hash")


def _waves(name: str) -> tuple[str, str]:
    return f"{name} (sine)", f"{name} (cosine)"

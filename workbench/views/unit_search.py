"""Words such as "petal length high, sepal width < 3" and the units of a map that fit them; nothing is drawn here.

A search is terms joined by commas (or "and"), and these by "or", which binds less. A term is a feature and what it
should be: high, low, > 3.5 (also >=, <, <=, above, below) or between 1 and 2, in the units of the data. A feature is
named by its whole name or its beginning; names with such words or signs in them go in quotes.
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workbench.views.wording import number, one_line, shorten

Fits = NDArray[np.bool_]

HINT = "high, low, > 3.5, or between 1 and 2"
LONGEST = 2000
"""Letters that are read of a search."""

_TOKENS = re.compile(
    r"""(?P<quoted>"[^"]*"|'[^']*'(?!\w)|“[^”]*”|„[^“”]*[“”])
    |(?P<compare>>=|<=|≥|≤|>|<)
    |(?P<comma>[,;])
    |(?P<word>[^\s,;<>≥≤"“”„]+|["“”„])""",
    re.VERBOSE,
)
_NUMBER = re.compile(r"[-+−]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+−]?\d+)?")
_COMPARES: dict[str, Callable[[NDArray[np.float64], float], Fits]] = {
    ">": np.greater,
    ">=": np.greater_equal,
    "≥": np.greater_equal,
    "<": np.less,
    "<=": np.less_equal,
    "≤": np.less_equal,
    "above": np.greater,
    "over": np.greater,
    "below": np.less,
    "under": np.less,
}


@dataclass(frozen=True, eq=False)
class UnitSearch:
    """What came of a search.

    Attributes
    ----------
    fits : (M,) bool, or None
        Units that fit; None where nothing was searched for, or it was not understood.
    trouble : str
        One sentence on what was not understood, and what to write instead; "" if all was.
    """

    fits: Fits | None
    trouble: str


class _Unclear(Exception):
    """What was not understood, in one sentence."""


@dataclass(frozen=True)
class _Token:
    """One word, number, sign or quoted name of a search."""

    match: re.Match[str]

    @property
    def text(self) -> str:
        return self.match.group()

    def says(self, *words: str) -> bool:
        return self.match.lastgroup != "quoted" and self.text.casefold() in words


def find_units(
    text: str, planes: NDArray[np.float64], names: Sequence[str], units: Sequence[str] | None = None
) -> UnitSearch:
    """Units that fit `text`, any text at all.

    Parameters
    ----------
    text : str
    planes : (p, M) float64
        Value of each feature at each unit. High is the upper third of the units by it, low the lower third; a unit at
        the lowest value of all is never high, one at the highest never low.
    names : p str
        Of the features.
    units : p str, optional
        Units of the features, which may stand behind numbers.

    Examples
    --------
    >>> planes = np.array([[1.0, 2.0, 3.0], [9.0, 9.0, 4.0]])
    >>> find_units("len high or width > 5", planes, ["length", "width"]).fits.tolist()
    [True, True, True]
    >>> find_units("lenght high", planes, ["length", "width"]).trouble
    'There is no feature “lenght”; near it: “length”.'
    """
    tokens = [_Token(match) for match in _TOKENS.finditer(one_line(text)[:LONGEST])]
    features = _Features(planes, names, units or [""] * len(names))
    found: Fits | None = None
    try:
        for choice in _parted(tokens, lambda token: token.says("or")):
            fits = _all_of(choice, features)
            if fits is not None:
                found = fits if found is None else found | fits
    except _Unclear as error:
        return UnitSearch(None, str(error))
    return UnitSearch(found, "")


def _all_of(tokens: list[_Token], features: _Features) -> Fits | None:
    """Units that fit every one of the terms; None without a term."""
    found: Fits | None = None
    for term in _parted(_with_bounds(tokens), lambda token: token.says(",", ";", "and", "&")):
        if term:
            fits = _term(term, features)
            found = fits if found is None else found & fits
    return found


def _parted(tokens: list[_Token], splits: Callable[[_Token], bool]) -> list[list[_Token]]:
    parts: list[list[_Token]] = [[]]
    for token in tokens:
        if splits(token):
            parts.append([])
        else:
            parts[-1].append(token)
    return parts


def _with_bounds(tokens: list[_Token]) -> list[_Token]:
    """The same with "between 1 and 2" as "between 1 2", so that every other "and" parts terms."""
    kept: list[_Token] = []
    for token in tokens:
        since = next((kept[-k:] for k in (1, 2) if len(kept) > k and kept[-k - 1].says("between")), [])
        n_bounds = sum(_NUMBER.match(one.text) is not None for one in since)
        if n_bounds != 1 or not token.says("and"):
            kept.append(token)
    return kept


def _term(tokens: list[_Token], features: _Features) -> Fits:
    """Units that fit one term: the longest beginning that names a feature, and what follows."""
    starts = [k for k, token in enumerate(tokens) if k and _asks(token)]
    if not starts:
        if _asks(tokens[0]):
            raise _Unclear(f"Name a feature before “{_text(tokens)}”, such as {features.example}.")
        features.number_of(tokens)
        raise _Unclear(f"Say what “{_text(tokens)}” should be: {HINT}.")
    named = [k for k in starts if features.is_named(tokens[:k])]
    start = named[-1] if named else starts[0]
    return features.fitting(features.number_of(tokens[:start]), tokens[start:])


def _asks(token: _Token) -> bool:
    """Whether what a feature should be may begin here."""
    return token.says("high", "low", "between", "=", "is", *_COMPARES)


def _text(tokens: list[_Token]) -> str:
    """The tokens as they were written."""
    first, last = tokens[0].match, tokens[-1].match
    return shorten(first.string[first.start() : last.end()], 40)


class _Features:
    """Features (p) with their values (p, M) at the units, found by name."""

    def __init__(self, planes: NDArray[np.float64], names: Sequence[str], units: Sequence[str]) -> None:
        self._planes, self._names, self._units = planes, list(names), list(units)
        self._folded = [_folded(name) for name in names]

    @property
    def example(self) -> str:
        return f"“{shorten(self._names[0], 30)} high”" if self._names else "“length high”"

    def is_named(self, name: list[_Token]) -> bool:
        """Whether `name` is one feature's, or the beginning of one's alone."""
        return len(self._called(name)) == 1

    def number_of(self, name: list[_Token]) -> int:
        """The feature called `name`."""
        called = self._called(name)
        if len(called) == 1:
            return called[0]
        short = _text(name)
        if called:
            listed = " or ".join(self._quoted(j) for j in called[:3])
            more = f" or {len(called) - 3:,} more" if len(called) > 3 else ""
            raise _Unclear(f"“{short}” may be {listed}{more}: write more of the name.")
        near = difflib.get_close_matches(_named(name)[:60], self._folded, 3, 0.4)
        nearest = [self._quoted(self._folded.index(found)) for found in near]
        ending = (
            f"near it: {', '.join(nearest)}" if nearest else f"write a name and what it should be, as {self.example}"
        )
        raise _Unclear(f"There is no feature “{short}”; {ending}.")

    def _called(self, name: list[_Token]) -> list[int]:
        folded = _named(name)
        whole = [j for j, known in enumerate(self._folded) if known == folded]
        if whole or not folded:
            return whole
        return [j for j, known in enumerate(self._folded) if known.startswith(folded)]

    def _quoted(self, which: int) -> str:
        return f"“{shorten(self._names[which], 30)}”"

    def fitting(self, which: int, asked: list[_Token]) -> Fits:
        """Units at which feature `which` is as `asked`."""
        while len(asked) > 1 and asked[0].says("is"):
            asked = asked[1:]
        values = self._planes[which]
        wanted = asked[0].text.casefold()
        rest = [token.text.casefold() for token in asked[1:]]
        if wanted in ("high", "low") and not rest:
            return _third(values, wanted)
        bounds = _bounds(rest, _folded(self._units[which]))
        if wanted in _COMPARES and len(bounds) == 1:
            return _COMPARES[wanted](values, bounds[0])
        if wanted == "between" and len(bounds) == 2:
            return _within(values, min(bounds), max(bounds))
        if any(_asks(token) for token in asked[1:]):
            raise _Unclear(f"“{_text(asked)}” is more than one wish: put a comma, “and” or “or” between two.")
        finite = values[np.isfinite(values)]
        unit = shorten(self._units[which], 12)
        ends = f" ({number(finite.min())} to {number(finite.max())} {unit}".rstrip() + ")" if len(finite) else ""
        raise _Unclear(f"“{_text(asked)}” is not clear for {self._quoted(which)}{ends}: write {HINT}.")


def _bounds(words: list[str], unit: str) -> list[float]:
    """Numbers, behind each of which the feature's unit may stand; none if there is any other word."""
    found = []
    for k, word in enumerate(words):
        if unit and k and word == unit and _NUMBER.fullmatch(words[k - 1]):
            continue
        bare = word.removesuffix(unit) if unit else word
        if not _NUMBER.fullmatch(bare):
            return []
        found.append(float(bare.replace("−", "-")))
    return found


def _third(values: NDArray[np.float64], end: str) -> Fits:
    """The units in the upper or lower third by their values."""
    ordered = np.sort(values[np.isfinite(values)])
    if not len(ordered):
        return np.zeros(len(values), np.bool_)
    third = (len(ordered) - 1) // 3
    if end == "high":
        return _within(values, max(ordered[-1 - third], np.nextafter(ordered[0], math.inf)), math.inf)
    return _within(values, -math.inf, min(ordered[third], np.nextafter(ordered[-1], -math.inf)))


def _within(values: NDArray[np.float64], low: float, high: float) -> Fits:
    inside: Fits = (values >= low) & (values <= high)
    return inside


def _named(name: list[_Token]) -> str:
    """The name that tokens write, without the quotes around it."""
    first, last = name[0].match, name[-1].match
    written = first.string[first.start() : last.end()]
    return _folded(written[1:-1] if len(name) == 1 and first.lastgroup == "quoted" else written)


def _folded(name: str) -> str:
    return " ".join(one_line(name).casefold().split())

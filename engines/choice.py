"""How many? What columns of criteria say of the counts, and the count that they recommend; nothing is measured here."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Column = Sequence[float] | Floats

LEAST_BEND = 0.1
"""An elbow counts from this share of the error's whole fall, in logarithms, below the straight line."""
LEAST_EXCESS = 0.05
"""So much must the silhouette of the rows exceed that of rows without groups: least, and in standard deviations."""
LEAST_DEVIATIONS = 3.0


@dataclass(frozen=True)
class Criterion:
    """One way to tell which count is best.

    Attributes
    ----------
    name : str
        Of its column.
    title : str
        For people, as in "the silhouette".
    rule : str
        Which count it takes, in a few words.
    best : callable
        Maps counts (m,), increasing, and the table of columns (m,) to one of the counts, or to None where it tells
        none.
    votes : bool
        Whether it has a say in the recommendation.
    """

    name: str
    title: str
    rule: str
    best: Callable[[Sequence[int], Mapping[str, Column]], int | None]
    votes: bool = True


@dataclass(frozen=True)
class Recommendation:
    """Which count to take.

    Attributes
    ----------
    value : int or None
        None where no count is to be preferred.
    reason : str
        One sentence.
    remarks : tuple of str
        What else is worth knowing: one sentence each.
    bests : dict of str to int or None
        The count that each criterion with a column in the table would take.
    agreed : bool
        Whether more than half of the criteria that vote have chosen `value`.
    """

    value: int | None
    reason: str
    remarks: tuple[str, ...]
    bests: Mapping[str, int | None]
    agreed: bool


# What a column says of the counts


def elbow(counts: Sequence[int], errors: Column) -> int | None:
    """The count at which a falling error bends most; None where it does not bend.

    Both axes are taken in logarithms, in which the error of rows without groups falls on nearly a straight line
    (Zador: J ∝ K^(−2/d)). The elbow is the count whose error lies farthest below the line from the first to the last
    count, by at least `LEAST_BEND` of the whole fall; it is never the first or the last.

    Parameters
    ----------
    counts : sequence of m int
        Increasing.
    errors : (m,) floats
        What is not finite or not positive is left out.

    References
    ----------
    Satopää et al., "Finding a 'kneedle' in a haystack", 2011; Zador, "Asymptotic quantization error", 1982.
    """
    known, values = _known(counts, errors)
    known, values = known[values > 0], values[values > 0]
    x, y = np.log(known), np.log(values)
    if len(known) < 3 or y[-1] >= y[0]:
        return None
    x = (x - x[0]) / (x[-1] - x[0])
    y = (y[0] - y) / (y[0] - y[-1])  # how much of the fall is done
    bend = y - x
    best = int(bend.argmax())
    return int(known[best]) if bend[best] >= LEAST_BEND else None


def chord(counts: Sequence[int], errors: Column) -> Floats:
    """The line (m,) under which `elbow` looks for the bend: straight in logarithms, from first to last error.

    NaN outside of these two.
    """
    known, values = _known(counts, errors)
    known, values = known[values > 0], values[values > 0]
    if len(known) < 2:
        return np.full(len(counts), np.nan)
    ends = [0, -1]
    return np.asarray(np.exp(np.interp(np.log(counts), np.log(known[ends]), np.log(values[ends]), np.nan, np.nan)))


def highest(counts: Sequence[int], values: Column) -> int | None:
    """The count of the highest value, of equal ones the lowest; None without any."""
    known, found = _known(counts, values)
    return int(known[found.argmax()]) if len(known) else None


def lowest(counts: Sequence[int], values: Column) -> int | None:
    """The count of the lowest value, of equal ones the lowest; None without any."""
    known, found = _known(counts, values)
    return int(known[found.argmin()]) if len(known) else None


def dip(counts: Sequence[int], values: Column) -> int | None:
    """The count of the lowest value, unless it is the last of several: it may be lower still beyond."""
    best = lowest(counts, values)
    known, _ = _known(counts, values)
    return None if len(known) > 1 and best == known[-1] else best


def most_stable(counts: Sequence[int], values: Column, errors: Column) -> int | None:
    """The largest count whose value is within the standard error of the highest: merged groups are stable too."""
    known, found = _known(counts, values)
    if not len(known):
        return None
    spread = np.nan_to_num(np.asarray(errors, np.float64)[np.isfinite(np.asarray(values, np.float64))])
    best = int(found.argmax())
    return int(known[found >= found[best] - spread[best]].max())


def _known(counts: Sequence[int], values: Column) -> tuple[NDArray[np.int64], Floats]:
    """Counts and values where there is a value."""
    column = np.asarray(values, np.float64)
    finite = np.isfinite(column)
    return np.asarray(counts, np.int64)[finite], column[finite]


CRITERIA = (
    Criterion("error_per_row", "the elbow", "sharpest bend", lambda k, table: elbow(k, table["error_per_row"])),
    Criterion("silhouette", "the silhouette", "highest", lambda k, table: highest(k, table["silhouette"])),
    Criterion("davies_bouldin", "Davies–Bouldin", "lowest", lambda k, table: lowest(k, table["davies_bouldin"])),
    Criterion(
        "calinski_harabasz", "Calinski–Harabasz", "highest", lambda k, table: highest(k, table["calinski_harabasz"])
    ),
    Criterion("bic", "BIC", "lowest", lambda k, table: dip(k, table["bic"])),
    Criterion("aic", "AIC", "lowest", lambda k, table: dip(k, table["aic"]), votes=False),
    Criterion(
        "stability",
        "stability",
        "largest stable",
        lambda k, table: most_stable(k, table["stability"], table["stability_error"]),
    ),
    Criterion("ari", "the adjusted Rand index", "highest", lambda k, table: highest(k, table["ari"]), votes=False),
    Criterion(
        "nmi", "the normalised mutual information", "highest", lambda k, table: highest(k, table["nmi"]), votes=False
    ),
)
"""Every criterion, in the order in which they are told."""

COLUMNS = (
    "error_per_row",
    "silhouette",
    "silhouette_without_groups",
    "silhouette_deviation",
    "davies_bouldin",
    "calinski_harabasz",
    "bic",
    "aic",
    "stability",
    "stability_error",
    "ari",
    "nmi",
    "seconds",
)
"""Names of the columns of a table of counts: those of the criteria, what they are compared with, and the time."""


# What they recommend together


def recommend(counts: Sequence[int], table: Mapping[str, Column], *, likelihood: bool = False) -> Recommendation:
    """The count to take, by these rules.

    1. Where at no count the silhouette of the rows exceeds that of rows without groups (`without_groups`, learned by
       the same engine) by 0.05 and by three of its standard deviations, there is no clear number.
    2. A model of the likelihood takes the lowest value of its own BIC, unless that is the last count.
    3. Otherwise the count that most of `CRITERIA` choose; of equally many, the more stable one, then the smaller one.

    Parameters
    ----------
    counts : sequence of m int
        Increasing.
    table : mapping of str to (m,) floats
        Columns of `COLUMNS`; NaN where something is not known.
    likelihood : bool
        Whether the BIC is the engine's own.

    Examples
    --------
    >>> nan = float("nan")
    >>> table = {name: [nan] * 4 for name in COLUMNS} | {
    ...     "silhouette": [0.5, 0.8, 0.6, 0.5], "silhouette_without_groups": [0.4, 0.4, 0.3, 0.3],
    ...     "davies_bouldin": [0.9, 0.3, 0.5, 0.8]}
    >>> recommend([2, 3, 4, 5], table).reason
    '3 is chosen by all 2 criteria (the silhouette and Davies–Bouldin).'
    """
    counts = [int(count) for count in counts]
    bests = {c.name: c.best(counts, table) for c in CRITERIA if np.isfinite(np.asarray(table[c.name], float)).any()}
    remarks = _remarks(counts, table, bests)
    at = _clearest(table)
    if at is None:
        return Recommendation(
            None, "Nothing can be told yet: no count of two or more groups is measured.", remarks, bests, False
        )
    k, excess, margin = at
    if excess < margin:
        seen, chance = table["silhouette"][k], table["silhouette_without_groups"][k]
        reason = (
            "No clear number: at no count are the rows better separated than evenly spread ones would be "
            f"(at best a silhouette of {seen:.2f} against {chance:.2f}, at {counts[k]})."
        )
        return Recommendation(None, reason, remarks, bests, False)
    votes = {c.title: bests[c.name] for c in CRITERIA if c.votes and bests.get(c.name) is not None}
    tally: dict[int, list[str]] = {}
    for title, best in votes.items():
        assert best is not None
        tally.setdefault(best, []).append(title)
    own = bests.get("bic") if likelihood else None
    value = own if own is not None else _elected(counts, table, tally)
    others = {count: titles for count, titles in sorted(tally.items()) if count != value}
    agreed = 2 * len(tally[value]) > len(votes)
    return Recommendation(value, _reason(value, tally[value], others, own is not None), remarks, bests, agreed)


def _clearest(table: Mapping[str, Column]) -> tuple[int, float, float] | None:
    """Where the silhouette exceeds most that of rows without groups, by how much, and by how much it should."""
    excess = np.asarray(table["silhouette"], float) - np.asarray(table["silhouette_without_groups"], float)
    if not np.isfinite(excess).any():
        return None
    deviations = np.asarray(table["silhouette_deviation"], float)
    deviations = deviations[np.isfinite(deviations)]
    pooled = math.sqrt(float(np.mean(deviations**2))) if len(deviations) else 0.0
    k = int(np.nanargmax(excess))
    return k, float(excess[k]), max(LEAST_EXCESS, LEAST_DEVIATIONS * pooled)


def _elected(counts: Sequence[int], table: Mapping[str, Column], tally: Mapping[int, list[str]]) -> int:
    stability = dict(zip(counts, np.nan_to_num(np.asarray(table["stability"], float), nan=-1.0), strict=True))
    return max(tally, key=lambda count: (len(tally[count]), stability[count], -count))


def _reason(value: int, chosen_by: list[str], others: Mapping[int, list[str]], own: bool) -> str:
    n_votes = len(chosen_by) + sum(map(len, others.values()))
    against = listed(
        f"{listed(titles)} {'say' if len(titles) > 1 else 'says'} {count}" for count, titles in others.items()
    )
    if own:
        agreeing = [title for title in chosen_by if title != "BIC"]
        also = f", and {listed(agreeing)} {'agree' if len(agreeing) > 1 else 'agrees'}" if agreeing else ""
        return f"{value} has the lowest BIC of the model{also}" + (f"; {against}." if others else ".")
    if not others:
        return f"{value} is chosen by " + (
            f"all {n_votes} criteria ({listed(chosen_by)})." if n_votes > 1 else f"{chosen_by[0]} alone."
        )
    if 2 * len(chosen_by) > n_votes:
        return f"{value} is chosen by {len(chosen_by)} of {n_votes} criteria ({listed(chosen_by)}); {against}."
    return f"The criteria disagree: {value} has most behind it ({listed(chosen_by)}), but {against}."


def _remarks(counts: Sequence[int], table: Mapping[str, Column], bests: Mapping[str, int | None]) -> tuple[str, ...]:
    said = []
    known, _ = _known(counts, table["bic"])
    if len(known) > 1 and bests.get("bic") is None:
        said.append(f"BIC still falls at {known[-1]}, the end of the range: more may be better.")
    best = bests.get("ari")
    if best is not None:
        found = table["ari"][counts.index(best)]
        said.append(f"The labels agree best with {best} (adjusted Rand index {found:.2f}).")
    return tuple(said)


def listed(words: Iterable[str]) -> str:
    """ "a", "a and b", "a, b and c"."""
    *first, last = words if (words := list(words)) else [""]
    return f"{', '.join(first)} and {last}" if first else last

"""Portable code tried on rows of the dataset against the engine, before it is called saved."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engines.lvq.reject import certainty
from workbench.reports.errors import ReportError
from workbench.reports.learned import Trained
from workbench.reports.portable import Books, Mixture, Nearest, Portable
from workbench.views.model_answers import nearest

Doubles = NDArray[np.float64]

SAFETY = 16
"""Distances may differ by so much times √p ε s², see `rounding`."""
MOST_TRIED = 2000
_WORK = 2e7
"""Multiply-adds that trying may take: of large models fewer rows are tried, but `_FEWEST` at least."""
_FEWEST = 50


@dataclass(frozen=True, eq=False)
class Answers:
    """What is said of n rows.

    Attributes
    ----------
    codes : (n,) or (n, B) int64
        Prototype or component; or a codeword of each book.
    squared : (n, M) float64
        Squared distances to all prototypes or components; of books (n, 1), to what the codes stand for.
    labels : (n,) or None
        Class values.
    certainty : (n,) or None
    posteriors : (n, M) or None
    """

    codes: NDArray[np.int64]
    squared: Doubles
    labels: NDArray[Any] | None = None
    certainty: Doubles | None = None
    posteriors: Doubles | None = None


def some_rows(run: Trained, most: int = MOST_TRIED) -> NDArray[Any]:
    """Rows of the dataset in original units, evenly spread, in the precision of the recipe."""
    rows = run.data.raw
    n = rows.shape[0]
    chosen = np.linspace(0, n - 1, min(n, most)).astype(np.int64)
    return np.concatenate([rows.read(k, k + 1) for k in chosen.tolist()]).astype(run.data.recipe.dtype)


def check(run: Trained, model: Portable, answers: Callable[[NDArray[Any]], Answers], form: str) -> None:
    """Compare `answers` for up to 2,000 rows of the dataset with those of the engine.

    Two of its distances count as one where they differ by no more than twice the `rounding`: such rows may go to either
    prototype.

    Raises
    ------
    ReportError
        If anything differs by more; `form` says what was tried.
    """
    raw = some_rows(run, int(np.clip(_WORK / _work(model.rule), _FEWEST, MOST_TRIED)))
    raw = raw[_usable(model, raw)]
    if not len(raw):
        return
    X = np.asarray(model.recipe.transform(raw), np.float64)
    ours, theirs = engine_answers(run.model, model, X), answers(raw)
    margin = rounding(run.model, model, X)
    near = _near(model, X, ours, theirs, margin)
    wrong = ""
    if not np.all(np.abs(theirs.squared - ours.squared) <= 2 * margin[:, None]):
        wrong = "distances"
    elif not np.all(near | _same(ours.codes, theirs.codes)):
        wrong = "codes" if isinstance(model.rule, Books) else "winners"
    elif ours.labels is not None and not np.all(near | (np.asarray(theirs.labels) == ours.labels)):
        wrong = "classes"
    elif ours.certainty is not None and theirs.certainty is not None:
        D = np.sort(ours.squared, axis=1)
        slack = 1e-9 + 8 * margin / np.maximum(D[:, 0] + D[:, 1], 1e-300)
        wrong = "" if np.all(np.abs(ours.certainty - theirs.certainty) <= slack) else "certainties"
    elif ours.posteriors is not None and theirs.posteriors is not None:
        apart = np.abs(ours.posteriors - theirs.posteriors).max(axis=1)
        wrong = "" if np.all(apart <= 1e-9 + margin) else "probabilities"
    if wrong:
        raise ReportError(
            f"Run '{run.run.name}' gives other {wrong} as {form} than in the workbench, so nothing was saved: export "
            "the model instead."
        )


def engine_answers(engine: Any, model: Portable, X: Doubles) -> Answers:
    """What a fitted engine says of rows (n, d') in training units, in float64."""
    rule = model.rule
    if isinstance(rule, Books):
        codes = np.asarray(engine.encode(X), np.int64)
        apart = X - np.asarray(engine.decode(codes), np.float64)
        return Answers(codes, np.square(apart).sum(axis=1, keepdims=True))
    measured = np.asarray(engine.transform(X), np.float64)
    squared = 2 * measured if isinstance(rule, Nearest) and rule.is_unit else np.square(measured)
    winners = nearest(engine, X)[0]
    if isinstance(rule, Mixture):
        return Answers(winners, squared, posteriors=np.asarray(engine.predict_proba(X)))
    if not model.classes:
        return Answers(winners, squared)
    return Answers(winners, squared, np.asarray(engine.predict(X)), certainty(engine, X))


def rounding(engine: Any, model: Portable, X: Doubles) -> Doubles:
    """By how much squared distances (n,) of prepared rows X may differ for rounding alone.

    It is 16 √p ε s²: p terms are summed, each rounded to ε of its size; s is the length that the metric gives to the
    row and the prototypes, as they are and from their mean. ε is that of the precision that the recipe rounds to, and
    where the recipe whitens, what its condition makes of float64's.
    """
    rule, recipe = model.rule, model.recipe
    rows = engine.project(X) if isinstance(rule, Nearest) and rule.shrinkage is not None else X
    rows = np.nan_to_num(np.asarray(rows, np.float64))
    if isinstance(rule, Nearest) and rule.is_unit:
        rows = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-300)
    centres, gain = _size(rule, rows.shape[1])
    middle = centres.mean(axis=0)
    s = np.linalg.norm(rows, axis=1) + np.linalg.norm(rows - middle, axis=1)
    s = gain * (s + np.linalg.norm(centres - middle, axis=1).max())
    p, eps = rows.shape[1], float(np.finfo(recipe.dtype).eps)
    if recipe.forward is not None and recipe.backward is not None:
        condition = float(np.linalg.norm(recipe.forward) * np.linalg.norm(recipe.backward))
        eps += 8 * float(np.finfo(np.float64).eps) * condition
    return np.asarray(SAFETY * np.sqrt(p) * eps * np.square(s) * (p if model.takes_gaps else 1))


def _size(rule: Nearest | Mixture | Books, p: int) -> tuple[Doubles, float]:
    """Prototypes (M, p), of books two points as far out as their sums, and the most by which the metric stretches."""
    if isinstance(rule, Books):
        largest = sum(float(np.linalg.norm(np.asarray(book, np.float64), axis=1).max()) for book in rule.books)
        corner = np.full(p, largest / np.sqrt(p))
        return np.stack([corner, -corner]), 1.0
    if isinstance(rule, Mixture):
        if rule.factors is not None:
            gain = float(np.linalg.norm(rule.factors, axis=(1, 2)).max())
        else:
            gain = float(1 / np.sqrt(np.asarray(rule.variances).min()))
        return np.asarray(rule.means, np.float64), gain
    gain = 1.0
    if rule.relevances is not None:
        gain = float(np.sqrt(rule.relevances.max()))
    elif rule.omegas is not None:
        gain = float(np.linalg.norm(rule.omegas.astype(np.float64), axis=(1, 2)).max())
    return np.asarray(rule.prototypes, np.float64), gain


def _work(rule: Nearest | Mixture | Books) -> float:
    """Multiply-adds for a row, about."""
    if isinstance(rule, Books):
        return float(rule.beam * sum(book.size for book in rule.books))
    if isinstance(rule, Mixture):
        return float(rule.means.size * (1 if rule.factors is None else rule.means.shape[1]))
    return float(rule.prototypes.size * (1 if rule.omegas is None else rule.omegas.shape[1]))


def _usable(model: Portable, raw: NDArray[Any]) -> NDArray[np.bool_]:
    """Rows (n,) that the model takes."""
    if model.recipe.fill is not None:
        return np.ones(len(raw), bool)
    if model.takes_gaps:
        return np.asarray(~np.isinf(raw).any(axis=1) & ~np.isnan(raw).all(axis=1))
    return np.asarray(np.isfinite(raw).all(axis=1))


def _same(ours: NDArray[Any], theirs: NDArray[Any]) -> NDArray[np.bool_]:
    same = ours == theirs
    return np.asarray(same.all(axis=1) if same.ndim > 1 else same)


def _near(model: Portable, X: Doubles, ours: Answers, theirs: Answers, margin: Doubles) -> NDArray[np.bool_]:
    """Rows (n,) whose codes may be either of both, as the engine measures them alike."""
    rule = model.rule
    if isinstance(rule, Books):
        return np.asarray(np.abs(ours.squared - theirs.squared)[:, 0] <= 2 * margin)
    row = np.arange(len(X))
    if ours.posteriors is not None:
        apart = ours.posteriors[row, ours.codes] - ours.posteriors[row, theirs.codes]
        return np.asarray(np.abs(apart) <= 2 * margin)
    near = np.abs(ours.squared[row, ours.codes] - ours.squared[row, theirs.codes]) <= 2 * margin
    if isinstance(rule, Nearest) and rule.coarse is not None:
        coarse = np.sort([np.square(X - w).sum(axis=1) for w in rule.coarse.astype(np.float64)], axis=0)
        near |= (coarse[1] - coarse[0] <= 2 * margin) if len(coarse) > 1 else False
    return np.asarray(near)

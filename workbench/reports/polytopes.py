"""The cells of the prototypes as half-spaces in original units, as JSON and as CSV."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engines.lvq.polytopes import Cell, box, cells, chebyshev, common_matrix
from workbench.reports.cells import cell, plain_number
from workbench.reports.codebook import about
from workbench.reports.errors import ReportError
from workbench.reports.learned import Trained, Watch
from workbench.session import Session
from workbench.views.wording import with_unit

_MEASURING = 0.1


@dataclass(frozen=True, eq=False)
class Polytopes:
    """What a file of cells holds, in original units.

    Attributes
    ----------
    cells : tuple of M Cell
        Rows x of the raw columns lie in the cell where Ax <= b.
    centres : tuple of M ((d,) or None, float)
        Centre and radius of the largest ball in each cell inside the range of the data; None and NaN where the two
        have nothing in common.
    low, high : (d,) float64
        The range of the data.
    labels : tuple of M class values, None where there is none
    names, units : tuple of d str
    about : dict
    """

    cells: tuple[Cell, ...]
    centres: tuple[tuple[NDArray[np.float64] | None, float], ...]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    labels: tuple[Any, ...]
    names: tuple[str, ...]
    units: tuple[str, ...]
    about: dict[str, Any]


def write_polytopes(session: Session, run: Trained, path: Path, form: str, watch: Watch) -> None:
    """Write the cells of `run` to `path` in the form "json" or "csv".

    Raises
    ------
    ReportError
        If its cells are no polytopes in original units, because the engine decides another way or the recipe
        normalised contrasts.
    """
    _WRITERS[form](polytopes(run, watch), path)


def polytopes(run: Trained, watch: Watch) -> Polytopes:
    """The cells of a run; the recipe is affine, so each half-space of training units is one of original units."""
    affine = run.data.recipe.affine()
    if affine is None:
        raise ReportError(
            f"The cells of run '{run.run.name}' are no polytopes in original units, since the contrast of each row was "
            "normalised: import without contrast to have them."
        )
    try:
        matrix = common_matrix(run.model)
    except ValueError as error:
        raise ReportError(str(error)) from error
    low, high = _range(run, watch)
    found = cells(run.prototypes, matrix, watch=lambda done: watch(_MEASURING + (1 - 2 * _MEASURING) * done))
    found = tuple(one.mapped(*affine) for one in found)
    walls = box(low, high)
    centres = []
    for done, one in enumerate(found):
        watch(1 - _MEASURING + _MEASURING * done / len(found))
        centres.append(chebyshev(np.concatenate([one.A, walls[0]]), np.concatenate([one.b, walls[1]])))
    labels = (None,) * len(found) if run.labels is None else tuple(run.labels.tolist())
    watch(1.0)
    return Polytopes(found, tuple(centres), low, high, labels, run.data.raw_names, run.data.raw_units, about(run))


def _range(run: Trained, watch: Watch) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Lowest and highest value (d,) of each feature in original units, over all rows that may be shown."""
    rows, recipe = run.data.rows("shown"), run.data.recipe
    n, d = rows.shape
    step = max(1, 2**20 // d)
    low, high = np.full(len(recipe.names), np.inf), np.full(len(recipe.names), -np.inf)
    for start in range(0, n, step):
        watch(_MEASURING * start / n)
        raw = np.asarray(recipe.inverse(rows.read(start, min(start + step, n))), np.float64)
        low, high = np.fmin(low, np.nanmin(raw, axis=0)), np.fmax(high, np.nanmax(raw, axis=0))
    return low, high


def _write_json(book: Polytopes, path: Path) -> None:
    whole = {
        "about": book.about,
        "features": [{"name": name, "unit": unit} for name, unit in zip(book.names, book.units, strict=True)],
        "range": {"low": _plain(book.low), "high": _plain(book.high)},
        "cells": [
            {
                "prototype": one.prototype,
                "label": book.labels[one.prototype],
                "A": [_plain(normal) for normal in one.A],
                "b": _plain(one.b),
                "neighbours": one.neighbours.tolist(),
                "ball_in_range": None if centre is None else {"centre": _plain(centre), "radius": radius},
            }
            for one, (centre, radius) in zip(book.cells, book.centres, strict=True)
        ],
    }
    path.write_text(json.dumps(whole, indent=1, ensure_ascii=False, allow_nan=False), encoding="utf-8")


def _write_csv(book: Polytopes, path: Path) -> None:
    """One line a half-space: a row lies in the cell if, for every line of it, Σ coefficient · value <= bound."""
    features = [with_unit(name, unit) for name, unit in zip(book.names, book.units, strict=True)]
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow([cell(text) for text in ("prototype", "label", "neighbour", "its label", "bound", *features)])
        writer.writerows([cell(value) for value in line] for line in _lines(book))


def _lines(book: Polytopes) -> Iterator[tuple[Any, ...]]:
    for one in book.cells:
        for normal, bound, other in zip(one.A, one.b.tolist(), one.neighbours.tolist(), strict=True):
            yield one.prototype, book.labels[one.prototype], other, book.labels[other], bound, *normal.tolist()


def _plain(values: NDArray[Any]) -> list[float | None]:
    return [plain_number(value) for value in values]


_WRITERS = {"json": _write_json, "csv": _write_csv}

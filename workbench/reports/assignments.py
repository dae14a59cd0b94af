"""Which prototype stands for which row, and what is predicted: one line a row, written as it is computed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl

from workbench.reports.learned import Block, Trained, Watch
from workbench.reports.tables import write_table
from workbench.session import Session
from workbench.views import PARTS
from workbench.views.bits import numbers_of

MOST_NUMBERED = 53
"""Codes of more bits are no whole numbers to a spreadsheet."""


def write_assignments(session: Session, run: Trained, path: Path, form: str, watch: Watch) -> None:
    """Write the assignments of all rows that may be shown, see `assignments`."""
    write_table(assignments(run, watch), path, form)


def assignments(run: Trained, watch: Watch) -> Iterator[pl.DataFrame]:
    """The assignments of all rows in order, some at a time.

    Columns: row (from 1), id (if rows have names), part (of a project's data), prototype (from 0; not of engines of
    several books or of bits), code 1, code 2 ... (from 0; of engines with several columns of codes), distance (as the
    engine measures it, or to what the codes stand for), predicted and certainty (of classifiers; as the threshold to
    reject by means it), label (of labelled data) and rejected (yes or no; where a threshold was kept with the run). An
    engine of bits has bit 1, bit 2 ... (0 or 1) in place of codes, and before them, up to 53 bits, code: the number in
    which bit 1 counts 1, bit 2 counts 2, bit 3 counts 4 ..., as in its codebook.
    """
    for block in run.blocks(watch):
        yield told_of(run, block)


def told_of(run: Trained, block: Block) -> pl.DataFrame:
    """The same of the rows of one block."""
    here = slice(block.start, block.start + len(block.winners))
    numbers, ids, codes = run.numbers[here], run.ids, run.row_codes
    labels = np.array([*map(str, run.classes), None], object)
    columns: dict[str, pl.Series] = {"row": pl.Series(numbers + 1)}
    if ids is not None:
        columns["id"] = pl.Series([str(name) for name in ids[numbers].tolist()], dtype=pl.String)
    if run.new is None:
        columns["part"] = pl.Series([PARTS[part] for part in run.split[here].tolist()], dtype=pl.String)
    if run.has_prototypes:
        columns["prototype"] = pl.Series(block.winners)
    if block.codes is not None:
        if run.has_bits and block.codes.shape[1] <= MOST_NUMBERED:
            columns["code"] = pl.Series(numbers_of(block.codes))
        noun = "bit" if run.has_bits else "code"
        columns |= {f"{noun} {k + 1}": pl.Series(column) for k, column in enumerate(block.codes.T)}
    columns["distance"] = pl.Series(block.distances)
    if block.predicted is not None:
        columns["predicted"] = pl.Series(labels[block.predicted].tolist(), dtype=pl.String)
    if block.certainty is not None:
        columns["certainty"] = pl.Series(block.certainty)
    if codes is not None:
        columns["label"] = pl.Series(labels[codes[here]].tolist(), dtype=pl.String)
    if block.rejected is not None:
        columns["rejected"] = pl.Series(np.where(block.rejected, "yes", "no").tolist(), dtype=pl.String)
    return pl.DataFrame(columns)

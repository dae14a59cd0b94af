"""Which prototype stands for which row, and what is predicted: one CSV line a row, written as it is computed."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

from workbench.reports.cells import cell
from workbench.reports.learned import Trained, Watch
from workbench.session import Session
from workbench.views import PARTS
from workbench.views.bits import numbers_of

MOST_NUMBERED = 53
"""Codes of more bits are no whole numbers to a spreadsheet."""


def write_assignments(session: Session, run: Trained, path: Path, form: str, watch: Watch) -> None:
    """Write the assignments of all rows but the dropped ones; a bounded number of rows is in memory at a time.

    Columns: row (from 1), id (if rows have names), part, prototype (from 0; not of engines of several books or of
    bits), code 1, code 2 ... (from 0; of engines with several columns of codes), distance (as the engine measures it,
    or to what the codes stand for), predicted (of classifiers), label (of labelled data) and rejected (yes or
    no; where a threshold was kept with the run). An engine of bits has
    bit 1, bit 2 ... (0 or 1) in place of codes, and before them, up to 53 bits, code: the number in which bit 1 counts
    1, bit 2 counts 2, bit 3 counts 4 ..., as in its codebook.
    """
    data = run.data
    ids, codes = data.ids, run.row_codes
    sizes = getattr(run.model, "code_sizes", ())
    noun = "bit" if run.has_bits else "code"
    coded = [] if run.has_prototypes and len(sizes) == 1 else [f"{noun} {column + 1}" for column in range(len(sizes))]
    numbered = run.has_bits and len(sizes) <= MOST_NUMBERED
    heading = ["row", *(["id"] if ids is not None else []), "part", *(["prototype"] if run.has_prototypes else [])]
    heading += [*(["code"] if numbered else []), *coded, "distance"]
    heading += [*(["predicted"] if run.run.engine.supervised else []), *(["label"] if codes is not None else [])]
    heading += ["rejected"] if run.run.threshold is not None else []
    labels = [cell(value) for value in data.classes] + [""]
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(heading)
        for block in run.blocks(watch):
            here = slice(block.start, block.start + len(block.winners))
            numbers = run.numbers[here]
            columns: list[list[Any]] = [(numbers + 1).tolist()]
            if ids is not None:
                columns.append([cell(name) for name in ids[numbers].tolist()])
            columns.append([PARTS[part] for part in run.split[here].tolist()])
            columns += [block.winners.tolist()] if run.has_prototypes else []
            if block.codes is not None:
                columns += [numbers_of(block.codes).tolist()] if numbered else []
                columns += block.codes.T.tolist()
            columns.append(block.distances.tolist())
            for known in (block.predicted, None if codes is None else codes[here]):
                if known is not None:
                    columns.append([labels[code] for code in known.tolist()])
            if block.rejected is not None:
                columns.append(["yes" if below else "no" for below in block.rejected.tolist()])
            writer.writerows(zip(*columns, strict=True))

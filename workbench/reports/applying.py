"""A trained run applied to new rows: what it makes of each, and how right it is where labels are known."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from workbench.reports.assignments import told_of
from workbench.reports.errors import ReportError
from workbench.reports.files import written_beside
from workbench.reports.learned import Trained, Watch, trained
from workbench.reports.tables import FORMS, write_table
from workbench.session import Dataset, Run
from workbench.views.intervals import wilson


@dataclass(frozen=True)
class Applied:
    """What came of it.

    Attributes
    ----------
    n_rows : int
    n_labelled, n_right : int
        Rows with a label that the run knows, and those of them that it predicts; 0 where it predicts none.
    n_rejected : int
        Rows that are less certain than the run's threshold.
    mean_distance : float
    warnings : tuple of str
        What was to be told of the new rows.
    """

    n_rows: int
    n_labelled: int
    n_right: int
    n_rejected: int
    mean_distance: float
    warnings: tuple[str, ...]

    @property
    def accuracy(self) -> tuple[float, float, float] | None:
        """Share of the labelled rows that are predicted right, with its 95 % interval (Wilson 1927); None without."""
        if not self.n_labelled:
            return None
        return (self.n_right / self.n_labelled, *wilson(self.n_right, self.n_labelled))


def apply(
    run: Run,
    rows: Dataset,
    path: Path | str,
    *,
    reconstructions: bool = False,
    progress: Callable[[float], None] | None = None,
    stop: Callable[[], bool] | None = None,
) -> Applied:
    """Write what `run` makes of new rows to `path`: a table of the columns that `assignments` tells of.

    Parameters
    ----------
    run : Run
    rows : Dataset
        As `read_new` gives them.
    path : path
        Ends in .csv, .parquet or .xlsx.
    reconstructions : bool
        Whether columns follow, in original units, of what stands for each row: its prototype, or what its code decodes
        to.
    progress, stop : callable, optional
        Called with the fraction done; asked whether to give up.

    Raises
    ------
    ReportError
        If nothing is learned yet, the rows do not fit, or the file cannot be written.
    Cancelled
        If `stop` said so; nothing is left behind.
    """
    path = Path(path)
    form = path.suffix[1:].lower()
    if form not in FORMS:
        raise ReportError(f"{path.name} must end in .{', .'.join(FORMS[:-1])} or .{FORMS[-1]}.")
    learned = Trained(run, trained(run).model, rows)
    counts = _Counts()
    with written_beside(path) as part:
        write_table(_told(learned, reconstructions, counts, Watch(progress, stop)), part, form)
    return Applied(
        counts.rows, counts.labelled, counts.right, counts.rejected, counts.distance / counts.rows, rows.warnings
    )


@dataclass
class _Counts:
    """Sums over the rows so far."""

    rows: int = 0
    labelled: int = 0
    right: int = 0
    rejected: int = 0
    distance: float = 0.0


def _told(run: Trained, reconstructions: bool, counts: _Counts, watch: Watch) -> Iterator[pl.DataFrame]:
    for block in run.blocks(watch):
        n = len(block.winners)
        counts.rows += n
        counts.distance += float(block.distances.sum())
        if block.rejected is not None:
            counts.rejected += int(block.rejected.sum())
        if run.row_codes is not None and block.predicted is not None:
            true = run.row_codes[block.start : block.start + n]
            counts.labelled += int((true >= 0).sum())
            counts.right += int(((true >= 0) & (true == block.predicted)).sum())
        frame = told_of(run, block)
        if reconstructions:
            made = run.reconstructed(block)
            names = [f"{name} (reconstructed)" for name in run.data.raw_names]
            frame = frame.hstack(pl.DataFrame(np.asarray(made), schema=names))
        yield frame

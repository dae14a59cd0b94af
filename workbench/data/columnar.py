"""The importer of columnar tables: Parquet and Arrow (Feather) files, streamed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Literal

import polars as pl

from engines.parameters import Param
from workbench.data.errors import DataError
from workbench.data.frames import SAMPLE_ROWS, Flat, nested, sample_of_frame, table_of_frames
from workbench.data.plan import Plan, Sample, Table
from workbench.data.watch import Watch

NAME = "columnar"
TITLE = "Columnar table (Parquet, Arrow)"
SUFFIXES = (".parquet", ".pq", ".arrow", ".feather", ".ipc")
FOREIGN = True
_PARQUET, _ARROW = b"PAR1", b"ARROW1"
_OLD_FEATHER = b"FEA1"
_BATCH_ROWS = 1 << 16


@dataclass(frozen=True)
class Options:
    """How the table is kept."""

    precision: Annotated[Literal["float64", "float32"], Param("how numbers are kept", advanced=True)] = "float64"


def recognises(path: Path, head: bytes) -> bool:
    """Whether the file begins as Parquet or Arrow does."""
    return head.startswith((_PARQUET, _ARROW, _OLD_FEATHER))


def sample(paths: Sequence[Path], options: Options) -> Sample:
    """The first rows; see `Sample`."""
    path = paths[0]
    with _readable(path):
        table = _scanned(path)
        n_rows = int(table.select(pl.len()).collect().item())
        head = table.head(SAMPLE_ROWS).collect()
    if n_rows == 0:
        raise DataError(f"{path.name} has no rows: there is nothing to import.")
    flat = Flat.of(head)
    return sample_of_frame(flat.apply(head), asdict(options), n_rows, True, nested(flat.refused))


def load(plan: Plan, options: Options, watch: Watch) -> Table:
    """All rows, streamed to a temporary file."""
    path = Path(plan.paths[0])
    with _readable(path):
        table = _scanned(path)
        n_rows = int(table.select(pl.len()).collect().item())
        flat = Flat.of(table.head(SAMPLE_ROWS).collect())
        return table_of_frames(plan, _flat(table, flat, n_rows, watch), options.precision, path.name, watch)


def _scanned(path: Path) -> pl.LazyFrame:
    with path.open("rb") as file:
        head = file.read(8)
    if head.startswith(_OLD_FEATHER):
        raise DataError(f"{path.name} is a Feather file of the first version: save it again with a newer program.")
    return pl.scan_parquet(path, glob=False) if head.startswith(_PARQUET) else pl.scan_ipc(path, glob=False)


def _flat(table: pl.LazyFrame, flat: Flat, n_rows: int, watch: Watch) -> Iterator[pl.DataFrame]:
    done = 0
    for frame in table.collect_batches(chunk_size=_BATCH_ROWS, maintain_order=True):
        watch(done / max(1, n_rows))
        yield flat.apply(frame)
        done += len(frame)


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    try:
        yield
    except (pl.exceptions.PolarsError, OSError) as error:
        raise DataError(f"{path.name} is damaged or incomplete: fetch or save it again.") from error

"""What .npy files, .npz members and IDX files share: an array's header, its columns, its rows where they lie."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tokenize import TokenError
from typing import Any, BinaryIO

import numpy as np
from numpy.lib import format as npy_format
from numpy.typing import NDArray

from engines.catalog import DataKind
from engines.rows import RowSource
from workbench.data.columns import MOST_COLUMNS, pixel_columns
from workbench.data.errors import DataError
from workbench.data.labels import encode_labels
from workbench.data.matrices import MatrixRows
from workbench.data.plan import Column, Label, Plan, Sample, Table
from workbench.data.rows import BLOCK_BYTES, FileRows, Spool, read_exactly
from workbench.data.watch import Watch

RowsOf = Callable[[NDArray[np.intp] | None, Watch], Any]
SAMPLE_ROWS, SAMPLE_BYTES = 500, 64 << 20
LABEL_COLUMN = "label"
_TYPES = {"O": "Python objects (pickle)", "V": "records", "c": "complex numbers", "M": "dates", "m": "time spans"}
_BROKEN_HEADER = (ValueError, EOFError, SyntaxError, TokenError, TypeError, MemoryError, RecursionError)
_EXACT_IN_FLOAT32 = (np.int8, np.int16, np.uint16, np.float16, np.float32)


@dataclass(frozen=True)
class Header:
    """What a file says of the array inside it.

    Attributes
    ----------
    shape : tuple of int
    dtype : dtype
        As stored, of any byte order.
    fortran : bool
        Whether the first index runs fastest.
    offset : int
        Of the first number, in bytes.
    """

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    fortran: bool
    offset: int

    @property
    def n_bytes(self) -> int:
        return int(np.prod(self.shape, dtype=object)) * self.dtype.itemsize

    @property
    def n_rows(self) -> int:
        return self.shape[0]

    @property
    def n_columns(self) -> int:
        return int(np.prod(self.shape[1:], dtype=object))

    @property
    def image_shape(self) -> tuple[int, ...] | None:
        """(h, w) or (h, w, channels) when each row of the array is a picture."""
        if len(self.shape) == 3 or (len(self.shape) == 4 and self.shape[3] in (1, 3, 4)):
            return self.shape[1:3] if self.shape[3:] in ((), (1,)) else self.shape[1:]
        return None

    @property
    def value_dtype(self) -> np.dtype[Any]:
        """What the numbers become: uint8, float32 where that holds them exactly, else float64."""
        if self.dtype.kind == "b" or self.dtype == np.uint8:
            return np.dtype(np.uint8)
        exact = self.dtype.newbyteorder("=") in [np.dtype(t) for t in _EXACT_IN_FLOAT32]
        return np.dtype(np.float32 if exact else np.float64)


def read_npy_header(file: BinaryIO, name: str) -> Header:
    """The header at the start of a .npy stream.

    Raises
    ------
    DataError
        If it is damaged, or the array is of a kind that is not data: objects are refused, never unpickled.
    """
    try:
        major, _ = npy_format.read_magic(file)
        reader = {1: npy_format.read_array_header_1_0, 2: npy_format.read_array_header_2_0}.get(major)
        if reader is None:
            raise DataError(f"{name} holds records with names, not one array of numbers: save its columns as one.")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # headers written by Python 2
            shape, fortran, dtype = reader(file)
    except _BROKEN_HEADER as error:
        raise DataError(f"{name} is no array that NumPy wrote, or is damaged at its beginning.") from error
    if dtype.hasobject or dtype.kind in _TYPES:
        kind = "O" if dtype.hasobject else dtype.kind
        raise DataError(f"{name} holds {_TYPES[kind]}, which are not imported: save it as an array of numbers.")
    if any(not isinstance(length, int) or length < 0 for length in shape):
        raise DataError(f"{name} is damaged: its header promises the shape {shape}.")
    return Header(tuple(shape), dtype, bool(fortran) and len(shape) > 1, file.tell())


def check_features(header: Header, name: str, matrices: MatrixRows | None = None) -> None:
    """Raise DataError unless the array can be a table of numbers."""
    if header.dtype.kind not in "biuf":
        raise DataError(f"{name} holds text, but the features must be numbers.")
    if len(header.shape) == 0 or 0 in header.shape:
        raise DataError(f"{name} has the shape {header.shape}: there is nothing to import.")
    n_columns = header.n_columns if matrices is None else matrices.k**2
    if n_columns > MOST_COLUMNS:
        raise DataError(
            f"{name} has {n_columns:,} values in each row; up to {MOST_COLUMNS:,} can be imported: make the "
            "images smaller, or leave columns out."
        )


def n_sampled(header: Header) -> int:
    """How many of the first rows to look at: 500, or as many as 64 MiB hold."""
    return min(header.n_rows, SAMPLE_ROWS, max(1, SAMPLE_BYTES // (8 * max(1, header.n_columns))))


def feature_columns(header: Header, matrices: MatrixRows | None = None) -> tuple[Column, ...]:
    """One column per value of a row."""
    if matrices is not None:
        return matrices.columns
    if header.image_shape is not None:
        return pixel_columns(header.image_shape)
    return tuple(Column(f"column {k + 1}") for k in range(header.n_columns))


def file_rows(path: Path, header: Header, places: NDArray[np.intp] | None) -> FileRows:
    """The rows of an array in C order where they lie in the file; `places` picks columns."""
    shape = (header.n_rows, header.n_columns)
    return FileRows(path, header.offset, shape, header.dtype, header.value_dtype, places)


def blocks_of(file: BinaryIO, header: Header, name: str, watch: Watch) -> Iterator[NDArray[Any]]:
    """The rows of an array in C order from a stream that stands at its first number, in blocks of some MiB.

    Raises
    ------
    DataError
        If the stream ends early.
    """
    n, d = header.n_rows, header.n_columns
    step = max(1, BLOCK_BYTES // max(1, d * header.dtype.itemsize))
    for start in range(0, n, step):
        watch(start / n)
        block = np.empty((min(step, n - start), d), header.dtype)
        try:
            read_exactly(file, block)
        except EOFError as error:
            raise DataError(f"{name} ends early: its header promises {n:,} rows of {d:,} values.") from error
        yield block


def spooled(blocks: Iterator[NDArray[Any]], header: Header, places: NDArray[np.intp] | None) -> Spool:
    """All blocks in a temporary file, which is gone again if anything fails."""
    spool = Spool(header.n_columns if places is None else len(places), header.value_dtype)
    try:
        for block in blocks:
            spool.append(block if places is None else block[:, places])
    except BaseException:
        spool.close()
        raise
    return spool


def read_table(
    plan: Plan,
    header: Header,
    rows_of: RowsOf,
    labels_of: Callable[[], NDArray[Any]],
    watch: Watch,
    matrices: MatrixRows | None = None,
) -> Table:
    """The table that `plan` makes of one array and, perhaps, a companion array of labels.

    Parameters
    ----------
    rows_of : callable
        (places or None, watch) -> the rows of these columns, or of all.
    labels_of : callable
        The companion's labels; asked when the label is no column of the array itself.
    matrices : MatrixRows, optional
        How rows become SPD matrices, where they do.
    """
    if matrices is not None and matrices.estimator is not None:
        rows_of = _covariances_of(rows_of, matrices)
    d = header.n_columns if matrices is None else matrices.k**2
    features, label, identifier = (_places(plan.columns[:d], role) for role in ("feature", "label", "id"))
    codes: NDArray[np.int32] | None = None
    classes: tuple[Label, ...] = ()
    ids = None
    if _places(plan.columns[d:], "label"):
        codes, classes = _companion_labels(labels_of(), header)
    if label or identifier:
        everything = rows_of(None, watch.part(0.0, 0.5))
        try:
            if label:
                codes, classes = encode_labels(_column_of(everything, label[0]), plan.columns[label[0]].name)
            if identifier:
                ids = _as_ids(_column_of(everything, identifier[0]))
        finally:
            everything.close()
        watch = watch.part(0.5, 1.0)
    whole = len(features) == d
    rows = rows_of(None if whole else np.array(features, np.intp), watch)
    kind, shape = _nature(header, matrices) if whole else ("table", None)
    return Table(rows, codes, classes, ids, kind, shape)


def sample_of(
    header: Header,
    block: NDArray[Any],
    labels: NDArray[Any] | None,
    options: Mapping[str, Any],
    told: tuple[str, ...] = (),
    matrices: MatrixRows | None = None,
    label_name: str = LABEL_COLUMN,
) -> Sample:
    """What a preview needs, from the first rows of an array and of its companion's labels."""
    columns: tuple[Column, ...] = feature_columns(header, matrices)
    kind, shape = _nature(header, matrices)
    block = block if matrices is None else matrices.of(block)
    values = list(np.asarray(block, np.float64).T)
    if labels is not None:
        labels = labels.reshape(len(labels), -1)[: len(block), 0]
        numeric = labels.dtype.kind in "biuf"
        columns = (*columns, Column(label_name, "label", "number" if numeric else "text"))
        dtype = np.float64 if numeric else np.dtypes.StringDType()
        values.append(np.array(labels.tolist(), dtype=dtype))
    pictures = thumbnails(block, shape)
    told = told if matrices is None else (*told, *matrices.told(header.n_columns))
    return Sample(options, columns, values, header.n_rows, True, pictures, (), told, kind=kind)


def _nature(header: Header, matrices: MatrixRows | None) -> tuple[DataKind, tuple[int, ...] | None]:
    """What a row is, and its shape where it has one."""
    if matrices is not None:
        return "spd", (matrices.k, matrices.k)
    return ("table", None) if header.image_shape is None else ("image", header.image_shape)


def _covariances_of(rows_of: RowsOf, matrices: MatrixRows) -> RowsOf:
    """As `rows_of`, of the covariances of signals."""

    def covariances_of(places: NDArray[np.intp] | None, watch: Watch) -> Any:
        signals = rows_of(None, watch.part(0.0, 0.3))
        try:
            return matrices.spooled(signals, places, watch.part(0.3, 1.0))
        finally:
            signals.close()

    return covariances_of


def _places(columns: Sequence[Column], role: str) -> list[int]:
    return [k for k, column in enumerate(columns) if column.role == role]


def _companion_labels(labels: NDArray[Any], header: Header) -> tuple[NDArray[np.int32], tuple[Label, ...]]:
    if len(labels) != header.n_rows:
        raise DataError(
            f"There are {len(labels):,} labels for {header.n_rows:,} rows: choose those that belong to them."
        )
    return encode_labels(labels, "The array of labels")


def _as_ids(values: NDArray[Any]) -> NDArray[Any]:
    """Numbers as texts, whole ones without a decimal point."""
    texts = [str(int(value)) if float(value).is_integer() else str(value) for value in values.tolist()]
    return np.array(texts, dtype=np.dtypes.StringDType())


def _column_of(rows: RowSource, place: int) -> NDArray[Any]:
    """One column, read block by block."""
    n, d = rows.shape
    step = max(1, BLOCK_BYTES // (8 * d))
    return np.concatenate([rows.read(start, start + step)[:, place] for start in range(0, n, step)])


def thumbnails(block: NDArray[Any], image_shape: tuple[int, ...] | None) -> NDArray[np.uint8] | None:
    """The first 64 rows as 8-bit pictures, stretched over the block's range unless they are 8-bit already."""
    if image_shape is None:
        return None
    images = block[:64].reshape(-1, *image_shape)
    if images.ndim == 4:
        images = images[..., :3]
    if images.dtype != np.uint8:
        values = np.nan_to_num(images.astype(np.float64), posinf=0.0, neginf=0.0)
        low, high = values.min(), values.max()
        images = ((values - low) * (255.0 / (high - low) if high > low else 1.0)).astype(np.uint8)
    return np.ascontiguousarray(images)

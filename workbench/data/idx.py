"""The importer of IDX files (the format of MNIST), gzip or not, with the labels file that lies beside."""

from __future__ import annotations

import gzip
import struct
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Annotated, Any, BinaryIO, Literal, cast

import numpy as np
from numpy.typing import NDArray

from engines.parameters import Param
from workbench.data import arrays
from workbench.data.arrays import Header
from workbench.data.errors import DataError
from workbench.data.plan import Plan, Sample, Table
from workbench.data.rows import require_room
from workbench.data.text_chunks import broken_gzip, is_gzip
from workbench.data.watch import Watch

NAME = "idx"
TITLE = "IDX (MNIST)"
SUFFIXES = (".idx", "-idx3-ubyte", "-ubyte", ".idx3", ".idx1")
_DTYPES = {0x08: "u1", 0x09: "i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
_MOST_DIMENSIONS = 4
_DEFLATE_RATIO = 1032
"""No deflate stream grows by more than this."""


@dataclass(frozen=True)
class Options:
    """Where the labels are."""

    labels: Annotated[Literal["auto", "none"] | str, Param("an IDX file of labels in the same folder, one per row")] = (
        "auto"
    )


def recognises(path: Path, head: bytes) -> bool:
    """Whether the first bytes are an IDX magic number and the name does not speak against it."""
    return len(head) > 4 and head[:2] == b"\0\0" and head[2] in _DTYPES and 1 <= head[3] <= _MOST_DIMENSIONS


def sample(paths: Sequence[Path], options: Options) -> Sample:
    """The first rows; see `Sample`."""
    path = paths[0]
    header = _features_header(path)
    options = replace(options, labels=_companion(path, header.n_rows, options.labels))
    with _opened(path) as file:
        file.read(header.offset)
        first = replace(header, shape=(arrays.n_sampled(header), *header.shape[1:]))
        block = np.concatenate(list(arrays.blocks_of(file, first, path.name, Watch())))
    labels = None if options.labels == "none" else _labels(path, header, options)
    return arrays.sample_of(header, block, labels, asdict(options))


def load(plan: Plan, options: Options, watch: Watch) -> Table:
    """All rows: read where they lie or, from gzip, unpacked to a temporary file."""
    path = Path(plan.paths[0])
    header = _features_header(path)
    options = replace(options, labels=_companion(path, header.n_rows, options.labels))
    return arrays.read_table(
        plan,
        header,
        lambda places, part: _rows(path, header, places, part),
        lambda: _labels(path, header, options),
        watch,
    )


def _rows(path: Path, header: Header, places: NDArray[np.intp] | None, watch: Watch) -> Any:
    if not is_gzip(path):
        return arrays.file_rows(path, header, places)
    require_room(header.n_rows * header.n_columns * header.value_dtype.itemsize)

    def blocks() -> Iterator[NDArray[Any]]:
        with _opened(path) as file:
            file.read(header.offset)
            yield from arrays.blocks_of(file, header, path.name, watch)

    return arrays.spooled(blocks(), header, places)


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    try:
        with path.open("rb") as raw:
            yield cast(BinaryIO, gzip.GzipFile(fileobj=raw) if is_gzip(path) else raw)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise DataError(broken_gzip(path)) from error


def _header(path: Path) -> Header:
    """The header of an IDX file; raises DataError when it promises more than the file can hold."""
    with _opened(path) as file:
        magic = file.read(4)
        if not recognises(path, magic + b"\0"):
            raise DataError(f"{path.name} is not an IDX file: its first bytes are {magic.hex(' ') or 'missing'}.")
        sizes = file.read(4 * magic[3])
        if len(sizes) < 4 * magic[3]:
            raise DataError(f"{path.name} ends inside its header.")
    shape = struct.unpack(f">{magic[3]}I", sizes)
    header = Header(shape, np.dtype(_DTYPES[magic[2]]), False, 4 + len(sizes))
    size = path.stat().st_size
    most = size * _DEFLATE_RATIO if is_gzip(path) else size
    if header.offset + header.n_bytes > most:
        raise DataError(
            f"{path.name} ends early: its header promises {' × '.join(f'{length:,}' for length in shape)} values."
        )
    return header


def _features_header(path: Path) -> Header:
    header = _header(path)
    if len(header.shape) == 1 and "labels" in path.name:
        raise DataError(f"{path.name} holds labels alone: import the file of images, and they will be found beside it.")
    arrays.check_features(header, path.name)
    return header


def _companion(path: Path, n_rows: int, wished: str) -> str:
    """The name of the labels file beside `path`, with or without gzip, or "none"."""
    if wished != "auto":
        return wished
    plain = path.name.removesuffix(".gz")
    labels = plain.replace("images", "labels").replace("idx3", "idx1").replace("idx2", "idx1")
    for candidate in (path.with_name(labels), path.with_name(labels + ".gz")):
        if labels == plain or not candidate.is_file():
            continue
        try:
            if _header(candidate).shape == (n_rows,):
                return candidate.name
        except DataError:
            continue
    return "none"


def _labels(path: Path, header: Header, options: Options) -> NDArray[Any]:
    labels = path.with_name(options.labels)
    if not labels.is_file():
        raise DataError(f"There is no file {labels} with labels: check the name.")
    found = _header(labels)
    if found.shape != (header.n_rows,):
        raise DataError(
            f"{labels.name} has the shape {found.shape}, but {path.name} has {header.n_rows:,} rows: choose the labels "
            "that belong to it."
        )
    with _opened(labels) as file:
        file.read(found.offset)
        return np.concatenate(list(arrays.blocks_of(file, found, labels.name, Watch())))[:, 0]

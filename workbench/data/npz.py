"""The importer of NumPy's .npz archives: one member of features, perhaps one of labels, unpacked within bounds."""

from __future__ import annotations

import zipfile
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
from workbench.data.matrices import Matrices, MatrixRows, found_out, matrix_rows
from workbench.data.members import check_total, features_among, labels_among, offers
from workbench.data.plan import Plan, Sample, Table
from workbench.data.rows import require_room, row_blocks
from workbench.data.watch import Watch

NAME = "npz"
TITLE = "NumPy archive (NPZ)"
ROW_OPTIONS = ("matrices",)
SUFFIXES = (".npz",)
FOREIGN = True
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError)
_MOST_MEMBERS = 10_000
_FIRST_NAME = 30 + 256
_MOST_RATIO = 200
_ALWAYS_ALLOWED = 256 << 20
_MOST_IN_MEMORY = 512 << 20


@dataclass(frozen=True)
class Options:
    """Which members of the archive are what."""

    features: Annotated[Literal["auto"] | str, Param("array of the features, one row per sample")] = "auto"
    labels: Annotated[Literal["auto", "none"] | str, Param("array of the labels, one per row")] = "auto"
    matrices: Matrices = "auto"


def recognises(path: Path, head: bytes) -> bool:
    """Whether the file is a zip archive, and called .npz or begun with a .npy member."""
    return head.startswith(b"PK") and (path.suffix.lower() == ".npz" or b".npy" in head[:_FIRST_NAME])


def sample(paths: Sequence[Path], options: Options) -> Sample:
    """The first rows; see `Sample`."""
    path = paths[0]
    headers, refused = _headers(path)
    options, matrices = _resolved(path, headers, refused, options)
    header = headers[options.features]
    block = _beginning(path, options.features, header)
    labels = None if options.labels == "none" else _small(path, options.labels, headers[options.labels])
    told = tuple(refused.values())
    seen = arrays.sample_of(header, block, labels, asdict(options), told, matrices, options.labels)
    features, labels_offered = offers(headers)
    return replace(seen, offers={"features": features, "labels": labels_offered})


def load(plan: Plan, options: Options, watch: Watch) -> Table:
    """All rows, unpacked to a temporary file."""
    path = Path(plan.paths[0])
    headers, refused = _headers(path)
    options, matrices = _resolved(path, headers, refused, options)
    header = headers[options.features]
    return arrays.read_table(
        plan,
        header,
        lambda places, part: _spooled(path, options.features, header, places, part),
        lambda: _small(path, options.labels, headers[options.labels]),
        watch,
        matrices,
    )


def arrays_of(path: Path, most_bytes: int) -> dict[str, NDArray[Any]]:
    """All arrays of the archive, also single values and texts; raises DataError where they are too large in all."""
    headers, _ = _headers(path)
    check_total(path, (header.n_bytes for header in headers.values()), most_bytes)
    return {name: _small(path, name, header) for name, header in headers.items()}


@contextmanager
def _archive(path: Path) -> Iterator[zipfile.ZipFile]:
    try:
        with zipfile.ZipFile(path) as archive:
            yield archive
    except _BROKEN as error:
        raise DataError(f"{path.name} is a damaged archive, or packed in a way that cannot be read.") from error


def _headers(path: Path) -> tuple[dict[str, Header], dict[str, str]]:
    """Headers of the members that are arrays, and why the others are not."""
    headers, refused = {}, {}
    with _archive(path) as archive:
        members = [member for member in archive.infolist() if member.filename.endswith(".npy")]
        if len(members) > _MOST_MEMBERS:
            raise DataError(f"{path.name} holds {len(members):,} arrays, more than any archive of data would.")
        for member in members:
            name = member.filename.removesuffix(".npy")
            if not name.isprintable():
                refused[name] = f"{path.name} holds a member whose name is no text: {name[:40]!a}."
                continue
            shown = f"{name} in {path.name}"
            try:
                with archive.open(member) as file:
                    header = arrays.read_npy_header(cast(BinaryIO, file), shown)
                _check_size(member, header, shown)
                headers[name] = header
            except DataError as error:
                refused[name] = str(error)
    if not headers:
        raise DataError(next(iter(refused.values()), f"{path.name} holds no array."))
    return headers, refused


def _check_size(member: zipfile.ZipInfo, header: Header, shown: str) -> None:
    """Refuse a member whose size is not what its header promises, or that swells as no data do."""
    if header.offset + header.n_bytes != member.file_size:
        raise DataError(f"{shown} is damaged: its header promises the shape {header.shape}.")
    if member.file_size > max(_ALWAYS_ALLOWED, _MOST_RATIO * member.compress_size):
        raise DataError(
            f"{shown} would swell from {member.compress_size / 1e6:,.0f} MB to {member.file_size / 1e6:,.0f} MB, as "
            "no data do: unpack it yourself if you trust it, and import the .npy file."
        )


def _resolved(
    path: Path, headers: dict[str, Header], refused: dict[str, str], options: Options
) -> tuple[Options, MatrixRows | None]:
    """The options with all found out, and how rows become SPD matrices where they do."""
    features = options.features
    if features == "auto":
        features = features_among(headers)
    for name in (features, options.labels):
        if name in refused:
            raise DataError(refused[name])
        if name not in headers and name not in ("auto", "none"):
            raise DataError(f'{path.name} has no array "{name}"; it has {", ".join(list(headers)[:12])}.')
    header = headers[features]
    choice = found_out(options.matrices, header.shape, header.dtype, lambda: _beginning(path, features, header))
    matrices = matrix_rows(choice, header.shape, f"{features} in {path.name}")
    arrays.check_features(header, f"{features} in {path.name}", matrices)
    labels = options.labels
    if labels == "auto":
        labels = labels_among(headers, features)
    if labels != "none" and (headers[labels].shape[:1] != (header.n_rows,) or headers[labels].n_columns != 1):
        raise DataError(
            f"{labels} in {path.name} has the shape {headers[labels].shape}, but {features} has {header.n_rows:,} rows."
        )
    return replace(options, features=features, labels=labels, matrices=choice), matrices  # type: ignore[arg-type]


def _stream(path: Path, name: str, header: Header, watch: Watch) -> Iterator[NDArray[Any]]:
    with _archive(path) as archive, archive.open(f"{name}.npy") as file:
        file.read(header.offset)
        yield from arrays.blocks_of(cast(BinaryIO, file), header, f"{name} in {path.name}", watch)


def _beginning(path: Path, name: str, header: Header) -> NDArray[Any]:
    n_rows = arrays.n_sampled(header)
    if header.fortran:
        block = _small(path, name, header)[:n_rows].reshape(n_rows, -1)
    else:
        first = replace(header, shape=(n_rows, *header.shape[1:]))
        block = np.concatenate(list(_stream(path, name, first, Watch())))
    return block.astype(header.value_dtype)


def _small(path: Path, name: str, header: Header) -> NDArray[Any]:
    """A whole member in memory: labels, and arrays in Fortran order."""
    if header.n_bytes > _MOST_IN_MEMORY:
        raise DataError(
            f"{name} in {path.name} is {header.n_bytes / 1e6:,.0f} MB in Fortran order or of labels: save it with "
            "numpy.ascontiguousarray, as a .npy file."
        )
    flat = replace(header, shape=(int(np.prod(header.shape)), 1))
    values = np.empty(flat.n_rows, header.dtype)
    done = 0
    for block in _stream(path, name, flat, Watch()):
        values[done : done + len(block)] = block[:, 0]
        done += len(block)
    return values.reshape(header.shape, order="F" if header.fortran else "C")


def _spooled(path: Path, name: str, header: Header, places: NDArray[np.intp] | None, watch: Watch) -> Any:
    require_room(header.n_rows * header.n_columns * header.value_dtype.itemsize)
    if header.fortran:
        whole = _small(path, name, header)
        bounds = row_blocks(header.n_rows, header.n_columns)
        return arrays.spooled((whole[a:b].reshape(b - a, -1) for a, b in bounds), header, places)
    return arrays.spooled(_stream(path, name, header, watch), header, places)

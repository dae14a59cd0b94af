"""How one array lies in the file: contiguous bytes that HDF5 allots and we read and write, with a hash per block."""

import hashlib
import json
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

import h5py
import numpy as np

from workbench.errors import Cancelled
from workbench.project.errors import ProjectDamaged, ProjectError
from workbench.project.pages import PagedFile

BLOCK_BYTES = 4 << 20
_DIGEST = 32
_ABOUT, _DIGESTS = "array", "blake2b"  # the two attributes of every array

Progress = Callable[[float], None]
Stop = Callable[[], bool]


class Rows(Protocol):
    """Rows that are read in pieces: an array, or something larger than memory."""

    @property
    def shape(self) -> tuple[int, ...]: ...

    @property
    def dtype(self) -> np.dtype[Any]: ...

    def read(self, start: int, stop: int) -> np.ndarray: ...


@dataclass(frozen=True)
class ArrayInfo:
    """Where an array lies and what it must hash to.

    Attributes
    ----------
    key : str
        Its place in the project, such as ``datasets/d_000001/X``.
    offset : int
        First byte in the file; a multiple of 4096 for arrays of at least that size.
    shape : tuple of int
    dtype : np.dtype
        As the caller gave it.
    stored : np.dtype
        As it lies in the file (text is UTF-8 of fixed length, times are integers).
    write_once : bool
        Whether it stays as it is until it is deleted.
    digests : np.ndarray, shape (n_blocks, 32), uint8
        blake2b of each block of `block_rows` rows.
    """

    key: str
    offset: int
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    stored: np.dtype[Any]
    write_once: bool
    digests: np.ndarray = field(repr=False, compare=False)

    @property
    def nbytes(self) -> int:
        return math.prod(self.shape) * self.stored.itemsize

    @property
    def data_hash(self) -> str:
        """The hash of the block hashes, in hexadecimal."""
        return hashlib.blake2b(self.digests.tobytes(), digest_size=_DIGEST).hexdigest()

    def check(self, block: int, rows: np.ndarray) -> None:
        """Compare a block's stored rows with its hash.

        Raises
        ------
        ProjectDamaged
            If a single bit differs.
        """
        if block_hash(rows) != self.digests[block].tobytes():
            step = block_rows(self.shape, self.stored)
            stop = min((block + 1) * step, self.shape[0] if self.shape else 1)
            raise ProjectDamaged(
                f"'{self.key}' is damaged in rows {block * step} to {stop - 1}; "
                "restore the project from a backup, or delete what the rows belong to."
            )

    def decode(self, stored: np.ndarray) -> np.ndarray:
        """Turn stored rows into the caller's dtype (without a copy where the two are one)."""
        if self.dtype == self.stored:
            return stored
        if self.dtype.kind == "U":
            text = np.array([_decode(t) for t in stored.ravel().tolist()], dtype=self.dtype)
            return text.reshape(stored.shape)
        return stored.view(self.dtype)


class HashedRows:
    """An array of the project as rows, each block compared with its hash when it is first touched.

    Attributes
    ----------
    info : ArrayInfo
    shape : tuple of int
    dtype : np.dtype
    """

    def __init__(self, info: ArrayInfo, fetch: Callable[[int, int], np.ndarray]) -> None:
        self.info = info
        self.shape = info.shape
        self.dtype = info.dtype
        self._fetch = fetch
        self._step = block_rows(info.shape, info.stored)
        self._checked = bytearray(len(info.digests))

    def read(self, start: int, stop: int) -> np.ndarray:
        """Give rows `start` to `stop`, shape (stop - start, ...), read-only where they are mapped from the file.

        Raises
        ------
        ProjectDamaged
            If a block that they lie in is not as it was written.
        """
        stop = min(stop, self.shape[0] if self.shape else 1)
        for block in range(start // self._step, -(-stop // self._step)):
            if not self._checked[block]:
                self.info.check(block, self._fetch(block * self._step, (block + 1) * self._step))
                self._checked[block] = 1
        return self.info.decode(self._fetch(start, stop))

    def whole(self) -> np.ndarray:
        """Give all rows at once, in the array's own shape; errors as for `read`."""
        return self.read(0, self.shape[0] if self.shape else 1).reshape(self.shape)


@dataclass(frozen=True)
class Reserved:
    """A place in the file for an array that is still to be written, from rows that are still to be read."""

    offset: int
    rows: Rows


def block_rows(shape: tuple[int, ...], dtype: np.dtype[Any]) -> int:
    """Give the rows in a block: as many as fit into 4 MiB, at least one."""
    return max(1, BLOCK_BYTES // max(1, math.prod(shape[1:]) * dtype.itemsize))


def as_rows(source: Any) -> Rows:
    """Take an array, or anything with ``shape``, ``dtype`` and ``read(start, stop)``, as rows."""
    return source if hasattr(source, "read") else _InMemory(np.asarray(source))


def create(parent: h5py.Group, name: str, source: Any, *, write_once: bool) -> Reserved:
    """Allot the place of an array, contiguous and at once, without writing it.

    Raises
    ------
    ProjectError
        If the dtype is not one of numbers, booleans, text, bytes, dates.
    """
    rows = as_rows(source)
    dtype = np.dtype(rows.dtype)
    encoded = _encoded(rows, dtype)
    layout = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    layout.set_layout(h5py.h5d.CONTIGUOUS)
    layout.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
    layout.set_fill_time(h5py.h5d.FILL_TIME_NEVER)
    kind = h5py.string_dtype("utf-8", encoded.dtype.itemsize) if dtype.kind == "U" else encoded.dtype
    dataset = parent.create_dataset(name, tuple(rows.shape) or (1,), kind, dcpl=layout)
    about = {"dtype": dtype.str, "shape": list(rows.shape), "write_once": write_once}
    dataset.attrs.create(_ABOUT, np.bytes_(json.dumps(about)))
    return Reserved(_offset(dataset), encoded)


def reuse(dataset: h5py.Dataset, source: Any) -> Reserved | None:
    """Give the place of a replaceable array to new content, if it fits exactly."""
    rows = as_rows(source)
    dtype = np.dtype(rows.dtype)
    about = json.loads(bytes(dataset.attrs[_ABOUT]))
    if about["write_once"] or about["dtype"] != dtype.str or about["shape"] != list(rows.shape):
        return None
    encoded = _encoded(rows, dtype)
    return Reserved(_offset(dataset), encoded) if encoded.dtype.itemsize == dataset.dtype.itemsize else None


def set_digests(dataset: h5py.Dataset, digests: np.ndarray) -> None:
    """Record the block hashes, which makes the array whole."""
    if _DIGESTS in dataset.attrs and dataset.attrs[_DIGESTS].shape == digests.shape:
        dataset.attrs.modify(_DIGESTS, digests)
    else:
        dataset.attrs.create(_DIGESTS, digests)


def info(dataset: h5py.Dataset, key: str) -> ArrayInfo:
    """Read where an array lies and what it hashes to."""
    about = json.loads(bytes(dataset.attrs[_ABOUT]))
    dtype = np.dtype(about["dtype"])
    digests = np.asarray(dataset.attrs[_DIGESTS], dtype=np.uint8).reshape(-1, _DIGEST)
    return ArrayInfo(
        key, _offset(dataset), tuple(about["shape"]), dtype, _stored(dtype, dataset.dtype), about["write_once"], digests
    )


def blocks(rows: Rows, *, stop: Stop | None = None, progress: Progress | None = None) -> Iterator[np.ndarray]:
    """Read rows block by block as C-contiguous arrays.

    Raises
    ------
    Cancelled
        As soon as `stop` says so.
    """
    n = rows.shape[0] if rows.shape else 1
    step = block_rows(tuple(rows.shape), np.dtype(rows.dtype))
    for start in range(0, n, step):
        if stop is not None and stop():
            raise Cancelled
        block = np.ascontiguousarray(rows.read(start, min(start + step, n)), dtype=rows.dtype)
        if len(block) != min(step, n - start):
            raise ProjectError(
                f"The source gave {len(block)} rows from row {start} on instead of {min(step, n - start)}."
            )
        yield block
        if progress is not None:
            progress(min(start + step, n) / n)


def fill(
    pages: PagedFile, place: Reserved, *, stop: Stop | None = None, progress: Progress | None = None
) -> np.ndarray:
    """Write rows to their place and give their block hashes, shape (n_blocks, 32), uint8."""
    offset = place.offset
    digests = bytearray()
    for block in blocks(place.rows, stop=stop, progress=progress):
        pages.write_at(offset, as_bytes(block))
        if pages.failure is not None:
            raise pages.failure
        digests += block_hash(block)
        offset += block.nbytes
    return digest_table(digests)


def digest_table(digests: bytes | bytearray) -> np.ndarray:
    return np.frombuffer(bytes(digests), dtype=np.uint8).reshape(-1, _DIGEST)


def as_bytes(block: np.ndarray) -> memoryview:
    """View a C-contiguous array as bytes."""
    return memoryview(block.reshape(-1).view(np.uint8).data)


def block_hash(block: np.ndarray) -> bytes:
    """Hash the bytes of a block of rows."""
    return hashlib.blake2b(as_bytes(np.ascontiguousarray(block)), digest_size=_DIGEST).digest()


@dataclass(frozen=True)
class _InMemory:
    """An array as rows; a 0-d array is one row."""

    array: np.ndarray

    @property
    def shape(self) -> tuple[int, ...]:
        return self.array.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.array.dtype

    def read(self, start: int, stop: int) -> np.ndarray:
        return self.array[start:stop] if self.array.ndim else self.array.reshape(1)


def _encoded(rows: Rows, dtype: np.dtype[Any]) -> Rows:
    """Give rows in the dtype in which they are stored."""
    if dtype.kind == "U":
        array = rows.read(0, rows.shape[0] if rows.shape else 1)
        text = [t.encode("utf-8", "surrogatepass") for t in array.ravel().tolist()]
        width = max(map(len, text), default=1) or 1
        return _InMemory(np.array(text, dtype=f"S{width}").reshape(tuple(rows.shape)))
    if dtype.kind in "Mm":
        array = rows.read(0, rows.shape[0] if rows.shape else 1)
        return _InMemory(np.ascontiguousarray(array).view(_stored(dtype, dtype)).reshape(tuple(rows.shape)))
    _stored(dtype, dtype)
    return rows


def _stored(dtype: np.dtype[Any], there: np.dtype[Any]) -> np.dtype[Any]:
    """Give the dtype in which `dtype` is stored; the width of text is known from `there` alone."""
    if dtype.kind == "U":
        return np.dtype(f"S{there.itemsize}")
    if dtype.kind in "Mm":
        return np.dtype(f"{dtype.str[0]}i8")
    if dtype.kind in "biu" or (dtype.kind in "fc" and dtype.itemsize <= (8 if dtype.kind == "f" else 16)):
        return dtype
    if dtype.kind == "S" and dtype.itemsize:
        return dtype
    raise ProjectError(f"Arrays of type '{dtype}' cannot be stored; convert them to numbers or text first.")


def _decode(text: bytes) -> str:
    return text.decode("utf-8", "surrogatepass")


def _offset(dataset: h5py.Dataset) -> int:
    return int(dataset.id.get_offset()) if dataset.size else 0

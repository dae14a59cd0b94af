"""Rows on disk, rows left out and rows cut in blocks, each as a `RowSource`; nothing of file formats."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from engines.rows import RowSource
from workbench.data.errors import DataError

BLOCK_BYTES = 8 << 20
_ROOM_TO_LEAVE = 256 << 20
_ROOM_CHECK_BYTES = 64 << 20


def row_blocks(n_rows: int, n_columns: int) -> Iterator[tuple[int, int]]:
    """Bounds of consecutive blocks of about 8 MiB in float64; they depend on the shape alone."""
    step = max(1, BLOCK_BYTES // (8 * max(1, n_columns)))
    for start in range(0, n_rows, step):
        yield start, min(start + step, n_rows)


class Spool:
    """Rows written one block after another to a nameless temporary file, then read back as a `RowSource`.

    The file has no name on POSIX systems and is deleted on closing elsewhere, so nothing is left behind even if
    the process is killed; where spools are to be taken over (`keep_spools_in`), it has a name in that folder.
    Reads copy, through no memory map, so they do not count as memory of the process beyond the block that was
    asked for; they may come from any thread.

    Parameters
    ----------
    n_columns : int
    dtype : dtype
        Of the stored numbers.
    """

    def __init__(self, n_columns: int, dtype: np.dtype[Any] | type) -> None:
        self._file: BinaryIO = _spool_file()
        self._lock = threading.Lock()
        self._dtype = np.dtype(dtype)
        self._n_columns = n_columns
        self._n_rows = 0
        self._unchecked = _ROOM_CHECK_BYTES

    @property
    def shape(self) -> tuple[int, int]:
        return self._n_rows, self._n_columns

    @property
    def dtype(self) -> np.dtype[Any]:
        return self._dtype

    def append(self, block: NDArray[Any]) -> None:
        """Add the (k, n_columns) `block`; raises DataError when the disk has no room for it."""
        data = np.ascontiguousarray(block, dtype=self._dtype)
        try:
            self._check_room(data.nbytes)
            with self._lock:
                self._file.seek(0, os.SEEK_END)
                self._file.write(data.reshape(-1).view(np.uint8).data)
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
            raise DataError(_no_room()) from error
        self._n_rows += len(data)

    def read(self, start: int, stop: int) -> NDArray[Any]:
        """Rows `start` to `stop` (cut at the end) as a new C-contiguous array."""
        start, stop, _ = slice(start, stop).indices(self._n_rows)
        block = np.empty((max(0, stop - start), self._n_columns), self._dtype)
        if block.size:
            with self._lock:
                self._file.seek(start * self._n_columns * self._dtype.itemsize)
                read_exactly(self._file, block)
        return block

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        return self.read(0, self._n_rows).astype(dtype or self._dtype, copy=False)

    def close(self) -> None:
        """Delete the file; reading afterwards fails."""
        self._file.close()
        if _kept_in is not None:
            Path(self._file.name).unlink(missing_ok=True)

    def hand_over(self) -> Path:
        """Close the file and leave it to whoever is told its name; only where spools are kept in a folder."""
        self._file.close()
        return Path(self._file.name)

    def _check_room(self, n_bytes: int) -> None:
        self._unchecked += n_bytes
        if self._unchecked >= _ROOM_CHECK_BYTES:
            self._unchecked = 0
            require_room(n_bytes)


_kept_in: Path | None = None


def keep_spools_in(folder: Path) -> None:
    """Give the spools of this process names in `folder` from now on, so that another process can take them over."""
    global _kept_in
    _kept_in = folder


def _spool_file() -> Any:
    if _kept_in is None:
        return tempfile.TemporaryFile(prefix="vq-workbench-", dir=spool_folder())
    return tempfile.NamedTemporaryFile(dir=_kept_in, delete=False)


def require_room(n_bytes: int) -> None:
    """Raise DataError unless the folder of temporary files can take `n_bytes` and stay usable."""
    if shutil.disk_usage(spool_folder()).free < n_bytes + _ROOM_TO_LEAVE:
        raise DataError(_no_room())


def _no_room() -> str:
    return (
        f"The disk that holds temporary files ({spool_folder()}) is full: free some space there, "
        "or name another folder in the environment variable TMPDIR."
    )


def spool_folder() -> str:
    """Where temporary files go: what TMPDIR says, else /var/tmp where it exists, since /tmp is often memory."""
    if _kept_in is not None:
        return str(_kept_in)
    if any(os.environ.get(name) for name in ("TMPDIR", "TEMP", "TMP")):
        return tempfile.gettempdir()
    return "/var/tmp" if os.access("/var/tmp", os.W_OK) else tempfile.gettempdir()


def read_exactly(file: BinaryIO, block: NDArray[Any]) -> None:
    """Fill the C-contiguous `block` from `file`; raises EOFError when the file ends first."""
    view = block.reshape(-1).view(np.uint8).data
    while len(view):
        got = file.readinto(view)  # type: ignore[attr-defined]
        if not got:
            raise EOFError
        view = view[got:]


class FileRows:
    """The rows of a plain array inside a file, C order, read where they lie and converted on the way.

    Parameters
    ----------
    path : Path
    offset : int
        Of the first number, in bytes.
    shape : (n, d)
    stored : dtype
        In the file, of any byte order.
    dtype : dtype
        What `read` gives.
    columns : array of int, optional
        Which of the d columns, in this order; all by default.
    temporary : bool
        The file loses its name as soon as it is open, where the system can do that, else on closing.
    """

    def __init__(
        self,
        path: Path,
        offset: int,
        shape: tuple[int, int],
        stored: np.dtype[Any],
        dtype: np.dtype[Any],
        columns: NDArray[np.intp] | None = None,
        *,
        temporary: bool = False,
    ) -> None:
        self._file = open(path, "rb", opener=_open_for_the_last_time if temporary else None)  # noqa: SIM115
        self._lock = threading.Lock()
        self._offset, self._stored, self._dtype = offset, stored, dtype
        self._n_rows, self._stride = shape
        self._columns = columns

    @property
    def shape(self) -> tuple[int, int]:
        return self._n_rows, self._stride if self._columns is None else len(self._columns)

    @property
    def dtype(self) -> np.dtype[Any]:
        return self._dtype

    def read(self, start: int, stop: int) -> NDArray[Any]:
        """Rows `start` to `stop` (cut at the end) as a new C-contiguous array."""
        start, stop, _ = slice(start, stop).indices(self._n_rows)
        block = np.empty((max(0, stop - start), self._stride), self._stored)
        if block.size:
            with self._lock:
                self._file.seek(self._offset + start * self._stride * self._stored.itemsize)
                read_exactly(self._file, block)
        if self._columns is not None:
            block = block[:, self._columns]
        return np.ascontiguousarray(block, dtype=self._dtype)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        return self.read(0, self._n_rows).astype(dtype or self._dtype, copy=False)

    def close(self) -> None:
        """Close the file; reading afterwards fails."""
        self._file.close()


def _open_for_the_last_time(path: str, flags: int) -> int:
    deleted_on_closing = getattr(os, "O_TEMPORARY", 0)  # Windows
    opened = os.open(path, flags | deleted_on_closing)
    if not deleted_on_closing:
        os.unlink(path)
    return opened


@dataclass(frozen=True, eq=False)
class KeptColumns:
    """The columns of `source` at the positions `kept`, in this order, as a `RowSource`."""

    source: RowSource
    kept: NDArray[np.intp]

    @property
    def shape(self) -> tuple[int, int]:
        return self.source.shape[0], len(self.kept)

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.source.dtype

    def read(self, start: int, stop: int) -> NDArray[Any]:
        """Rows `start` to `stop` (cut at the end) as a new C-contiguous array."""
        return np.ascontiguousarray(self.source.read(start, stop)[:, self.kept])

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        return self.read(0, self.shape[0]).astype(dtype or self.dtype, copy=False)


@dataclass(frozen=True, eq=False)
class KeptRows:
    """The rows of `source` at the increasing positions `kept`, as a `RowSource`."""

    source: RowSource
    kept: NDArray[np.int64]

    @property
    def shape(self) -> tuple[int, int]:
        return len(self.kept), self.source.shape[1]

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.source.dtype

    def read(self, start: int, stop: int) -> NDArray[Any]:
        """Rows `start` to `stop` (cut at the end) as a new C-contiguous array."""
        wanted = self.kept[start:stop]
        block = np.empty((len(wanted), self.shape[1]), self.dtype)
        if len(wanted):
            first, last = int(wanted[0]), int(wanted[-1]) + 1
            for low, high in row_blocks(last - first, self.shape[1]):
                inside = slice(*np.searchsorted(wanted, [first + low, first + high]))
                block[inside] = self.source.read(first + low, first + high)[wanted[inside] - first - low]
        return block

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        return self.read(0, len(self.kept)).astype(dtype or self.dtype, copy=False)

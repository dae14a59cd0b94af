"""The one place of parallelism: rows cut in blocks, worked on by threads, combined in block order.

Block bounds depend on the data's shape, type and the number of prototypes only, never on the number of threads,
and results come back in block order, so every sum over rows has the same bits on one thread or on many.
"""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, Generic, TypeVar

import scipy.linalg.cython_blas  # noqa: F401 - numba multiplies with SciPy's BLAS: load it before counting threads
from joblib.parallel import get_active_backend
from numpy.typing import NDArray
from threadpoolctl import ThreadpoolController

from engines.rows import RowSource
from engines.training import StopToken

T = TypeVar("T")

TARGET_WORK = 2**25
"""Multiply-adds a block aims at: a few milliseconds of a core, so threads share evenly."""
MIN_ROWS = 4096
"""Fewer rows would spend more on combining (K, d) partial sums than on finding them."""
MAX_BYTES = 2**25


def block_bounds(
    n_rows: int, n_columns: int, itemsize: int, n_prototypes: int = 1, *, min_rows: int | None = None
) -> list[tuple[int, int]]:
    """Cut `n_rows` into consecutive (start, stop) pieces of about equal work.

    Depends on nothing but its arguments. `min_rows` is for work to which partial sums are small change. Where there
    is more than one block, their number is a multiple of 8 as far as it can be; each holds a multiple of 64 rows,
    the last the rest.
    """
    by_work = TARGET_WORK // max(1, n_columns * n_prototypes)
    by_bytes = MAX_BYTES // max(1, n_columns * itemsize)
    largest = max(64, min(max(MIN_ROWS if min_rows is None else min_rows, by_work), by_bytes) // 64 * 64)
    n_blocks = -(-n_rows // largest)
    if n_blocks > 1:
        n_blocks = -(-n_blocks // 8) * 8
    rows = max(64, -(-n_rows // (max(1, n_blocks) * 64)) * 64)
    return [(start, min(start + rows, n_rows)) for start in range(0, n_rows, rows)]


_most_threads: int | None = None


def limit_threads(most: int | None) -> None:
    """Let `n_jobs=None` mean at most so many threads in this process from now on; None is all cores again."""
    global _most_threads
    _most_threads = most


def resolve_jobs(n_jobs: int | None) -> int:
    """Number of threads: None is all cores, but one inside a joblib worker; -1 is all cores, -2 all but one.

    `limit_threads` can let None mean fewer.

    Raises
    ------
    ValueError
        If `n_jobs` is 0.
    """
    n_cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if n_jobs == 0:
        raise ValueError("n_jobs must not be 0: use 1 for one thread, -1 or None for all cores.")
    if n_jobs is None:
        nested = get_active_backend()[0].nesting_level or multiprocessing.parent_process() is not None
        return 1 if nested else min(n_cores, _most_threads or n_cores)
    return n_jobs if n_jobs > 0 else max(1, n_cores + 1 + n_jobs)


def map_blocks(
    rows: RowSource,
    work: Callable[[NDArray[Any], int], T],
    bounds: list[tuple[int, int]],
    *,
    n_jobs: int = 1,
    stop: StopToken | None = None,
) -> Iterator[T]:
    """Results of `work(block, start)` in block order, at most two blocks a thread ahead of the reader.

    Parameters
    ----------
    rows : RowSource of shape (n, d)
    work : callable
        Gets one (b, d) block and the number of its first row; runs on any thread, releases the GIL in kernels.
        BLAS runs on one thread meanwhile, so that its bits do not depend on their number.
    bounds : list of (start, stop)
        From `block_bounds`.
    n_jobs : int
        Threads, already resolved; the reader's own is one of them.
    stop : StopToken, optional
        Checked before each block.

    Raises
    ------
    Stopped
        When `stop` is set.
    """

    def one(block: int) -> T:
        if stop is not None:
            stop.check()
        start, end = bounds[block]
        return work(rows.read(start, end), start)

    n_threads = min(n_jobs, len(bounds))
    with single_threaded_blas():
        if n_threads <= 1:
            yield from map(one, range(len(bounds)))
        else:
            yield from _Crew(one, len(bounds), n_threads).results()


class _Crew(Generic[T]):
    """Threads that take the next block each, and a reader that lends a hand while it waits for its turn."""

    def __init__(self, one: Callable[[int], T], n_blocks: int, n_threads: int) -> None:
        self._one = one
        self._n_blocks = n_blocks
        self._n_threads = n_threads
        self._changed = threading.Condition()
        self._done: dict[int, T] = {}
        self._error: BaseException | None = None
        self._n_taken = 0
        self._n_read = 0

    def results(self) -> Iterator[T]:
        helpers = [threading.Thread(target=self._help, name="blocks", daemon=True) for _ in range(self._n_threads - 1)]
        for helper in helpers:
            helper.start()
        try:
            for block in range(self._n_blocks):
                yield self._result(block)
        finally:
            with self._changed:
                self._n_taken = self._n_blocks
                self._changed.notify_all()
            for helper in helpers:
                helper.join()

    def _result(self, block: int) -> T:
        while True:
            with self._changed:
                self._n_read = block
                self._changed.notify_all()
                while True:
                    if self._error is not None:
                        raise self._error
                    if block in self._done:
                        return self._done.pop(block)
                    if self._may_take():
                        mine = self._take()
                        break
                    self._changed.wait()
            self._do(mine)

    def _help(self) -> None:
        while True:
            with self._changed:
                while not self._may_take():
                    if self._n_taken >= self._n_blocks:
                        return
                    self._changed.wait()
                mine = self._take()
            self._do(mine)

    def _may_take(self) -> bool:
        ahead = self._n_read + 2 * self._n_threads
        return self._n_taken < min(self._n_blocks, ahead)

    def _take(self) -> int:
        self._n_taken += 1
        return self._n_taken - 1

    def _do(self, block: int) -> None:
        try:
            result = self._one(block)
        except BaseException as error:
            with self._changed:
                self._error = self._error or error
                self._n_taken = self._n_blocks
                self._changed.notify_all()
        else:
            with self._changed:
                self._done[block] = result
                self._changed.notify_all()


_blas_lock = threading.Lock()
_blas_users = 0
_blas_threads: list[Any] = []


@contextmanager
def single_threaded_blas() -> Iterator[None]:
    """BLAS on one thread while anybody is inside; the last one out puts back what the first one found."""
    global _blas_users, _blas_threads
    with _blas_lock:
        if _blas_users == 0:
            _blas_threads = [library.get_num_threads() for library in _blas()]
            for library in _blas():
                library.set_num_threads(1)
        _blas_users += 1
    try:
        yield
    finally:
        with _blas_lock:
            _blas_users -= 1
            if _blas_users == 0:
                for library, n_threads in zip(_blas(), _blas_threads, strict=True):
                    library.set_num_threads(n_threads)


@lru_cache(maxsize=1)
def _blas() -> tuple[Any, ...]:
    """The BLAS libraries that are loaded; looking for them takes milliseconds, and so would `limit`, each time."""
    return tuple(ThreadpoolController().select(user_api="blas").lib_controllers)

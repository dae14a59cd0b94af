"""The one place of parallelism: rows cut in blocks, worked on by threads, combined in block order.

Block bounds depend on the data's shape, type and the number of prototypes only, never on the number of threads,
and results come back in block order, so every sum over rows has the same bits on one thread or on many.
"""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from typing import Any, TypeVar

import numpy as np
from joblib.parallel import get_active_backend
from numpy.typing import NDArray
from threadpoolctl import ThreadpoolController

from engines.rows import RowSource
from engines.training import StopToken

T = TypeVar("T")

TARGET_WORK = 2**25
"""Multiply-adds a block aims at: about a millisecond or two of a core, so a stop is felt and threads share evenly."""
MIN_ROWS, MAX_BYTES = 256, 2**25


def block_bounds(n_rows: int, n_columns: int, itemsize: int, n_prototypes: int = 1) -> list[tuple[int, int]]:
    """Cut `n_rows` into consecutive (start, stop) pieces of about equal work.

    Depends on nothing but its arguments. Blocks hold a multiple of 64 rows (the kernels' packing), the last the rest.
    """
    by_work = TARGET_WORK // max(1, n_columns * n_prototypes)
    by_bytes = MAX_BYTES // max(1, n_columns * itemsize)
    rows = max(MIN_ROWS, min(by_work, by_bytes)) // 64 * 64
    return [(start, min(start + rows, n_rows)) for start in range(0, n_rows, rows)]


def resolve_jobs(n_jobs: int | None) -> int:
    """Number of threads: None is all cores, but one inside a joblib worker; -1 is all cores, -2 all but one.

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
        return 1 if nested else n_cores
    return n_jobs if n_jobs > 0 else max(1, n_cores + 1 + n_jobs)


def map_blocks(
    rows: RowSource,
    work: Callable[[NDArray[np.generic], int], T],
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
    bounds : list of (start, stop)
        From `block_bounds`.
    n_jobs : int
        Threads, already resolved.
    stop : StopToken, optional
        Checked before each block.

    Raises
    ------
    Stopped
        When `stop` is set.
    """

    def one(start: int, end: int) -> T:
        if stop is not None:
            stop.check()
        return work(rows.read(start, end), start)

    if n_jobs == 1 or len(bounds) == 1:
        with single_blas_thread():
            for start, end in bounds:
                yield one(start, end)
        return
    with single_blas_thread(), ThreadPoolExecutor(min(n_jobs, len(bounds))) as pool:
        ahead: deque[Future[T]] = deque()
        try:
            for start, end in bounds:
                ahead.append(pool.submit(one, start, end))
                if len(ahead) > 2 * n_jobs:
                    yield ahead.popleft().result()
            while ahead:
                yield ahead.popleft().result()
        finally:
            for waiting in ahead:
                waiting.cancel()


@contextmanager
def single_blas_thread() -> Iterator[None]:
    """Keep BLAS at one thread; overlapping uses from several threads restore it only when the last one ends."""
    with _blas_lock:
        if not _blas_limits:
            _blas_limits.append(_blas().limit(limits=1, user_api="blas"))
        _blas_limits.append(None)
    try:
        yield
    finally:
        with _blas_lock:
            _blas_limits.pop()
            if len(_blas_limits) == 1:
                _blas_limits.pop().restore_original_limits()


_blas_lock = threading.Lock()
_blas_limits: list[Any] = []  # the limit in force, then one None for each user of it


@cache
def _blas() -> ThreadpoolController:
    return ThreadpoolController()  # finding the libraries takes milliseconds, setting their threads microseconds

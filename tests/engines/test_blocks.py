"""Blocks: bounds, order, look-ahead, stops, errors, and BLAS kept to one thread."""

from __future__ import annotations

import threading
import time
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from joblib import Parallel, delayed
from threadpoolctl import threadpool_info

from engines.blocks import block_bounds, map_blocks, resolve_jobs, single_threaded_blas
from engines.rows import ArrayRows
from engines.training import Stopped, StopToken

ROWS = ArrayRows(np.arange(1000.0).reshape(-1, 1))
BOUNDS = [(start, min(start + 64, 1000)) for start in range(0, 1000, 64)]


@given(st.integers(1, 10**6), st.integers(1, 5000), st.sampled_from([4, 8]), st.integers(1, 5000))
@example(473_089, 1457, 8, 1)
def test_bounds_cover_all_rows_in_order_in_units_of_64(n_rows, n_columns, itemsize, n_prototypes):
    bounds = block_bounds(n_rows, n_columns, itemsize, n_prototypes)
    assert bounds[0][0] == 0
    assert bounds[-1][1] == n_rows
    assert all(a[1] == b[0] for a, b in pairwise(bounds))
    assert all((stop - start) % 64 == 0 for start, stop in bounds[:-1])
    assert all(start < stop for start, stop in bounds)
    assert max(stop - start for start, stop in bounds) * n_columns * itemsize <= max(2**25, 64 * n_columns * itemsize)


@pytest.mark.parametrize("n_jobs", [1, 2, 5, 40])
def test_results_come_in_block_order(n_jobs):
    def work(block, start):
        time.sleep(0.002 * (start % 3))
        return start, block[0, 0], len(block)

    found = list(map_blocks(ROWS, work, BOUNDS, n_jobs=n_jobs))
    assert found == [(start, start, stop - start) for start, stop in BOUNDS]


def test_several_threads_work_at_once():
    meeting = threading.Barrier(3, timeout=20)
    list(map_blocks(ROWS, lambda block, start: meeting.wait(), BOUNDS[:15], n_jobs=3))


def test_workers_stay_within_two_blocks_a_thread_of_the_reader():
    begun = []
    results = map_blocks(ROWS, lambda block, start: begun.append(start), BOUNDS, n_jobs=2)
    next(results)
    time.sleep(0.1)
    assert len(begun) <= 1 + 4
    results.close()


@pytest.mark.parametrize("n_jobs", [1, 3])
def test_a_stop_ends_the_blocks(n_jobs):
    stop = StopToken()
    done = []

    def work(block, start):
        done.append(start)
        if start == BOUNDS[4][0]:
            stop.set()

    with pytest.raises(Stopped):
        list(map_blocks(ROWS, work, BOUNDS, n_jobs=n_jobs, stop=stop))
    assert len(done) <= 5 + 2 * n_jobs


@pytest.mark.parametrize("n_jobs", [1, 3])
def test_an_error_in_a_block_reaches_the_reader_and_no_thread_is_left(n_jobs):
    before = threading.active_count()

    def work(block, start):
        if start == BOUNDS[7][0]:
            raise ZeroDivisionError("in a block")

    with pytest.raises(ZeroDivisionError, match="in a block"):
        list(map_blocks(ROWS, work, BOUNDS, n_jobs=n_jobs))
    assert threading.active_count() == before


def test_a_reader_that_leaves_early_leaves_no_thread():
    before = threading.active_count()
    results = map_blocks(ROWS, lambda block, start: start, BOUNDS, n_jobs=4)
    next(results)
    results.close()
    assert threading.active_count() == before


def blas_threads():
    """Of the libraries that this program multiplies with; a peer that another test has loaded brings its own."""
    pools = [pool for pool in threadpool_info() if pool["user_api"] == "blas" and "faiss" not in pool["filepath"]]
    return {pool["num_threads"] for pool in pools}


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_blas_has_one_thread_inside_and_its_own_number_afterwards(n_jobs):
    before = blas_threads()
    inside = list(map_blocks(ROWS, lambda block, start: blas_threads(), BOUNDS[:3], n_jobs=n_jobs))
    assert inside == [{1}] * 3
    assert blas_threads() == before


def test_two_users_of_one_thread_give_it_back_in_any_order():
    before = blas_threads()
    one, two = single_threaded_blas(), single_threaded_blas()
    one.__enter__()
    two.__enter__()
    one.__exit__(None, None, None)
    assert blas_threads() == {1}
    two.__exit__(None, None, None)
    assert blas_threads() == before


def test_jobs_are_counted_as_scikit_learn_does(monkeypatch):
    monkeypatch.setattr("os.sched_getaffinity", lambda pid: set(range(6)), raising=False)
    assert [resolve_jobs(n) for n in (None, 1, 4, -1, -2, -9)] == [6, 1, 4, 6, 5, 1]
    with pytest.raises(ValueError, match="n_jobs must not be 0"):
        resolve_jobs(0)


@pytest.mark.parametrize("backend", ["threading", pytest.param("loky", marks=pytest.mark.slow)])
def test_no_threads_of_its_own_inside_a_joblib_worker(backend):
    assert Parallel(2, backend=backend)(delayed(resolve_jobs)(None) for _ in range(2)) == [1, 1]

"""Times Lloyd beside scikit-learn's from the same start, and k-means++ alone; prints a table and asserts nothing.

Wall-clock seconds are the least and the median of several rounds in turn; processor seconds, of all threads
together, are the least, and tell more on a machine that others use too.

Usage: python tests/benchmarks/kmeans.py [--mnist FOLDER] [--repeats N] [--only NAME]
FOLDER holds train-images-idx3-ubyte.gz; without it, only the made-up data are timed.
"""

from __future__ import annotations

import argparse
import gzip
import statistics
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.cluster import KMeans as PeerKMeans
from sklearn.cluster import kmeans_plusplus
from threadpoolctl import threadpool_limits

sys.path.insert(0, str(Path(__file__).parents[2]))

from engines import KMeans


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mnist", type=Path)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--only", default="")
    asked = parser.parse_args()
    warnings.simplefilter("ignore")
    cases = [("blobs", blobs(), 64, 50)]
    if asked.mnist:
        cases.append(("mnist", images(asked.mnist / "train-images-idx3-ubyte.gz"), 256, 25))
    for name, X, n_clusters, max_iter in cases:
        if asked.only in ("", name):
            compare(name, X, n_clusters, max_iter, asked.repeats)


def compare(name: str, X: np.ndarray, n_clusters: int, max_iter: int, repeats: int) -> None:
    n, d = X.shape
    start = X[np.random.default_rng(0).choice(n, n_clusters, replace=False)].copy()
    for threads in (1, 2):
        with threadpool_limits(threads):
            rate = product_rate(X.dtype)

            def ours() -> KMeans:
                return KMeans(n_clusters, init=start, max_iter=max_iter, tol=0, n_jobs=threads).fit(X)  # noqa: B023

            def peer() -> PeerKMeans:
                return PeerKMeans(n_clusters, init=start, n_init=1, max_iter=max_iter, tol=0, algorithm="lloyd").fit(X)

            found = interleaved([ours, peer], repeats)
        print(f"\n{name}: {n} x {d}, K={n_clusters}, {X.dtype}, {threads} thread(s); product {rate:.0f} GFLOP/s")
        for label, times in zip(("ours", "scikit-learn"), found, strict=True):
            model = times.result
            flops = 2 * n * d * n_clusters * (model.n_iter_ + 1) / min(times.wall)
            print(
                f"  {label:13} min {min(times.wall):7.3f} s  median {statistics.median(times.wall):7.3f} s  "
                f"processor {min(times.cpu):7.3f} s  {1000 * min(times.wall) / model.n_iter_:7.2f} ms/iteration  "
                f"{flops / 1e9:6.1f} GFLOP/s ({flops / 1e7 / rate:3.0f} %)  J {model.inertia_:.7g}  "
                f"{model.n_iter_} iterations",
                flush=True,
            )
    seeding(name, X, n_clusters, repeats)


def seeding(name: str, X: np.ndarray, n_clusters: int, repeats: int) -> None:
    def ours() -> float:
        training = KMeans(n_clusters, random_state=0).train(X)
        return next(training).cost

    def peer() -> float:
        centres, _ = kmeans_plusplus(X, n_clusters, random_state=0)
        return -PeerKMeans(n_clusters, init=centres, n_init=1, max_iter=1).fit(centres).score(X)

    found = interleaved([ours, peer], max(1, repeats // 2))
    for label, times in zip(("ours", "scikit-learn"), found, strict=True):
        print(
            f"  k-means++ {label:13} min {min(times.wall):7.3f} s  processor {min(times.cpu):7.3f} s  "
            f"(J at the start {times.result:.6g})",
            flush=True,
        )


@dataclass
class Times:
    """Seconds of several rounds of one work, by the clock and of the processor, and its last result."""

    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    result: Any = None


def interleaved(works: list[Callable[[], object]], repeats: int) -> list[Times]:
    """Each work `repeats` times, in turn, after one unmeasured round on which numba may compile."""
    works[0]()
    found = [Times() for _ in works]
    for _ in range(repeats):
        for times, work in zip(found, works, strict=True):
            wall, cpu = time.perf_counter(), time.process_time()
            times.result = work()
            times.wall.append(time.perf_counter() - wall)
            times.cpu.append(time.process_time() - cpu)
    return found


def product_rate(dtype: np.dtype) -> float:
    """GFLOP/s of a square matrix product under the present thread limit: the best of several."""
    a = np.random.default_rng(0).random((1536, 1536)).astype(dtype)
    best = min(_timed(lambda: a @ a) for _ in range(8))
    return 2 * 1536**3 / best / 1e9


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def blobs() -> np.ndarray:
    rng = np.random.default_rng(1)
    centres = rng.normal(0, 2, (64, 32))
    return (centres[rng.integers(0, 64, 100_000)] + rng.normal(0, 1, (100_000, 32))).astype(np.float32)


def images(path: Path) -> np.ndarray:
    """The rows of an IDX image file as float32 in [0, 1]."""
    with gzip.open(path) as file:
        header = np.frombuffer(file.read(16), ">i4")
        pixels = np.frombuffer(file.read(), np.uint8)
    return pixels.reshape(header[1], -1).astype(np.float32) / np.float32(255)


if __name__ == "__main__":
    main()

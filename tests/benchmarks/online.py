"""Times online VQ, mini-batch k-means and neural gas beside peers from the same start; prints tables, asserts nothing.

Seconds are the least and the median of several rounds in turn, all on one thread, by the clock; processor seconds are
the least. The limit is the time of 2·K·d flops a row at the rate of a matrix product. MiniSom is given fewer rows and
its time is scaled up.

Usage: python tests/benchmarks/online.py [--repeats N] [--only online|batches|gas]
"""

from __future__ import annotations

import argparse
import sys
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
from minisom import MiniSom
from sklearn.cluster import MiniBatchKMeans as PeerMiniBatch
from threadpoolctl import threadpool_limits

sys.path.insert(0, str(Path(__file__).parents[2]))

from peers import Times, blobs, interleaved, product_rate

from engines import MiniBatchKMeans, NeuralGas, OnlineVQ
from engines.clustering.competitive import Schedule, epoch
from engines.distortion import squared_errors
from engines.rows import ArrayRows
from engines.training import StopToken

RATE = 0.05


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--only", default="")
    asked = parser.parse_args()
    warnings.simplefilter("ignore")
    with threadpool_limits(1):
        for name, compare in (("online", online), ("batches", batches), ("gas", gas)):
            if asked.only in ("", name):
                compare(asked.repeats)


def online(repeats: int) -> None:
    """One epoch at a constant rate, rows in their order."""
    X, n_peer = blobs(200_000, 32, 64), 4_000
    n, d = X.shape
    start = X[np.random.default_rng(0).choice(n, 64, replace=False)].copy()
    order = np.random.default_rng(1)

    def peer() -> np.ndarray:
        som = MiniSom(8, 8, d, 0.5, RATE, decay_function=lambda rate, t, most: rate, neighborhood_function="bubble")
        som._weights = start.astype(np.float64).reshape(8, 8, d)
        som.train(X[:n_peer], n_peer)
        return som.get_weights().reshape(64, d)

    def learning(rows: np.ndarray, rng: np.random.Generator | None) -> np.ndarray:
        return epoch(rows, None, start, np.zeros(64), Schedule("hyperbolic", RATE, 0.0), 0.0, rng, StopToken())[0]

    def whole() -> np.ndarray:
        return OnlineVQ(64, init=start, initial_rate=RATE, decay=0.0, max_iter=1, n_jobs=1).fit(X).prototypes_

    works = (lambda: learning(X, None), lambda: learning(X, order), whole, peer)
    found = interleaved(list(works), repeats)
    limit = head(f"online VQ, one epoch: {n} x {d}, K=64, {X.dtype}", n, d, 64, X.dtype)
    names = ("rows in order", "rows shuffled", "OnlineVQ.fit, 2 costs", f"MiniSom x {n // n_peer}")
    for name, times in zip(names, found, strict=True):
        scale = n / n_peer if name.startswith("MiniSom") else 1.0
        line(name, times, limit, found[-1], scale, n / n_peer, f"error {error(X, times.result):.4f}")
    gap = np.abs(learning(X[:n_peer], None) - found[-1].result).max()
    print(f"  largest difference from MiniSom after its {n_peer} rows: {gap:.1e}")


def batches(repeats: int) -> None:
    for n, d, n_clusters in ((100_000, 32, 64), (500_000, 16, 16)):
        X = blobs(n, d, n_clusters)
        start = X[np.random.default_rng(0).choice(n, n_clusters, replace=False)].copy()

        def ours(X: np.ndarray = X, start: np.ndarray = start, **options: float) -> MiniBatchKMeans:
            return MiniBatchKMeans(len(start), init=start, random_state=0, n_jobs=1, **options).fit(X)

        def peer(X: np.ndarray = X, start: np.ndarray = start, **options: float) -> PeerMiniBatch:
            return PeerMiniBatch(len(start), init=start, n_init=1, random_state=0, **options).fit(X)

        works: list[Callable[[], object]] = [
            ours,
            peer,
            lambda ours=ours: ours(max_iter=2, tol=0.0, patience=99),
            lambda peer=peer: peer(max_iter=2, max_no_improvement=None),
        ]
        found = interleaved(works, repeats)
        limit = head(f"mini-batches of 1024: {n} x {d}, K={n_clusters}, {X.dtype}", 1024, d, n_clusters, X.dtype)
        names = ("own end", "scikit-learn, own end", "two passes", "scikit-learn, two passes")
        for i, (name, times) in enumerate(zip(names, found, strict=True)):
            model = times.result
            batch = 1e6 * min(times.cpu) / model.n_steps_
            told = f"{batch:6.0f} us/batch  {model.n_steps_} batches  J {model.inertia_:.6g}"
            line(name, times, limit * model.n_steps_, found[i // 2 * 2 + 1], 1.0, 1.0, told)


def gas(repeats: int) -> None:
    """One epoch with wide and with narrow neighbourhoods; the peer is the batch step as NumPy writes it."""
    X = blobs(50_000, 32, 64)
    n, d = X.shape
    start = X[np.random.default_rng(0).choice(n, 64, replace=False)].copy()
    for neighbourhood in (16.0, 1.0, 0.01):

        def ours(mode: str, neighbourhood: float = neighbourhood) -> np.ndarray:
            engine = NeuralGas(
                64, mode=mode, init=start, neighbourhood_end=neighbourhood, annealing=0, max_iter=1, n_jobs=1
            )
            return engine.fit(X).prototypes_

        def peer(neighbourhood: float = neighbourhood) -> np.ndarray:
            sums, masses = np.zeros((64, d)), np.zeros(64)
            for rows in np.array_split(X, 50):
                squared = (rows**2).sum(1)[:, None] - 2 * rows @ start.T + (start**2).sum(1)
                ranks = squared.argsort(1).argsort(1)
                h = np.exp(-ranks / neighbourhood)
                sums += h.T @ rows
                masses += h.sum(0)
            return sums / np.maximum(masses, 1e-300)[:, None]

        found = interleaved([lambda ours=ours: ours("batch"), lambda ours=ours: ours("online"), peer], repeats)
        limit = head(
            f"neural gas, one epoch and 2 rankings: {n} x {d}, K=64, lambda {neighbourhood}", n, d, 64, X.dtype
        )
        for name, times in zip(("batch", "online", "NumPy, batch, no cost"), found, strict=True):
            line(name, times, limit, found[-1], 1.0, 1.0, f"error {error(X, times.result):.4f}")


def head(title: str, n: int, d: int, n_prototypes: int, dtype: np.dtype) -> float:
    """Prints the title; gives the limit in seconds."""
    rate = product_rate(dtype)
    limit = 2 * n * d * n_prototypes / rate / 1e9
    print(f"\n{title}, 1 thread; product {rate:.0f} GFLOP/s, limit {1000 * limit:.3f} ms")
    return limit


def line(name: str, times: Times, limit: float, peer: Times, scale: float, peer_scale: float, told: str) -> None:
    least = scale * min(times.wall)
    print(
        f"  {name:26} min {1000 * least:9.1f} ms  median {1000 * scale * times.median:9.1f} ms  "
        f"processor {1000 * scale * min(times.cpu):9.1f} ms  {least / limit:7.1f} x limit  "
        f"{peer_scale * peer.median / (scale * times.median):7.1f} x as fast as the peer (medians)  {told}",
        flush=True,
    )


def error(X: np.ndarray, prototypes: np.ndarray) -> float:
    """Mean squared distance of the rows to the nearest prototype."""
    return float(np.mean(squared_errors(ArrayRows(X), prototypes)))


if __name__ == "__main__":
    main()

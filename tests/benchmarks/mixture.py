"""Times EM beside scikit-learn's and pomegranate's from the same start; prints a table and asserts nothing.

Seconds are of one iteration, an E- and an M-step: the difference between a long and a short training over their
difference in iterations. Wall-clock seconds and those of the processor are the least of several rounds in turn. The
limit is the time that the multiply-adds of E- and M-step take at the rate of a matrix product on as many threads.

Usage: python tests/benchmarks/mixture.py [--repeats N] [--only full|diag|tied|spherical] [--threads N ...]
       [--peers NAME ...]
"""

from __future__ import annotations

import argparse
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from pomegranate.distributions import Normal
from pomegranate.gmm import GeneralMixtureModel
from sklearn.mixture import GaussianMixture as PeerMixture
from threadpoolctl import threadpool_limits

sys.path.insert(0, str(Path(__file__).parents[2]))

from engines import GaussianMixture

SHORT, LONG = 2, 5
"""Iterations of the two trainings that are compared."""
CASES = (
    ("full", 100_000, 16, 16),
    ("full", 20_000, 64, 8),
    ("diag", 200_000, 64, 32),
    ("spherical", 200_000, 64, 32),
    ("tied", 200_000, 64, 32),
)


@dataclass
class Times:
    """Seconds of several rounds, by the clock and of the processor, for a short and a long training; and a quality."""

    wall: dict[int, list[float]] = field(default_factory=lambda: {SHORT: [], LONG: []})
    cpu: dict[int, list[float]] = field(default_factory=lambda: {SHORT: [], LONG: []})
    likelihood: float = float("nan")

    def iteration(self, which: dict[int, list[float]]) -> float:
        """Milliseconds of an iteration."""
        return 1000 * (min(which[LONG]) - min(which[SHORT])) / (LONG - SHORT)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=4)
    parser.add_argument("--only", default="")
    parser.add_argument("--threads", type=int, nargs="*", default=[1, 2])
    parser.add_argument("--peers", nargs="*", default=["scikit-learn", "pomegranate"])
    asked = parser.parse_args()
    warnings.simplefilter("ignore")
    for kind, n, d, k in CASES:
        if asked.only in ("", kind):
            for dtype in (np.float64, np.float32):
                for threads in asked.threads:
                    compare(kind, blobs(n, d, k).astype(dtype), k, threads, asked.repeats, asked.peers)


def compare(kind: str, X: np.ndarray, k: int, threads: int, repeats: int, peers: list[str]) -> None:
    n, d = X.shape
    works: dict[str, Callable[[int], float]] = {
        "ours": lambda n_iter: ours(kind, X, k, threads, n_iter),
        "scikit-learn": lambda n_iter: peer(kind, X, k, n_iter),
    }
    if kind in ("full", "diag"):
        works["pomegranate"] = lambda n_iter: pomegranate(kind, X, k, n_iter)
    works = {name: work for name, work in works.items() if name in ("ours", *peers)}
    torch.set_num_threads(threads)
    with threadpool_limits(threads):
        rate = product_rate(X.dtype)
        found = interleaved(works, repeats)
    flops = 2 * n * k * d * (d + 1 if kind == "full" else 4) + (2 * n * d * d if kind == "tied" else 0)
    limit = flops / rate / 1e6
    print(
        f"\n{kind}: {n} x {d}, K={k}, {X.dtype}, {threads} thread(s); product {rate:.0f} GFLOP/s, limit {limit:.1f} ms"
    )
    best = found["ours"].iteration(found["ours"].wall)
    for name, times in found.items():
        wall, cpu = times.iteration(times.wall), times.iteration(times.cpu)
        print(
            f"  {name:13} {wall:8.1f} ms/iteration  processor {cpu:8.1f}  {100 * limit / wall:4.0f} % of the limit  "
            f"{wall / best:6.1f} x ours  log-likelihood a row {times.likelihood:.6f}",
            flush=True,
        )


def ours(kind: str, X: np.ndarray, k: int, threads: int, n_iter: int) -> float:
    start = {"weights_init": np.full(k, 1 / k), "precisions_init": precisions(kind, k, X.shape[1])}
    model = GaussianMixture(k, covariance_type=kind, init=X[:k], max_iter=n_iter, tol=0, n_jobs=threads, **start).fit(X)
    return model.score(X[:10_000]) if n_iter == LONG else 0.0


def peer(kind: str, X: np.ndarray, k: int, n_iter: int) -> float:
    start = {"weights_init": np.full(k, 1 / k), "precisions_init": precisions(kind, k, X.shape[1]).astype(X.dtype)}
    model = PeerMixture(
        k, covariance_type=kind, means_init=X[:k], init_params="random_from_data", max_iter=n_iter, tol=0, **start
    ).fit(X)
    return model.score(X[:10_000]) if n_iter == LONG else 0.0


def pomegranate(kind: str, X: np.ndarray, k: int, n_iter: int) -> float:
    d = X.shape[1]
    rows = torch.from_numpy(X)
    covariance = torch.eye(d, dtype=rows.dtype) if kind == "full" else torch.ones(d, dtype=rows.dtype)
    parts = [Normal(rows[i].clone(), covariance.clone(), covariance_type=kind) for i in range(k)]
    model = GeneralMixtureModel(parts, priors=torch.full((k,), 1 / k, dtype=rows.dtype), max_iter=n_iter, tol=-1e30)
    model.fit(rows)
    return float(model.log_probability(rows[:10_000]).mean()) if n_iter == LONG else 0.0


def precisions(kind: str, k: int, d: int) -> np.ndarray:
    return {
        "full": np.tile(np.eye(d), (k, 1, 1)),
        "tied": np.eye(d),
        "diag": np.ones((k, d)),
        "spherical": np.ones(k),
    }[kind]


def interleaved(works: dict[str, Callable[[int], float]], repeats: int) -> dict[str, Times]:
    """Each work `repeats` times, short and long, in turn, after one unmeasured round on which numba may compile."""
    found = {name: Times() for name in works}
    for name, work in works.items():
        found[name].likelihood = work(LONG)
    for _ in range(repeats):
        for name, work in works.items():
            for n_iter in (SHORT, LONG):
                wall, cpu = time.perf_counter(), time.process_time()
                work(n_iter)
                found[name].wall[n_iter].append(time.perf_counter() - wall)
                found[name].cpu[n_iter].append(time.process_time() - cpu)
    return found


def product_rate(dtype: np.dtype) -> float:
    """GFLOP/s of a square matrix product under the present thread limit: the best of several."""
    a = np.random.default_rng(0).random((1024, 1024)).astype(dtype)
    best = min(_timed(lambda: a @ a) for _ in range(8))
    return 2 * 1024**3 / best / 1e9


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def blobs(n: int, d: int, k: int) -> np.ndarray:
    """Clouds that overlap, in every direction of another width."""
    rng = np.random.default_rng(0)
    centres, widths = rng.normal(0, 1, (k, d)), rng.uniform(0.5, 1.5, (k, d))
    labels = rng.integers(0, k, n)
    return centres[labels] + widths[labels] * rng.normal(size=(n, d))


if __name__ == "__main__":
    main()

"""Times maps beside somoclu (batch), MiniSom and susi (online) from the same start; prints a table, asserts nothing.

Batches: the same start and schedule, so that all end at the same units. Online: MiniSom gets the same order as ours;
susi draws rows at random, as many, with neighbourhoods of its own. Wall-clock seconds are the least and the median of
rounds in turn; processor seconds, of all threads together, are the least. The limit is that of the search alone, at
the rate of a matrix product: 2ndM operations an epoch. somoclu's wheel-less package may lack its compiled part;
PYTHONPATH may name a folder that holds it.

Usage: python tests/benchmarks/som.py [--repeats N] [--threads N]
"""

from __future__ import annotations

import argparse
import contextlib
import io
import statistics
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from kmeans import Times, interleaved, product_rate
from threadpoolctl import threadpool_limits

sys.path.insert(0, str(Path(__file__).parents[2]))

from engines import SOM
from engines.maps.grid import Grid
from engines.maps.inspection import mean_distance, topographic_error

ROWS, COLS, N, D = 20, 20, 10_000, 32
EPOCHS = 10


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--threads", type=int, nargs="*", default=[1, 2])
    asked = parser.parse_args()
    warnings.simplefilter("ignore")
    rng = np.random.default_rng(0)
    centres = rng.normal(0, 2, (20, D))
    X = (centres[rng.integers(0, 20, N)] + rng.normal(0, 1, (N, D))).astype(np.float32)
    start = X[rng.choice(N, ROWS * COLS, replace=False)].copy()
    for threads in asked.threads:
        with threadpool_limits(threads):
            batches(X, start, threads, asked.repeats)
    online(X, start, asked.repeats)


def batches(X: np.ndarray, start: np.ndarray, threads: int, repeats: int) -> None:
    def ours() -> np.ndarray:
        model = SOM(
            (ROWS, COLS), init=start, max_iter=EPOCHS, annealing=1.0, tol=0, sigma_start=5.0, sigma_end=0.5,
            sigma_schedule="linear", n_jobs=threads,
        )  # fmt: skip
        return model.fit(X).prototypes_

    works = {"ours": ours}
    with contextlib.redirect_stdout(io.StringIO()):
        somoclu = _somoclu()
    if somoclu is None:
        print("somoclu, or its compiled part, is not installed")
    else:

        def peer() -> np.ndarray:
            som = somoclu.Somoclu(COLS, ROWS, initialcodebook=start.copy(), compactsupport=False)
            som.train(X, epochs=EPOCHS, radius0=10.0, radiusN=1.0)  # its σ is half the radius
            return np.asarray(som.codebook).reshape(ROWS * COLS, D)

        works["somoclu"] = peer
    limit = EPOCHS * 2 * N * D * ROWS * COLS / product_rate(X.dtype) / 1e9
    print(f"\nbatch {ROWS} x {COLS}, {N} x {D}, {EPOCHS} epochs, {threads} thread(s); limit {1000 * limit:.1f} ms")
    show(works, interleaved(list(works.values()), repeats), X, limit)


def online(X: np.ndarray, start: np.ndarray, repeats: int) -> None:
    from minisom import MiniSom
    from susi import SOMClustering

    def ours() -> np.ndarray:
        model = SOM(
            (ROWS, COLS), mode="online", init=start, max_iter=1, tol=0, sigma_start=2.0, sigma_end=2.0,
            learning_rate_start=0.1, learning_rate_end=0.1, random_state=0, n_jobs=1,
        )  # fmt: skip
        return model.fit(X).prototypes_

    def learning_alone() -> np.ndarray:
        model = SOM((ROWS, COLS), sigma_start=2.0, sigma_end=2.0, learning_rate_start=0.1, init=start, n_jobs=1)
        return model.partial_fit(X).prototypes_

    def minisom() -> np.ndarray:
        som = MiniSom(ROWS, COLS, D, sigma=2.0, learning_rate=0.1, decay_function=lambda rate, t, n: rate)
        som._sigma_decay_function = lambda sigma, t, n: sigma
        som._weights = start.reshape(ROWS, COLS, D).copy()
        som.train(X[np.random.default_rng(0).permutation(N)], 1, use_epochs=True)
        return som.get_weights().reshape(ROWS * COLS, D)

    def susi() -> np.ndarray:
        som = SOMClustering(ROWS, COLS, n_iter_unsupervised=N, learning_rate_start=0.1, learning_rate_end=0.1)
        som.fit(X)
        return np.asarray(som.unsuper_som_, np.float32).reshape(ROWS * COLS, D)

    works = {"ours": ours, "ours, in order": learning_alone, "minisom": minisom, "susi": susi}
    limit = 2 * N * D * ROWS * COLS / product_rate(X.dtype) / 1e9
    print(f"\nonline {ROWS} x {COLS}, {N} x {D}, 1 epoch, sequential; limit {1000 * limit:.1f} ms")
    show(works, interleaved(list(works.values()), max(2, repeats // 2)), X, limit)


def show(works: dict[str, Any], found: list[Times], X: np.ndarray, limit: float) -> None:
    reference = found[0].result
    fastest = min(found[0].wall)
    for name, times in zip(works, found, strict=True):
        units = np.ascontiguousarray(times.result, X.dtype)
        apart = np.abs(units - reference).max()
        print(
            f"  {name:15} min {1000 * min(times.wall):9.1f} ms  median {1000 * statistics.median(times.wall):9.1f} ms  "
            f"processor {1000 * min(times.cpu):9.1f} ms  {min(times.wall) / limit:7.1f} x limit  "
            f"{min(times.wall) / fastest:6.1f} x ours  QE {mean_distance(X, units):.5f}  "
            f"TE {topographic_error(X, units, Grid(ROWS, COLS)):.4f}  at most {apart:.1e} from ours",
            flush=True,
        )


def _somoclu() -> Any:
    """The package, or None where it or its compiled part is missing."""
    try:
        import somoclu
        import somoclu.somoclu_wrap
    except ImportError:
        return None
    return somoclu


if __name__ == "__main__":
    main()

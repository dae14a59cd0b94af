"""Times LBG, bisecting, spherical and two-stage codebooks beside their peers; prints a table and asserts nothing.

Peers: scikit-learn's k-means of as many prototypes for LBG (which has no peer of its own), its BisectingKMeans, faiss's
spherical k-means from the same start, and for two stages scikit-learn's k-means run cell by cell. Seconds are the
least of several rounds in turn, by the clock and of the processor; the error tells what the time bought.

Usage: python tests/benchmarks/codebooks.py [--mnist FOLDER] [--repeats N] [--threads N] [--only NAME]
FOLDER holds train-images-idx3-ubyte.gz; without it, only the made-up data are timed.
"""

from __future__ import annotations

import argparse
import sys
import warnings
from collections.abc import Callable
from pathlib import Path

import faiss
import numpy as np
from peers import blobs, images, interleaved, product_rate
from sklearn.cluster import BisectingKMeans
from sklearn.cluster import KMeans as PeerKMeans
from threadpoolctl import threadpool_limits

sys.path.insert(0, str(Path(__file__).parents[2]))

from engines import LBG, HierarchicalVQ, KMeans, SphericalKMeans
from engines.distortion import squared_errors
from engines.rows import ArrayRows

Work = Callable[[], float]
"""Trains, and gives the mean squared error per row (spherical: the mean cosine distance)."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mnist", type=Path)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--only", default="")
    asked = parser.parse_args()
    warnings.simplefilter("ignore")
    faiss.omp_set_num_threads(asked.threads)
    data = [("blobs", blobs(100_000, 32, 64), 64)]
    if asked.mnist:
        data.append(("mnist", images(asked.mnist / "train-images-idx3-ubyte.gz"), 256))
    for name, X, n_clusters in data:
        with threadpool_limits(asked.threads):
            print(
                f"\n{name}: {len(X)} x {X.shape[1]}, K={n_clusters}, {X.dtype}, {asked.threads} thread(s); "
                f"product {product_rate(X.dtype):.0f} GFLOP/s, one search of all rows at it "
                f"{2 * X.size * n_clusters / product_rate(X.dtype) / 1e9:.3f} s"
            )
            for title, works in pairs(X, n_clusters, asked.threads).items():
                if asked.only in title:
                    report(title, works, asked.repeats)


def report(title: str, works: dict[str, Work], repeats: int) -> None:
    found = interleaved(list(works.values()), repeats)
    print(f"  {title}")
    for label, times in zip(works, found, strict=True):
        print(
            f"    {label:24} min {min(times.wall):8.3f} s  processor {min(times.cpu):8.3f} s  error {times.result:.6g}",
            flush=True,
        )


def pairs(X: np.ndarray, n_clusters: int, threads: int) -> dict[str, dict[str, Work]]:
    """What is compared with what, by title."""
    n, d = X.shape
    rng = np.random.default_rng(0)
    unit = X / np.maximum(np.linalg.norm(X, axis=1, keepdims=True), 1e-30)
    start = unit[rng.choice(n, n_clusters, replace=False)].copy()
    stage = round(n_clusters**0.5)

    def lbg() -> float:
        return LBG(n_clusters, n_jobs=threads).fit(X).inertia_ / n

    def plain() -> float:
        return PeerKMeans(n_clusters, n_init=1, random_state=0).fit(X).inertia_ / n

    def ours_plain() -> float:
        return KMeans(n_clusters, random_state=0, n_jobs=threads).fit(X).inertia_ / n

    def bisecting() -> float:
        return KMeans(n_clusters, algorithm="bisecting", random_state=0, n_jobs=threads).fit(X).inertia_ / n

    def peer_bisecting() -> float:
        return BisectingKMeans(n_clusters, init="k-means++", random_state=0).fit(X).inertia_ / n

    def spherical() -> float:
        return SphericalKMeans(n_clusters, init=start, max_iter=25, tol=0, n_jobs=threads).fit(X).inertia_ / n

    def peer_spherical() -> float:
        peer = faiss.Kmeans(d, n_clusters, niter=25, spherical=True, max_points_per_centroid=n)
        peer.train(X / np.maximum(np.linalg.norm(X, axis=1, keepdims=True), 1e-30), init_centroids=start)
        return float(squared_errors(ArrayRows(unit), peer.centroids).mean()) / 2

    def two_stage() -> float:
        return HierarchicalVQ(stage, stage, random_state=0, n_jobs=threads).fit(X).inertia_ / n

    def peer_two_stage() -> float:
        coarse = PeerKMeans(stage, n_init=1, random_state=0).fit(X)
        cells = [X[coarse.labels_ == cell] for cell in range(stage)]
        return sum(PeerKMeans(stage, n_init=1, random_state=0).fit(rows).inertia_ for rows in cells) / n

    return {
        "LBG": {"ours": lbg, "our k-means": ours_plain, "scikit-learn k-means": plain},
        "bisecting": {"ours": bisecting, "scikit-learn": peer_bisecting},
        "spherical": {"ours": spherical, "faiss": peer_spherical},
        f"two stages, {stage} x {stage}": {"ours": two_stage, "scikit-learn by cells": peer_two_stage},
    }


if __name__ == "__main__":
    main()

"""Times Lloyd, its seeding and encoding beside scikit-learn and faiss; prints tables and asserts nothing.

Same start, same precision, same threads, rounds in turn. Lloyd's peers reach the same cost by the same steps.
A ratio is that of medians. The limit is one product of rows and prototypes an iteration at the machine's own rate;
bounds may pass it.

Usage: python tests/benchmarks/kmeans.py [--mnist FOLDER] [--repeats N] [--only NAME]
FOLDER holds train-images-idx3-ubyte.gz; without it, only the made-up data are timed.
"""

from __future__ import annotations

import argparse
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import faiss
import numpy as np
from sklearn.cluster import KMeans as PeerKMeans
from sklearn.cluster import kmeans_plusplus
from threadpoolctl import threadpool_limits

sys.path.insert(0, str(Path(__file__).parents[2]))

from peers import Times, blobs, copy_rate, images, interleaved, product_rate

from engines import KMeans


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mnist", type=Path)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--only", default="")
    asked = parser.parse_args()
    warnings.simplefilter("ignore")
    cases: dict[str, Callable[[], Any]] = {
        "100k": lambda: lloyd("100k", blobs(100_000, 32, 64), 64, 50, asked.repeats),
        "1M": lambda: lloyd("1M", blobs(1_000_000, 16, 16), 16, 50, asked.repeats),
        "20k": lambda: lloyd("20k", blobs(20_000, 64, 1024), 1024, 50, asked.repeats),
        "encode": lambda: encoding(blobs(1_000_000, 32, 256), 256, asked.repeats),
    }
    if asked.mnist:
        pixels = images(asked.mnist / "train-images-idx3-ubyte.gz")
        cases["mnist"] = lambda: lloyd("mnist", pixels, 256, 25, asked.repeats)
        cases["seeding"] = lambda: seeding(pixels, 256, asked.repeats)
    for name, case in cases.items():
        if asked.only in ("", name):
            case()


def lloyd(name: str, X: np.ndarray, n_clusters: int, max_iter: int, repeats: int) -> None:
    n, d = X.shape
    start = X[np.random.default_rng(0).choice(n, n_clusters, replace=False)].copy()
    for threads in (1, 2):

        def ours(algorithm: str) -> KMeans:
            common = {"init": start, "max_iter": max_iter, "tol": 0, "n_jobs": threads}  # noqa: B023
            return KMeans(n_clusters, algorithm=algorithm, **common).fit(X)

        def peer(algorithm: str) -> PeerKMeans:
            return PeerKMeans(n_clusters, init=start, n_init=1, max_iter=max_iter, tol=0, algorithm=algorithm).fit(X)

        def faiss_kmeans() -> Any:
            faiss.omp_set_num_threads(threads)  # noqa: B023
            settings = {"niter": max_iter, "max_points_per_centroid": n, "min_points_per_centroid": 1}
            found = faiss.Kmeans(d, n_clusters, **settings)
            found.train(X, init_centroids=start)
            return found

        with threadpool_limits(threads):
            rate = product_rate(X.dtype)
            works = {
                "ours": lambda: ours("auto"),
                "ours, every distance": lambda: ours("lloyd"),
                "scikit-learn lloyd": lambda: peer("lloyd"),
                "scikit-learn elkan": lambda: peer("elkan"),
                "faiss": faiss_kmeans,
            }
            found = dict(zip(works, interleaved(list(works.values()), repeats), strict=True))
        print(f"\n{name}: {n} x {d}, K={n_clusters}, {X.dtype}, {threads} thread(s); product {rate:.0f} GFLOP/s")
        limit = 2 * n * d * n_clusters / rate / 1e6
        per_iteration = {}
        for label, times in found.items():
            model = times.result
            of_faiss = label == "faiss"  # it stops by itself where the cost stands still
            iterations, cost = (len(model.obj), model.obj[-1]) if of_faiss else (model.n_iter_, model.inertia_)
            per_iteration[label] = 1000 * times.median / iterations
            print(
                f"  {label:22} median {times.median:7.3f} s  least {min(times.wall):7.3f} s  "
                f"{per_iteration[label]:7.2f} ms/iteration, {per_iteration[label] / limit:5.2f} of the limit of "
                f"{limit:.2f} ms  J {cost:.8g}  {iterations} iterations",
                flush=True,
            )
        best = min((value, label) for label, value in per_iteration.items() if not label.startswith("ours"))
        print(f"  ours {best[0] / per_iteration['ours']:.2f} x the fastest peer ({best[1]})", flush=True)


def seeding(X: np.ndarray, n_clusters: int, repeats: int) -> None:
    def ours() -> float:
        return next(KMeans(n_clusters, random_state=0, n_jobs=threads).train(X)).cost

    def peer() -> float:
        centres, _ = kmeans_plusplus(X, n_clusters, random_state=0)
        return -PeerKMeans(n_clusters, init=centres, n_init=1, max_iter=1).fit(centres).score(X)

    for threads in (1, 2):
        with threadpool_limits(threads):
            found = interleaved([ours, peer], max(1, repeats // 2))
        limit = n_clusters * X.nbytes / copy_rate() / 1e9
        print(f"\ngreedy k-means++ on {X.shape}, K={n_clusters}, {threads} thread(s); reading the rows {limit:.2f} s")
        table({"ours": found[0], "scikit-learn": found[1]}, lambda times: f"J at the start {times.result:.6g}")


def encoding(X: np.ndarray, n_clusters: int, repeats: int) -> None:
    model = KMeans(n_clusters, init="random", max_iter=2, n_init=1, random_state=0).fit(X)
    index = faiss.IndexFlatL2(X.shape[1])
    index.add(model.prototypes_)
    for threads in (1, 2):
        model.n_jobs = threads
        faiss.omp_set_num_threads(threads)
        with threadpool_limits(threads):
            limit = 2 * X.size * n_clusters / product_rate(X.dtype) / 1e9
            found = interleaved([lambda: model.encode(X), lambda: index.search(X, 1)[1][:, 0]], repeats)
        same = np.mean(found[0].result == found[1].result)
        print(f"\nencoding {X.shape}, K={n_clusters}, {threads} thread(s); the product {limit:.3f} s; {same:.6%} alike")
        table({"ours": found[0], "faiss flat": found[1]}, lambda times: "")


def table(found: dict[str, Times], remark: Callable[[Times], str]) -> None:
    for label, times in found.items():
        print(f"  {label:14} median {times.median:7.3f} s  least {min(times.wall):7.3f} s  {remark(times)}", flush=True)
    ours, peer = found.values()
    print(f"  ours {peer.median / ours.median:.2f} x the peer", flush=True)


if __name__ == "__main__":
    main()

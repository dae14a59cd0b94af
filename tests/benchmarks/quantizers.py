"""Times quantizers of several books beside faiss and nanopq at equal bits; prints tables and asserts nothing.

Training is compared by the time in which our error, watched step by step, reaches that of a peer at its end, so a
better peer takes longer to reach. Errors are mean squared distances on the rows learned from.

Usage: python tests/benchmarks/quantizers.py [--mnist FOLDER] [--repeats N] [--only NAME] [--threads N] [--rows N]
FOLDER holds train-images-idx3-ubyte.gz; without it, optimized product quantization is not timed.
NAME is one of product, residual, distances, encoding, optimized.
"""

from __future__ import annotations

import argparse
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import faiss
import nanopq
import numpy as np
from peers import Times, blobs, images, interleaved, product_rate
from threadpoolctl import threadpool_limits

sys.path.insert(0, str(Path(__file__).parents[2]))

from engines import OptimizedProductQuantizer, ProductQuantizer, ResidualQuantizer
from engines.base import Engine


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mnist", type=Path)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--only", default="")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--faiss-alternations", type=int, default=10)
    parser.add_argument("--rows", type=int, default=60_000, help="images to learn from")
    asked = parser.parse_args()
    warnings.simplefilter("ignore")
    faiss.omp_set_num_threads(asked.threads)
    with threadpool_limits(asked.threads):
        X = blobs(100_000, 32, 500)
        if asked.only in ("", "product"):
            product_training(X, asked.repeats, asked.threads)
        if asked.only in ("", "residual"):
            residual_training(X, asked.repeats, asked.threads)
        if asked.only in ("", "encoding"):
            encoding(blobs(1_000_000, 32, 500), asked.repeats, asked.threads)
        if asked.only in ("", "distances"):
            distances(X, asked.repeats, asked.threads)
        if asked.mnist and asked.only in ("", "optimized"):
            rows = images(asked.mnist / "train-images-idx3-ubyte.gz")
            optimized(rows[: asked.rows], asked.faiss_alternations, asked.threads)


def product_training(X: np.ndarray, repeats: int, threads: int) -> None:
    d = X.shape[1]

    def ours() -> float:
        model = ProductQuantizer(4, 8, init="random", n_init=1, max_iter=25, tol=0, random_state=0, n_jobs=threads)
        return model.fit(X).inertia_ / len(X)

    def peer() -> float:
        quantizer = faiss.ProductQuantizer(d, 4, 8)
        quantizer.cp.max_points_per_centroid = len(X)
        quantizer.train(X)
        return error_of(X, quantizer.decode(quantizer.compute_codes(X)))

    print(f"\nproduct quantizer on {X.shape}, 4 x 8 bits, 25 iterations, {threads} thread(s)")
    table({"ours": ours, "faiss": peer}, repeats, lambda times: f"error {times.result:.5f}")


def residual_training(X: np.ndarray, repeats: int, threads: int) -> None:
    d = X.shape[1]

    def ours() -> float:
        model = ResidualQuantizer(4, 6, beam=5, max_iter=25, random_state=0, n_jobs=threads)
        return model.fit(X).inertia_ / len(X)

    def peer() -> float:
        quantizer = faiss.ResidualQuantizer(d, 4, 6)
        quantizer.max_beam_size = 5
        quantizer.cp.max_points_per_centroid = len(X)
        quantizer.train(X)
        return error_of(X, quantizer.decode(quantizer.compute_codes(X)))

    print(f"\nresidual quantizer on {X.shape}, 4 x 6 bits, beam 5, {threads} thread(s)")
    table({"ours": ours, "faiss": peer}, repeats, lambda times: f"error {times.result:.5f}")


def encoding(X: np.ndarray, repeats: int, threads: int) -> None:
    n, d = X.shape
    rate = product_rate(X.dtype)
    model = ProductQuantizer(4, 8, init="random", max_iter=2, random_state=0, n_jobs=threads).fit(X[:50_000])
    peer = faiss.ProductQuantizer(d, 4, 8)
    books = model.codebooks_.reshape(256, 4, d // 4).transpose(1, 0, 2)
    faiss.copy_array_to_vector(np.ascontiguousarray(books).ravel(), peer.centroids)
    print(f"\nencoding {X.shape} by 4 x 8 bits, {threads} thread(s); the products {2 * n * d * 256 / rate / 1e9:.3f} s")
    table(
        {"ours": lambda: model.encode(X, packed=True), "faiss": lambda: peer.compute_codes(X)},
        repeats,
        lambda times: f"{n / min(times.wall) / 1e6:.2f} million rows a second",
    )
    part = X[:100_000]
    stages = ResidualQuantizer(4, 6, beam=5, max_iter=5, random_state=0, n_jobs=threads).fit(part[:20_000])
    other = faiss.ResidualQuantizer(d, 4, 6)
    other.max_beam_size = 5
    other.train(part[:20_000])
    work = 2 * len(part) * d * 64 * (1 + 5 * 3)
    print(f"\nencoding {part.shape} by 4 x 6 bits, beam 5, {threads} thread(s); the products {work / rate / 1e9:.3f} s")
    table({"ours": lambda: stages.encode(part), "faiss": lambda: other.compute_codes(part)}, repeats, lambda times: "")


def distances(X: np.ndarray, repeats: int, threads: int) -> None:
    model = ProductQuantizer(8, 8, init="random", max_iter=2, random_state=0, n_jobs=threads).fit(X[:20_000])
    codes, queries = model.encode(X), X[:64]
    packed = codes.astype(np.uint8)
    peer = nanopq.PQ(M=8, Ks=256, verbose=False)
    peer.codewords = np.ascontiguousarray(model.codebooks_.reshape(256, 8, -1).transpose(1, 0, 2))
    peer.Ds = X.shape[1] // 8
    print(f"\ndistances of {len(queries)} rows to {len(X)} codes of 8 x 8 bits, {threads} thread(s)")
    table(
        {
            "ours": lambda: model.asymmetric_distances(queries, codes),
            "nanopq": lambda: np.array([peer.dtable(query).adist(packed) for query in queries]),
        },
        repeats,
        lambda times: f"{len(queries) * len(X) / min(times.wall) / 1e6:.0f} million a second",
    )


def optimized(X: np.ndarray, n_alternations: int, threads: int) -> None:
    n, d = X.shape
    rate = product_rate(X.dtype)
    print(f"\noptimized product quantizer on {X.shape}, 4 x 8 bits, {threads} thread(s); product {rate:.0f} GFLOP/s")
    OptimizedProductQuantizer(4, 4, max_iter=1, start_iter=1, n_jobs=threads).fit(X[:2000])  # compile
    peers = {f"faiss, {n_alternations} alternations": lambda: faiss_rotation(X, n_alternations)}
    peers["nanopq, 2 alternations of 5 iterations"] = lambda: nanopq_rotation(X)
    targets = {}
    for label, work in peers.items():
        wall, cpu = time.perf_counter(), time.process_time()
        targets[label] = work()
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        print(f"  {label}: {wall:.1f} s, processor {cpu:.1f} s, error {targets[label]:.4f}", flush=True)
    model = OptimizedProductQuantizer(
        4, 8, init="random", n_init=1, start_iter=5, max_iter=50, tol=0, random_state=0, n_jobs=threads
    )
    reach(model, X, targets)
    flops = 2 * n * d * (d + 256) / 1e9
    print(f"  an alternation multiplies and adds {flops:.0f} GFLOP, {flops / rate:.2f} s at the product's rate")


def reach(model: Engine, X: np.ndarray, targets: dict[str, float]) -> None:
    """Train until the error is below all targets, and tell when each was passed."""
    left = dict(targets)
    wall, cpu, turns = time.perf_counter(), time.process_time(), []
    for snapshot in model.train(X):
        seconds = time.perf_counter() - wall, time.process_time() - cpu
        if "turned" in snapshot.metrics:
            turns.append(seconds)
        for label in [label for label, target in left.items() if snapshot.metrics["error_per_row"] <= target]:
            del left[label]
            print(
                f"  ours passes {label} after {seconds[0]:.1f} s, processor {seconds[1]:.1f} s, "
                f"step {snapshot.iteration}, error {snapshot.metrics['error_per_row']:.4f}",
                flush=True,
            )
        if not left and len(turns) > 1:
            break
    if left:
        print(f"  ours ends above {', '.join(left)}")
    each = np.diff(np.array(turns), axis=0)
    print(f"  ours takes {each[:, 0].min():.2f} s an alternation, processor {each[:, 1].min():.2f} s")


def faiss_rotation(X: np.ndarray, n_alternations: int) -> float:
    d = X.shape[1]
    rotation, quantizer = faiss.OPQMatrix(d, 4), faiss.ProductQuantizer(d, 4, 8)
    rotation.niter, rotation.pq = n_alternations, quantizer
    rotation.train(X)
    turned = rotation.apply(X)
    quantizer.cp.max_points_per_centroid = len(X)
    quantizer.train(turned)
    return error_of(turned, quantizer.decode(quantizer.compute_codes(turned)))


def nanopq_rotation(X: np.ndarray) -> float:
    quantizer = nanopq.OPQ(M=4, Ks=256, verbose=False)
    quantizer.fit(X, parametric_init=True, pq_iter=5, rotation_iter=2, seed=0)
    return error_of(X, quantizer.decode(quantizer.encode(X)))


def error_of(X: np.ndarray, decoded: np.ndarray) -> float:
    return float(np.square(X - decoded, dtype=np.float64).sum(axis=1).mean())


def table(works: dict[str, Callable[[], Any]], repeats: int, remark: Callable[[Times], str]) -> None:
    """Two works in turn, ours first."""
    found = interleaved(list(works.values()), repeats)
    for label, times in zip(works, found, strict=True):
        print(
            f"  {label:8} median {times.median:7.3f} s  least {min(times.wall):7.3f} s  "
            f"processor {min(times.cpu):7.3f} s  {remark(times)}",
            flush=True,
        )
    print(f"  ours {min(found[1].wall) / min(found[0].wall):.2f} x the peer", flush=True)


if __name__ == "__main__":
    main()

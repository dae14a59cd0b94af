"""Times GLVQ, GMLVQ and median LVQ beside prosemble (JAX), sklvq and sklearn-lvq; prints tables and asserts nothing.

Same rows, same start, same cost (sigmoid of slope 2), the whole table at each update, same threads; every library in a
process of its own, warm before it is timed. What is timed: cost and gradient at the start, whose value tells that all
do the same work; and one evaluation in training, from the difference of a long and a short one, with all that a library
does around it (sklvq's gradient descent computes no cost). A library that needs over 0.1 s for cost and gradient is
not trained; these stand for it. Peers have one float type each; ours is timed in both. The limit is the time of the
multiply-adds at the machine's rate of products: distances to all prototypes, and for GMLVQ Ωx and the sum that gives
its gradient. Of median LVQ the whole search is timed; prosemble's weighs rows otherwise and gets elsewhere.

Usage: python tests/benchmarks/lvq.py [--peers FOLDER] [--only WORDS] [--threads N]
WORDS are of an engine, a table and prototypes a class, such as "GMLVQ 50k 5".
The peers need versions that do not go together, so FOLDER holds an environment for each; one that is not there yet is
made there (pip; 1.4 GB in all). Without FOLDER, only ours are timed.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from peers import product_rate
from sklearn.datasets import load_digits
from sklearn.preprocessing import scale
from threadpoolctl import threadpool_limits

CHILDREN = Path(__file__).parent / "lvq_peers"
PEERS = {
    "prosemble": ("float32", ["prosemble[jax]==2.4.0", "jax==0.10.2"]),
    "sklvq": ("float64", ["sklvq==0.1.2", "scikit-learn==1.5.2", "scipy==1.14.1", "numpy==1.23.5"]),
    "sklearn-lvq": ("float64", ["sklearn-lvq==1.1.1", "scikit-learn==1.3.2", "scipy==1.10.1", "numpy==1.24.4"]),
}
"""The float type of each peer, and what its environment is made of: the newest versions that it still runs with."""


@dataclass(frozen=True)
class Work:
    """An engine on a table; trainings of `short` and `long` updates are compared, or the long one is timed alone."""

    engine: str
    table: str
    per_class: int
    short: int
    long: int


WORKS = (
    *(Work(engine, "digits", count, 10, 50) for engine in ("GLVQ", "GMLVQ") for count in (1, 5)),
    *(Work(engine, "50k", count, 2, 22) for engine in ("GLVQ", "GMLVQ") for count in (1, 5)),
    Work("MedianLVQ", "digits", 1, 0, 100),
)


@dataclass(frozen=True)
class Figures:
    """What a library's process answered, times in seconds.

    Attributes
    ----------
    trainings : dict
        By optimizer: `seconds` and `evaluations` of the short and of the long training, and the mean `mu` at its end.
    cost, evaluation : float
        The cost at the start, and the time of it and its gradient; NaN for median LVQ.
    """

    version: str
    trainings: dict[str, dict[str, Any]]
    cost: float = float("nan")
    evaluation: float = float("nan")

    def in_training(self) -> dict[str, float]:
        """Seconds of an evaluation, by optimizer."""
        return {
            name: (found["seconds"][1] - found["seconds"][0]) / (found["evaluations"][1] - found["evaluations"][0])
            for name, found in self.trainings.items()
        }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peers", type=Path)
    parser.add_argument("--only", default="")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    asked = parser.parse_args()
    if asked.peers:
        for name, (_, requirements) in PEERS.items():
            make_environment(asked.peers / name, requirements)
    with on_threads(asked.threads):
        for work in WORKS:
            if set(asked.only.split()) <= {work.engine, work.table, str(work.per_class)}:
                (median_table if work.engine == "MedianLVQ" else gradient_table)(work, asked.peers, asked.threads)


def gradient_table(work: Work, peers: Path | None, threads: int) -> None:
    """Cost and gradient, and an evaluation in training, beside the limit and the fastest peer of the same type."""
    X, y = TABLES[work.table]()
    (n, d), M = X.shape, work.per_class * (int(y.max()) + 1)
    operations = 2 * n * d * (M + 2 + (2 * d if work.engine == "GMLVQ" else 0))
    limit = {of: operations / product_rate(np.dtype(of)) / 1e9 for of in ("float32", "float64")}
    print(
        f"\n{work.engine}, {work.table}: {n} x {d}, {M} prototypes, {threads} thread(s); limit "
        + ", ".join(f"{1000 * seconds:.3f} ms in {of}" for of, seconds in limit.items())
    )
    found = {}
    for (library, of), figures in measured(work, peers):
        found[library, of] = figures
        training = ", ".join(f"{name} {1000 * seconds:.3f} ms" for name, seconds in figures.in_training().items())
        print(
            f"  {library:11} {figures.version:5} {of}  cost {figures.cost:.6f}  "
            f"cost and gradient {1000 * figures.evaluation:9.3f} ms, "
            f"{figures.evaluation / limit[of]:7.1f} x limit  in training {training or 'not tried'}",
            flush=True,
        )
    for of in limit:
        beside = {library: figures for (library, other), figures in found.items() if other == of and library != "ours"}
        for what, seconds in (("cost and gradient", alone), ("in training", quickest)) if beside else ():
            fastest = min(beside, key=lambda library: seconds(beside[library]))
            ratio = seconds(beside[fastest]) / seconds(found["ours", of])
            print(f"  ours {ratio:6.1f} x {fastest}, {of}, {what}", flush=True)


def alone(figures: Figures) -> float:
    """Seconds of cost and gradient."""
    return figures.evaluation


def quickest(figures: Figures) -> float:
    """Seconds of an evaluation by the quickest optimizer; of cost and gradient alone where none was tried."""
    return min(figures.in_training().values(), default=figures.evaluation)


def median_table(work: Work, peers: Path | None, threads: int) -> None:
    """The whole search, sweep by sweep, with all that comes before it."""
    print(f"\n{work.engine}, {work.table}, {work.per_class} prototype(s) a class, {threads} thread(s)")
    sweep = {}
    for (library, of), figures in measured(work, peers):
        search = figures.trainings[""]
        seconds, n_sweeps = search["seconds"][1], search["evaluations"][1]
        sweep[library, of] = seconds / n_sweeps
        print(
            f"  {library:11} {figures.version:5} {of}  {seconds:8.3f} s, "
            f"{n_sweeps} sweeps of {sweep[library, of]:.3f} s, mean relative distance {search['mu']:.5f}",
            flush=True,
        )
    if ("prosemble", "float32") in sweep:
        print(f"  ours {sweep['prosemble', 'float32'] / sweep['ours', 'float32']:6.1f} x prosemble, float32, a sweep")


def measured(work: Work, peers: Path | None) -> Iterator[tuple[tuple[str, str], Figures]]:
    """By library and float type, as each is done."""
    X, y = TABLES[work.table]()
    rng = np.random.default_rng(0)
    rows = np.concatenate(
        [rng.choice(np.flatnonzero(y == c), work.per_class, replace=False) for c in range(int(y.max()) + 1)]
    )
    libraries = [("ours", of, sys.executable, "with_engines") for of in ("float32", "float64")]
    for name, (of, _) in PEERS.items() if peers else ():
        if work.engine != "MedianLVQ" or name == "prosemble":
            libraries.append((name, of, str(python_of(peers / name)), f"with_{name.replace('-', '_')}"))
    with tempfile.TemporaryDirectory() as folder:
        case = Path(folder) / "case.npz"
        for name, of, python, script in libraries:
            np.savez(case, X=X.astype(of), y=y, start=X[rows].astype(of), labels=y[rows])
            asked = {"arrays": str(case), "engine": work.engine, "short": work.short, "long": work.long}
            command = [python, str(CHILDREN / f"{script}.py")]
            told = subprocess.run(command, input=json.dumps(asked), stdout=subprocess.PIPE, text=True, check=True)
            yield (name, of), Figures(**json.loads(told.stdout.splitlines()[-1]))


def digits() -> tuple[np.ndarray, np.ndarray]:
    """The handwritten digits, scaled."""
    X, y = load_digits(return_X_y=True)
    return scale(X), y


def clouds() -> tuple[np.ndarray, np.ndarray]:
    """50,000 rows of 32 features, five clouds of unit spread to each of ten classes."""
    rng = np.random.default_rng(0)
    of = rng.integers(0, 50, 50_000)
    return rng.normal(0, 1, (50, 32))[of] + rng.normal(0, 1, (50_000, 32)), of % 10


TABLES = {"digits": digits, "50k": clouds}


def make_environment(folder: Path, requirements: list[str]) -> None:
    """A virtual environment with `requirements`, unless it is there."""
    if not python_of(folder).exists():
        try:
            venv.create(folder, with_pip=True)
            subprocess.run([str(python_of(folder)), "-m", "pip", "install", "--quiet", *requirements], check=True)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise


def python_of(environment: Path) -> Path:
    return environment / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")


@contextmanager
def on_threads(count: int) -> Iterator[None]:
    """Keep this process and its children to so many threads; where the system can, to as many cores.

    OpenMP waits without spinning, as in our window; of these libraries only ours, by torch, uses it.
    """
    os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), str(count)))
    os.environ["OMP_WAIT_POLICY"] = "PASSIVE"
    if hasattr(os, "sched_setaffinity"):
        before = os.sched_getaffinity(0)
        os.sched_setaffinity(0, sorted(before)[:count])
    with threadpool_limits(count):
        yield
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, before)


if __name__ == "__main__":
    main()

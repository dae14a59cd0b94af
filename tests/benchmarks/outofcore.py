"""k-means from a project larger than memory ought to be: python tests/benchmarks/outofcore.py [FOLDER] [--gigabytes 8].

FOLDER, a temporary one by default, needs three times the space. Made, imported and learned from in turn; printed are
rates beside that of reading the project file once with a cold cache, and the most memory beyond the page cache
(anonymous resident memory). Before each of Lloyd's passes the file's pages are dropped from the cache, so that every
pass reads from the disk. Nothing is asserted.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))

from workbench.data import guess
from workbench.session import Session

D, K, ROUNDS = 100, 16, 3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--gigabytes", type=float, default=8.0)
    asked = parser.parse_args()
    n = int(asked.gigabytes * 1e9 / 4 / D)
    if asked.folder is not None:
        measure(asked.folder, n)
        return
    with tempfile.TemporaryDirectory() as folder:
        measure(Path(folder), n)


def measure(folder: Path, n: int) -> None:
    """Make, import and learn from n rows."""
    table, project = folder / "clouds.npy", folder / "clouds.vqw"
    for path in (table, project):
        path.unlink(missing_ok=True)
    with watched("made", n):
        make(table, n)
    with Session.create(project) as session:
        with watched("imported", n):
            dataset = session.import_data(guess(table)).result()
        table.unlink()
        with watched("read once, cold", n):
            read_cold(project)
        learn(session, dataset, project, n)
    project.unlink()


def make(path: Path, n: int) -> None:
    """Clouds of unit spread, a block at a time."""
    rng = np.random.default_rng(0)
    centres = rng.normal(0, 2, (K, D)).astype(np.float32)
    rows = np.lib.format.open_memmap(path, mode="w+", dtype=np.float32, shape=(n, D))
    for start in range(0, n, 2**17):
        stop = min(start + 2**17, n)
        rows[start:stop] = centres[rng.integers(0, K, stop - start)] + rng.standard_normal(
            (stop - start, D), np.float32
        )
    rows.flush()


def learn(session: Session, dataset: object, project: Path, n: int) -> None:
    drop(project)
    run = session.add_run(
        dataset, "KMeans", {"n_clusters": K, "init": "random", "n_init": 1, "tol": 0.0, "max_iter": ROUNDS}
    )
    seen, began, total = 0, time.perf_counter(), time.perf_counter()
    with watched("learned, survey, start and passes", n * (ROUNDS + 3)):
        while run.active:
            time.sleep(0.02)
            if run.sequence > seen:
                now = time.perf_counter()
                print(f"  iteration {run.latest.iteration}: {now - began:6.1f} s", flush=True)
                seen, began = run.sequence, now
                drop(project)
    print(f"  {run.status} in {time.perf_counter() - total:.1f} s, J {run.latest.cost:.9g} {run.error}")


@contextmanager
def watched(what: str, n_rows: int) -> Iterator[None]:
    """Print seconds, bytes of rows a second, and the most anonymous memory meanwhile."""
    most, done = [0], threading.Event()

    def look() -> None:
        while not done.wait(0.05):
            status = Path("/proc/self/status").read_text()
            most[0] = max(most[0], int(status.split("RssAnon:")[1].split()[0]))

    watcher = threading.Thread(target=look)
    before = int(Path("/proc/self/status").read_text().split("RssAnon:")[1].split()[0])
    watcher.start()
    began = time.perf_counter()
    try:
        yield
    finally:
        seconds = time.perf_counter() - began
        done.set()
        watcher.join()
        rate = n_rows * D * 4 / seconds / 1e6
        print(
            f"{what}: {seconds:.1f} s, {rate:.0f} MB/s, memory {before // 1024} -> at most {most[0] // 1024} MiB",
            flush=True,
        )


def drop(path: Path) -> None:
    """Have the system forget the pages of a file."""
    with path.open("rb") as file:
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def read_cold(path: Path) -> None:
    drop(path)
    with path.open("rb", buffering=0) as file:
        buffer = bytearray(2**23)
        while file.readinto(buffer):
            pass


if __name__ == "__main__":
    main()

"""Gigabytes: a large table is imported in bounded memory, and stops soon after it is asked to."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from workbench.data.rows import spool_folder

pytestmark = pytest.mark.slow

_GIGABYTES = float(os.environ.get("VQ_TEST_GIGABYTES", "2"))
_CHILD = """
import json, resource, sys, time
from workbench.data import guess, read
from workbench.errors import Cancelled
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
plan = guess(sys.argv[1])
began = time.perf_counter()
looks = [began]
seconds = float(sys.argv[2])
asked = []
def stop():
    looks.append(time.perf_counter())
    if looks[-1] - began > seconds:
        asked.append(looks[-1])
    return bool(asked)
try:
    with read(plan, stop=stop) as imported:
        shape, classes = list(imported.X.shape), list(imported.classes)
        first, last = imported.X.read(0, 1).tolist(), imported.X.read(shape[0] - 1, shape[0]).tolist()
except Cancelled:
    shape, classes, first, last = None, None, None, None
print(json.dumps({
    "shape": shape, "classes": classes, "first": first, "last": last,
    "seconds": time.perf_counter() - began,
    "longest_gap": max(b - a for a, b in zip(looks, looks[1:])),
    "after_stop": time.perf_counter() - asked[0] if asked else None,
    "cpu_seconds": time.process_time(),
    "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, "before_mb": before,
}))
"""


@pytest.fixture(scope="module")
def large_table() -> Iterator[Path]:
    """A CSV of the stated size: an id, 20 numbers, a class; the same rows over and over but for the last."""
    folder = Path(spool_folder())
    if shutil.disk_usage(folder).free < 3e9 * _GIGABYTES:
        pytest.skip("not enough room on the disk")
    random = np.random.default_rng(0)
    rows = [
        ",".join(f"{value:.6f}" for value in values) + f",{'abc'[k % 3]}\n"
        for k, values in enumerate(random.normal(size=(20_000, 20)))
    ]
    block = "".join(rows).encode()
    path = folder / "vq-test-large.csv"
    try:
        with path.open("wb") as file:
            file.write((",".join(f"f{k}" for k in range(20)) + ",class\n").encode())
            for _ in range(int(_GIGABYTES * 1e9 / len(block))):
                file.write(block)
            file.write(b"1," * 20 + b"c\n")
        yield path
    finally:
        path.unlink(missing_ok=True)


def _n_rows(path: Path) -> int:
    with path.open("rb") as file:
        return sum(piece.count(b"\n") for piece in iter(lambda: file.read(1 << 24), b"")) - 1


def _import_in_a_child(path: Path, seconds: float = 1e9) -> dict[str, object]:
    done = subprocess.run(
        [sys.executable, "-c", _CHILD, str(path), str(seconds)], capture_output=True, text=True, check=True
    )
    told: dict[str, object] = json.loads(done.stdout)
    size = path.stat().st_size / 1e6
    print(f"{size:.0f} MB: {told}, {size / float(str(told['seconds'])):.0f} MB/s")
    return told


def test_a_table_of_gigabytes_stays_within_its_memory(large_table: Path) -> None:
    told = _import_in_a_child(large_table)
    assert told["shape"] == [_n_rows(large_table), 20]
    assert told["classes"] == ["a", "b", "c"]
    assert told["last"] == [[1.0] * 20]
    assert float(str(told["peak_mb"])) < 1500


def test_an_import_of_gigabytes_stops_when_asked_and_leaves_no_file(large_table: Path) -> None:
    before = sorted(Path(spool_folder()).iterdir())
    told = _import_in_a_child(large_table, seconds=2.0)
    assert told["shape"] is None
    assert sorted(Path(spool_folder()).iterdir()) == before

"""What the benchmarks share: works timed in turn, the rate of products and copies, data; nothing is compared here."""

from __future__ import annotations

import gzip
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np


@dataclass
class Times:
    """Seconds of several rounds of one work, by the clock and of the processor, and its last result."""

    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    result: Any = None

    @property
    def median(self) -> float:
        return statistics.median(self.wall)


def interleaved(works: list[Callable[[], object]], repeats: int) -> list[Times]:
    """Each work `repeats` times, in turn, after one unmeasured round in which code may be compiled."""
    for work in works:
        work()
    found = [Times() for _ in works]
    for _ in range(repeats):
        for times, work in zip(found, works, strict=True):
            wall, cpu = time.perf_counter(), time.process_time()
            times.result = work()
            times.wall.append(time.perf_counter() - wall)
            times.cpu.append(time.process_time() - cpu)
    return found


def product_rate(dtype: Any) -> float:
    """GFLOP/s of a square matrix product under the present thread limit: the best of several."""
    a = np.random.default_rng(0).random((1536, 1536)).astype(dtype)
    best = min(seconds(lambda: a @ a) for _ in range(8))
    return 2 * 1536**3 / best / 1e9


def copy_rate() -> float:
    """GB/s read and written by a copy of 256 MB: the best of several."""
    a = np.ones(2**25)
    b = np.empty_like(a)
    return 2 * a.nbytes / min(seconds(lambda: np.copyto(b, a)) for _ in range(5)) / 1e9


def seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def blobs(n: int, d: int, n_clouds: int, seed: int = 1) -> np.ndarray:
    """Clouds of unit spread around centres of spread 2, (n, d) float32."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(0, 2, (n_clouds, d))
    return (centres[rng.integers(0, n_clouds, n)] + rng.normal(0, 1, (n, d))).astype(np.float32)


def images(path: Path) -> np.ndarray:
    """The rows of an IDX image file as float32 in [0, 1]."""
    with gzip.open(path) as file:
        header = np.frombuffer(file.read(16), ">i4")
        pixels = np.frombuffer(file.read(), np.uint8)
    return pixels.reshape(header[1], -1).astype(np.float32) / np.float32(255)

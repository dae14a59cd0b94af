"""An importer whose reading goes wrong as it is told to: imported by the child process in tests of its limits."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from workbench.data.errors import DataError
from workbench.data.plan import Column, Plan, Sample, Table
from workbench.data.recipe import Recipe, Split
from workbench.data.rows import Spool
from workbench.data.watch import Watch

CLASSES: tuple[str | float, ...] = ("elm\n", "öak", "\U0001f333")


@dataclass(frozen=True)
class Options:
    way: str = "well"


def sample(paths: Sequence[Path], options: Options) -> Sample:
    _go_wrong(options.way)
    texts = np.array(["a\nb", "", "ü\0"], np.dtypes.StringDType())
    return Sample(
        {"way": "well", "number": 2.5},
        (Column("x", unit="cm"), Column("name", "id", "text"), Column("y", "label")),
        (np.array([1.0, np.nan, np.inf]), texts, np.array([1.0, 2.0, 3.0])),
        3,
        False,
        np.arange(24, dtype=np.uint8).reshape(2, 4, 3),
        ("first", "sec\nond"),
        ("A warning.",),
        Recipe(missing="drop", split=Split(0.5, 0.25, 0.25)),
        "image",
    )


def load(plan: Plan, options: Options, watch: Watch) -> Table:
    spool = Spool(2, np.float32)
    spool.append(np.arange(6.0).reshape(3, 2))
    watch(0.25)
    _go_wrong(options.way)
    ids = np.array([f"row\n{k}" for k in range(3)], np.dtypes.StringDType())
    codes = np.array([0, 2, -1], np.int32)
    return Table(spool, codes, CLASSES, ids, "table", None, ("Told.",), {"sizes": {"a": [1, 2]}})


def _go_wrong(way: str) -> None:
    if way == "refuse":
        raise DataError("The file is not to my taste.")
    if way == "raise":
        raise ZeroDivisionError("never mind\nthis")
    if way == "crash":
        os.abort()
    if way == "leave":
        os._exit(0)
    if way == "allocate":
        np.ones(1 << 40, np.uint8)
    if way == "hoard":
        kept = []
        while True:
            kept.append(np.ones(1 << 20))
    if way == "spin":
        while True:
            pass
    if way == "spin in a library":  # holds the interpreter, as no signal of Python's gets through
        int("9" * 4000) ** 10_000_000
    if way == "chatter":
        print("noise", flush=True)
        os.write(1, b"more noise\n")
        print("noise", file=sys.stderr, flush=True)
    if way == "wait":
        time.sleep(600)

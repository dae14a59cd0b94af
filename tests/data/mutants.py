"""Damaged copies of sound files, the same for the same seed, and what becomes of them; a new kind adds its line."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
from examples import EXAMPLES
from mutant_projects import make_project, opened_as_written
from PIL import Image

from workbench.data import guess, preview, read
from workbench.errors import WorkbenchError


@dataclass(frozen=True)
class Kind:
    """A kind of file: how a sound one is made, and how it is used, which raises WorkbenchError where it is refused."""

    make: Callable[[Path], Path]
    use: Callable[[Path], None]


def imported_by(name: str) -> Callable[[Path], None]:
    """Looks at a file and imports it as people do; what comes of it must hang together."""

    def use(path: Path) -> None:
        plan = guess(path, name)
        shown = preview(plan)
        with read(plan) as imported:
            n, d = imported.X.shape
            assert d == len(imported.feature_names)
            assert [summary.column.name for summary in shown.columns] == [column.name for column in imported.columns]
            assert imported.X.read(0, n).shape == (n, d)
            assert imported.codes is None or imported.codes.shape == (n,)
            assert imported.ids is None or imported.ids.shape == (n,)

    return use


def _hdf5(folder: Path) -> Path:
    """Chunks, filters, a folder, texts of both kinds, an attribute, a link: what a file can be damaged in."""
    path = folder / "mutant.h5"
    numbers = np.random.default_rng(0).normal(size=(40, 6))
    with h5py.File(path, "w") as file:
        group = file.create_group("part")
        group.create_dataset("data", data=numbers, chunks=(16, 4), compression="gzip", shuffle=True, fletcher32=True)
        group.create_dataset("target", data=np.array([b"elm", b"oak", b"yew", b"fir"] * 10))
        group.create_dataset("names", data=[f"tree {k}" for k in range(40)])
        group["data"].attrs["made"] = "by hand"
        file["plain"] = numbers.astype(np.float32)
        file["link"] = h5py.SoftLink("/part/data")
    return path


def _png(folder: Path) -> Path:
    path = folder / "mutant.png"
    pixels = np.random.default_rng(0).integers(0, 256, (70, 70, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(path)
    return path


KINDS = {
    "hdf5": Kind(_hdf5, imported_by("hdf5")),
    "npz": Kind(lambda folder: EXAMPLES["npz"](folder).path, imported_by("npz")),
    "png": Kind(_png, imported_by("images")),
    "csv": Kind(lambda folder: EXAMPLES["delimited"](folder).path, imported_by("delimited")),
    "xlsx": Kind(lambda folder: EXAMPLES["excel"](folder).path, imported_by("excel")),
    "vqw": Kind(make_project, opened_as_written),
}


def mutants(sound: bytes, count: int, seed: int) -> Iterator[bytes]:
    """Damaged copies: bits, bytes, words, runs changed, often near the beginning; parts cut out, doubled, cut off."""
    for k in range(count):
        chance = random.Random(f"{seed} {k}")
        data = bytearray(sound)
        for _ in range(chance.choice((1, 1, 1, 2, 4, 8))):
            _damage(data, chance)
        yield bytes(data)


def _damage(data: bytearray, chance: random.Random) -> None:
    end = len(data) if chance.random() < 0.5 else min(len(data), 2048)
    place = chance.randrange(max(1, end))
    length = chance.choice((1, 2, 4, 8, 64))
    way = chance.choice(("bit", "byte", "word", "run", "cut", "double", "end"))
    if way == "bit" and data:
        data[min(place, len(data) - 1)] ^= 1 << chance.randrange(8)
    elif way == "byte":
        data[place : place + 1] = bytes([chance.randrange(256)])
    elif way == "word":
        value = chance.choice((0, 1, 2**31 - 1, 2**32 - 1, 2**63 - 1, 2**64 - 1, chance.getrandbits(64)))
        data[place : place + 8] = value.to_bytes(8, chance.choice(("little", "big")))
    elif way == "run":
        data[place : place + length] = bytes([chance.choice((0, 255))]) * length
    elif way == "cut":
        del data[place : place + length]
    elif way == "double":
        data[place:place] = data[place : place + length]
    elif chance.random() < 0.3:
        del data[place:]


def outcomes(kind: Kind, folder: Path, count: int, seed: int) -> Counter[str]:
    """How many mutants were read, refused, and refused since the child crashed, took too long or raised an error.

    Raises
    ------
    AssertionError
        If one ends in anything but a whole table, a project as it was written, or one sentence.
    """
    path = kind.make(folder)
    counts: Counter[str] = Counter()
    for k, content in enumerate(mutants(path.read_bytes(), count, seed)):
        path.write_bytes(content)
        try:
            kind.use(path)
            counts["read"] += 1
        except WorkbenchError as error:
            sentence = str(error)
            assert sentence.endswith(".") and "\n" not in sentence and len(sentence) < 500, (k, sentence)  # noqa: PT018
            counts[_reason(sentence)] += 1
    return counts


def _reason(sentence: str) -> str:
    for words, reason in (
        ("crashed", "crashed"),
        ("within 10 seconds", "time"),
        ("GB of memory", "memory"),
        ("cannot be read here (", "error of a library"),
    ):
        if words in sentence:
            return reason
    return "refused"

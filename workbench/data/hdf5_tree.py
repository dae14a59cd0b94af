"""What lies in an HDF5 file: its arrays, and why others are none; only descriptions are read, no link is followed."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import h5py
import numpy as np
from h5py import h5d, h5o, h5s, h5t

from workbench.data.errors import DataError

SIGNATURE = b"\x89HDF\r\n\x1a\n"
MATLAB = b"MATLAB 7.3"
BROKEN = (OSError, RuntimeError, ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError, EOFError)
"""What h5py raises over a damaged file."""

_MOST_NODES = 10_000
_MOST_DEPTH = 64
_MOST_RATIO = 200
_ALWAYS_ALLOWED = 256 << 20
_MOST_CHUNK = 256 << 20
_MATLABS_OWN = ("#refs#", "#subsystem#")
_FILTERS = {1, 2, 3, 4, 5, 6, 32000}
"""Deflate, shuffle, Fletcher's sum, szip, nbit, scale and offset, lzf: those that HDF5 and h5py bring along."""

_CLASSES = {
    h5t.COMPOUND: "records",
    h5t.REFERENCE: "references, as MATLAB's cells and objects are",
    h5t.VLEN: "lists of different lengths",
    h5t.ARRAY: "arrays inside an array",
    h5t.OPAQUE: "opaque bytes",
    h5t.BITFIELD: "bit fields",
    h5t.TIME: "times",
    h5t.COMPLEX: "complex numbers",
}
Text = Literal["", "fixed", "variable", "characters"]


@dataclass(frozen=True)
class Stored:
    """One array as the file describes it.

    Attributes
    ----------
    shape, chunks : tuple of int
        Chunks are empty where the array is not cut into them.
    dtype : dtype
        Of numbers as stored; StringDType for texts.
    text : {"", "fixed", "variable", "characters"}
        How texts are stored, "characters" as MATLAB does: one number for each; "" for numbers.
    """

    shape: tuple[int, ...]
    chunks: tuple[int, ...]
    dtype: np.dtype[Any]
    text: Text = ""


@contextmanager
def opened(path: Path) -> Iterator[h5py.File]:
    """The file for reading.

    Raises
    ------
    DataError
        If it is no HDF5 file, or damaged.
    """
    with path.open("rb") as file:
        head = file.read(len(MATLAB))
    if head.startswith(b"\x1f\x8b"):
        raise DataError(f"{path.name} is compressed as a whole: unpack it first.")
    if head.startswith(b"MATLAB") and head != MATLAB:
        raise DataError(f"{path.name} is a MATLAB file of an older kind: save it again there, with the option -v7.3.")
    try:
        file = h5py.File(path, "r", locking=False, rdcc_nbytes=64 << 20)
    except BROKEN as error:
        raise DataError(f"{path.name} is damaged at its beginning, or no HDF5 file.") from error
    with file:
        yield file


def of_matlab(path: Path) -> bool:
    """Whether MATLAB wrote the file, which runs through arrays column by column."""
    with path.open("rb") as file:
        return file.read(len(MATLAB)) == MATLAB


@dataclass(frozen=True)
class Tree:
    """What lies in a file, by its place in the tree.

    Attributes
    ----------
    arrays : dict of str to Stored
    refused : dict of str to str
        Why something is no array to import, in a sentence.
    links : dict of str to str
        The same of links within the file, which are not followed: what they lead to has a place of its own.
    """

    arrays: dict[str, Stored] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)


def tree_of(file: h5py.File, path: Path) -> Tree:
    """All that lies in the file; raises DataError where that is more than any data have."""
    tree = Tree()
    try:
        seen: set[int] = {h5o.get_info(file.id).addr}
    except BROKEN as error:
        raise DataError(f"The tree of arrays in {path.name} is damaged.") from error
    n_nodes = 0
    waiting: list[tuple[h5py.Group, str, int]] = [(file, "", 0)]
    while waiting:
        group, place, depth = waiting.pop(0)
        for name in _names(group, place, path, tree.refused):
            n_nodes += 1
            if n_nodes > _MOST_NODES or depth > _MOST_DEPTH:
                raise DataError(f"{path.name} holds more than {_MOST_NODES:,} entries, or folders without end.")
            where = f"{place}/{name}".removeprefix("/")
            if not name.isprintable():
                tree.refused[where] = f"{path.name} holds an entry whose name is no text: {name[:40]!a}."
                continue
            shown = f"{where} in {path.name}"
            try:
                entry = _entry(group, name, shown, seen)
                if isinstance(entry, h5py.Group):
                    waiting.append((entry, where, depth + 1))
                elif isinstance(entry, h5py.Dataset):
                    tree.arrays[where] = _described(entry, shown, path.stat().st_size)
                elif entry is not None:
                    tree.links[where] = entry
            except DataError as error:
                tree.refused[where] = str(error)
            except BROKEN:
                tree.refused[where] = f"{shown} is damaged."
    return tree


def attributes(file: h5py.File, path: Path) -> dict[str, str]:
    """The attributes of the whole file that are one text each, by name."""
    try:
        found = {name: file.attrs[name] for name in list(file.attrs)[:_MOST_NODES]}
    except BROKEN as error:
        raise DataError(f"What {path.name} tells of itself is damaged.") from error
    return {name: text for name, text in found.items() if isinstance(text, str)}


def _names(group: h5py.Group, place: str, path: Path, refused: dict[str, str]) -> list[str]:
    try:
        if len(group) > _MOST_NODES:
            raise DataError(f"{path.name} holds more than {_MOST_NODES:,} entries.")
        names = [name if isinstance(name, str) else name.decode("utf-8", "surrogateescape") for name in group]
    except BROKEN:
        refused[place] = f"{place or 'The tree of arrays'} in {path.name} is damaged."
        return []
    return [name for name in names if place or name not in _MATLABS_OWN]


def _entry(group: h5py.Group, name: str, shown: str, seen: set[int]) -> h5py.Group | h5py.Dataset | str | None:
    """What a hard link leads to, unless that was seen; a sentence on other links within the file; None for a type."""
    link = group.get(name, getlink=True)
    if isinstance(link, h5py.ExternalLink):
        raise DataError(f"{shown} leads to another file, which is not opened: import that file itself.")
    elsewhere = f"{shown} is a link to another place in the file: choose the array that lies there."
    if not isinstance(link, h5py.HardLink):
        return elsewhere
    address = h5o.get_info(group.id, name.encode()).addr
    if address in seen:
        return elsewhere
    seen.add(address)
    entry = group[name]
    return entry if isinstance(entry, h5py.Group | h5py.Dataset) else None


def _described(dataset: h5py.Dataset, shown: str, file_size: int) -> Stored:
    """What the array is; raises DataError where it is nothing to read here."""
    stored_type = dataset.id.get_type()
    kind = stored_type.get_class()
    if kind in _CLASSES:
        raise DataError(f"{shown} holds {_CLASSES[kind]}, which are not imported: save it as an array of numbers.")
    space = dataset.id.get_space()
    if space.get_simple_extent_type() == h5s.NULL:
        raise DataError(f"{shown} is empty: there is nothing to import.")
    shape = tuple(int(length) for length in space.get_simple_extent_dims())
    chunks = _checked_layout(dataset, shown)
    text: Text = ""
    dtype: np.dtype[Any] = np.dtype(dataset.dtype)
    if kind == h5t.STRING:
        text, dtype = ("variable" if stored_type.is_variable_str() else "fixed"), np.dtypes.StringDType()
    elif _of_characters(dataset, dtype):
        text, dtype = "characters", np.dtypes.StringDType()
    elif dtype.kind not in "biuf":
        raise DataError(f"{shown} holds {dtype}, which is not imported: save it as an array of numbers.")
    _check_size(dataset, shape, chunks, stored_type.get_size(), shown, file_size)
    return Stored(shape, chunks, dtype, text)


def _checked_layout(dataset: h5py.Dataset, shown: str) -> tuple[int, ...]:
    """The shape of the chunks, if there are any."""
    made = dataset.id.get_create_plist()
    layout = made.get_layout()
    if layout == h5d.VIRTUAL:
        raise DataError(f"{shown} is put together from other files, which are not opened: save it as one array.")
    if made.get_external_count():
        raise DataError(f"{shown} keeps its numbers in another file, which is not opened: save it as one array.")
    if layout != h5d.CHUNKED:
        return ()
    for k in range(made.get_nfilters()):
        code, _, _, name = made.get_filter(k)
        if code not in _FILTERS:
            called = name.decode("utf-8", "replace")[:40] if name.isascii() else ""
            called = called if called.isprintable() and called else f"number {code}"
            raise DataError(f"{shown} is packed with the filter {called}, which is not here: save it with gzip.")
    return tuple(int(length) for length in made.get_chunk())


def _of_characters(dataset: h5py.Dataset, dtype: np.dtype[Any]) -> bool:
    """Whether MATLAB stored texts here."""
    if dtype != np.uint16 or "MATLAB_class" not in dataset.attrs:
        return False
    kind = dataset.attrs.get_id("MATLAB_class").get_type()
    small = kind.get_class() == h5t.STRING and not kind.is_variable_str() and kind.get_size() <= 32
    return small and bytes(np.asarray(dataset.attrs["MATLAB_class"]).tobytes()).rstrip(b"\0") == b"char"


def _check_size(
    dataset: h5py.Dataset, shape: tuple[int, ...], chunks: tuple[int, ...], item: int, shown: str, file_size: int
) -> None:
    """Refuse an array that is larger than the file can hold, or that swells as no data do."""
    piece = math.prod(chunks) * item
    if piece > _MOST_CHUNK:
        raise DataError(f"{shown} is cut into pieces of {piece / 1e6:,.0f} MB: save it in smaller ones.")
    n_bytes = math.prod(shape) * item
    if n_bytes > max(_ALWAYS_ALLOWED, _MOST_RATIO * file_size) or (not chunks and n_bytes > file_size):
        raise DataError(
            f"{shown} promises {n_bytes / 1e6:,.0f} MB in the shape {shape}, as a file of {file_size / 1e6:,.1f} MB "
            "cannot hold: it is damaged, or empty for the most part."
        )
    stored = dataset.id.get_storage_size()
    if stored > file_size or n_bytes > max(_ALWAYS_ALLOWED, _MOST_RATIO * stored):
        raise DataError(
            f"{shown} would swell from {stored / 1e6:,.0f} MB to {n_bytes / 1e6:,.0f} MB, as no data do: save it "
            "anew, or as a .npy file."
        )

"""Files made or damaged to do harm: each ends in a whole table, or in one sentence that says what is wrong where."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
from mutants import KINDS, outcomes

from workbench.data import DataError, guess, isolated, preview, read

X = np.random.default_rng(0).normal(size=(30, 4))
SLOW = 2_000


def refusal(path: Path, **options: object) -> str:
    with pytest.raises(DataError) as caught:
        read(guess(path, options=options)).close()
    sentence = str(caught.value)
    assert sentence.endswith(".")
    assert "\n" not in sentence
    return sentence


@pytest.mark.parametrize("name", ["hdf5", "npz", "png", "xlsx", "vqw"])
def test_mutants_are_read_or_refused(name: str, tmp_path: Path) -> None:
    counts = outcomes(KINDS[name], tmp_path, 40, seed=1)
    assert counts.total() == 40
    assert counts["refused"] > 0


@pytest.mark.slow
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("name", list(KINDS))
def test_thousands_of_mutants_are_read_or_refused(name: str, tmp_path: Path) -> None:
    counts = outcomes(KINDS[name], tmp_path, SLOW, seed=2)
    print(f"{SLOW} mutants of {name}: " + ", ".join(f"{reason} {n}" for reason, n in counts.most_common()))
    assert counts.total() == SLOW


# what an HDF5 file may hold and we do not import


def _virtual(file: h5py.File) -> None:
    layout = h5py.VirtualLayout((30, 4), "f8")
    layout[:] = h5py.VirtualSource("/etc/passwd", "x", (30, 4))
    file.create_virtual_dataset("bad", layout)


def _external_storage(file: h5py.File) -> None:
    file.create_dataset("bad", (30, 4), "u1", external=[("/etc/passwd", 0, 120)])


def _lists(file: h5py.File) -> None:
    file.create_dataset("bad", (3,), h5py.vlen_dtype(np.float64))


def _opaque(file: h5py.File) -> None:
    file.create_dataset("bad", data=np.zeros(3, "V5"))


def _swelling(file: h5py.File) -> None:
    """Zeros, of which zlib packs a thousand in a byte."""
    file.create_dataset("bad", (5_000_000, 8), "f8", chunks=(500_000, 8), compression="gzip")
    for start in range(0, 5_000_000, 500_000):
        file["bad"].id.write_direct_chunk((start, 0), _zeros(32 << 20))


def _zeros(n_bytes: int) -> bytes:
    """What zlib makes of so many zeros, the check at its end left out."""
    packer = zlib.compressobj(9)
    head = packer.compress(b"\0" * (1 << 20)) + packer.flush(zlib.Z_FULL_FLUSH)
    more = packer.compress(b"\0" * (1 << 20)) + packer.flush(zlib.Z_FULL_FLUSH)
    return head + more * (n_bytes // (1 << 20) - 1) + packer.flush()


REFUSED: dict[str, tuple[Callable[[h5py.File], object], str]] = {
    "external link": (lambda f: f.__setitem__("bad", h5py.ExternalLink("/etc/passwd", "/x")), "leads to another file"),
    "soft link": (lambda f: f.__setitem__("bad", h5py.SoftLink("/bad")), "is a link to another place"),
    "cycle": (lambda f: f.__setitem__("bad", f["/"]), "is a link to another place"),
    "virtual": (_virtual, "put together from other files"),
    "external storage": (_external_storage, "keeps its numbers in another file"),
    "references": (lambda f: f.create_dataset("bad", (3,), h5py.ref_dtype), "holds references"),
    "records": (lambda f: f.create_dataset("bad", (3,), [("a", "i4"), ("b", "f8")]), "holds records"),
    "lists": (_lists, "lists of different lengths"),
    "opaque": (_opaque, "opaque bytes"),
    "complex": (lambda f: f.create_dataset("bad", data=np.ones((3, 2), complex)), "are not imported"),
    "empty": (lambda f: f.create_dataset("bad", dtype="f8", shape=None), "nothing to import"),
    "absurd": (lambda f: f.create_dataset("bad", (10**9, 10**9), "f4", chunks=(64, 64)), "cannot hold"),
    "absurd in one piece": (lambda f: f.create_dataset("bad", (10**9, 10**8), "f4"), "cannot hold"),
    "one huge chunk": (lambda f: f.create_dataset("bad", (3, 10**8), "u1", chunks=(3, 10**8)), "pieces of"),
    "swelling": (_swelling, "cannot hold"),
}


@pytest.mark.parametrize("name", list(REFUSED))
def test_what_an_hdf5_file_should_not_hold_is_refused_by_name_and_the_rest_is_read(name: str, tmp_path: Path) -> None:
    make, word = REFUSED[name]
    path = tmp_path / "foreign.h5"
    with h5py.File(path, "w") as file:
        file["sound/X"] = X
        make(file)
    with read(guess(path)) as imported:
        np.testing.assert_array_equal(np.asarray(imported.X), X)
    sentence = refusal(path, array="bad")
    assert sentence.startswith("bad in foreign.h5")
    assert word in sentence
    assert sentence in preview(guess(path)).warnings or "is a link" in sentence


def test_a_chunk_that_unpacks_to_gigabytes_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "foreign.h5"
    with h5py.File(path, "w") as file:
        bad = file.create_dataset("bad", (100, 10), "f8", chunks=(100, 10), compression="gzip")
        bad.id.write_direct_chunk((0, 0), _zeros(4 << 30))
    assert path.stat().st_size < 10 << 20
    assert "foreign.h5" in refusal(path)


def test_a_filter_that_is_not_here_is_named(tmp_path: Path) -> None:
    path = tmp_path / "foreign.h5"
    with h5py.File(path, "w") as file:
        made = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        made.set_chunk((30, 4))
        made.set_filter(32015, h5py.h5z.FLAG_OPTIONAL, ())
        space = h5py.h5s.create_simple((30, 4))
        h5py.h5d.create(file.id, b"bad", h5py.h5t.NATIVE_DOUBLE, space, made)
    assert "32015" in refusal(path)


def test_a_tree_of_too_many_entries_and_folders_without_end_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "foreign.h5"
    with h5py.File(path, "w") as file:
        for k in range(10_001):
            file.create_group(f"{k}")
    assert "more than 10,000 entries" in refusal(path)
    with h5py.File(path, "w") as file:
        group = file
        for _ in range(70):
            group = group.create_group("deeper")
    assert "without end" in refusal(path)


@pytest.mark.parametrize("name", ["two\nlines", "bell\a", "\udcff"])
def test_an_array_whose_name_is_no_text_is_passed_over(name: str, tmp_path: Path) -> None:
    path = tmp_path / "foreign.h5"
    with h5py.File(path, "w") as file:
        file[name.encode("utf-8", "surrogateescape")] = np.ones((50, 50))
        file["X"] = X
    assert guess(path).options["array"] == "X"
    assert "whose name is no text" in preview(guess(path)).warnings[0]
    with zipfile.ZipFile(tmp_path / "foreign.npz", "w") as archive:
        archive.writestr("X.npy", _npy(X))
        archive.writestr("two\nlines.npy", _npy(X))
    assert "whose name is no text" in preview(guess(tmp_path / "foreign.npz")).warnings[0]


def _npy(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


# archives and pictures


def test_an_archive_that_swells_is_refused_by_name(tmp_path: Path) -> None:
    """A packed member of some kilobytes whose directory promises, as its header does, 800 MB."""
    head = _npy(np.zeros((0, 1))).replace(b"(0, 1), }        ", b"(100000000, 1), }")
    path = tmp_path / "foreign.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x.npy", head + b"\0" * (1 << 20))
    data = bytearray(path.read_bytes())
    place = data.index(b"PK\1\2") + 24
    data[place : place + 4] = struct.pack("<I", len(head) + 800_000_000)
    path.write_bytes(data)
    assert "x in foreign.npz would swell" in refusal(path)


@pytest.mark.parametrize("suffix", ["png", "tif", "bmp", "gif"])
def test_a_gigapixel_picture_is_refused(suffix: str, tmp_path: Path) -> None:
    width, height = 60_000, 60_000
    tags = [(256, 4, width), (257, 4, height), (258, 3, 8), (259, 3, 1), (262, 3, 1), (273, 4, 8), (277, 3, 1)]
    tags += [(278, 4, height), (279, 4, 1000)]
    chunk = b"IHDR" + struct.pack(">2I5B", width, height, 8, 0, 0, 0, 0)
    content = {
        "png": b"\x89PNG\r\n\x1a\n"
        + struct.pack(">I", 13)
        + chunk
        + struct.pack(">I", zlib.crc32(chunk))
        + bytes(4)
        + b"IDAT",
        "tif": b"II*\0"
        + struct.pack("<IH", 8, len(tags))
        + b"".join(struct.pack("<HHII", t, k, 1, v) for t, k, v in tags)
        + bytes(4),
        "bmp": b"BM"
        + struct.pack("<IIIIiiHHIIiiII", 1000, 0, 54, 40, width, height, 1, 24, 0, 0, 0, 0, 0, 0)
        + bytes(100),
        "gif": b"GIF89a"
        + struct.pack("<HH3B", width, height, 0, 0, 0)
        + b","
        + struct.pack("<4HB", 0, 0, width, height, 0)
        + bytes(9),
    }[suffix]
    path = tmp_path / f"foreign.{suffix}"
    path.write_bytes(content)
    assert "foreign" in refusal(path)


def test_no_process_is_left_after_closing() -> None:
    isolated.close()
    assert isolated._idle == []

"""Arrays in a project come back as they were, are read where they lie, and may be staged beside other work."""

from __future__ import annotations

import hashlib
import mmap
import threading
from pathlib import Path

import h5py
import numpy as np
import pytest
from project_rows import Counted, write

from workbench.errors import Cancelled
from workbench.project import (
    Project,
    ProjectError,
)
from workbench.project.journal import journal_path

BLOCK = 4 << 20


@pytest.mark.parametrize(
    "array",
    [
        np.arange(12, dtype=np.float32).reshape(3, 4),
        np.array(3.5),
        np.zeros((0, 7), np.int16),
        np.zeros((7, 0)),
        np.array([True, False]),
        np.arange(3, dtype=">f8"),
        np.array([1 + 2j, np.nan], np.complex64),
        np.array([np.inf, -0.0, np.nan], np.float16),
        np.array(["", "ß€𝄞", "a\0b"]),
        np.array([["ab"], ["c"]]),
        np.array(["", ""]),
        np.array([b"\xff\0x", b""]),
        np.array(["2020-02-29", "NaT"], "M8[D]"),
        np.array([2**63 - 1, -(2**63)]),
        np.arange(40)[::-2],
        np.asfortranarray(np.arange(12.0).reshape(3, 4)),
    ],
    ids=lambda array: f"{array.dtype.str}{array.shape}",
)
def test_an_array_comes_back_bit_for_bit(path: Path, array: np.ndarray) -> None:
    with Project.create(path) as project:
        write(project, "a", array)
    with Project.open(path) as project:
        for back in (project.read(lambda r: r.load("a")).result(), project.array("a")):
            assert (back.dtype, back.shape) == (array.dtype, array.shape)
            assert back.tobytes() == np.ascontiguousarray(array).tobytes()
        assert project.verify() == []


@pytest.mark.parametrize("array", [np.array([{}]), np.zeros(2, "i4,f8"), np.zeros(2, np.longdouble)], ids=str)
def test_what_the_file_cannot_hold_is_refused(project: Project, array: np.ndarray) -> None:
    with pytest.raises(ProjectError, match="cannot be stored"):
        write(project, "a", array)
    assert project.read(lambda r: r.keys()).result() == []


def test_arrays_are_contiguous_uncompressed_aligned_and_mapped_from_the_file(project: Project) -> None:
    X = np.random.default_rng(0).normal(size=(3000, 33)).astype(np.float32)
    project.transact(lambda t: (t.put("odd", {"x": "y" * 333}), t.write("d/X", X))).result()
    mapped = project.array("d/X")
    assert not mapped.flags.writeable
    base = mapped
    while isinstance(base, np.ndarray):
        base = base.base
    assert isinstance(base, mmap.mmap)
    with h5py.File(project.path, "r") as file:
        dataset = file["d/X"]
        assert dataset.chunks is None
        assert dataset.compression is None
        assert dataset.id.get_offset() % 4096 == 0
        assert file.userblock_size == 4096
        assert (dataset[:] == X).all()


def test_the_data_hash_is_the_hash_of_the_block_hashes(project: Project) -> None:
    X = np.random.default_rng(0).integers(0, 256, (3 * BLOCK // 1000, 1000), dtype=np.uint8)
    info = project.transact(lambda t: t.write("X", X)).result()
    rows = BLOCK // 1000
    digests = [hashlib.blake2b(X[i : i + rows].tobytes(), digest_size=32).digest() for i in range(0, len(X), rows)]
    assert len(digests) == 3
    assert info.data_hash == hashlib.blake2b(b"".join(digests), digest_size=32).hexdigest()


def test_rows_from_a_source_are_read_in_blocks(project: Project) -> None:
    source = Counted(20_000)
    done: list[float] = []
    project.transact(lambda t: t.write("X", source, progress=done.append)).result()
    assert source.largest * 1024 <= BLOCK
    assert done == sorted(done)
    assert done[-1] == 1
    rows = project.rows("X")
    assert (rows.shape, rows.dtype) == (source.shape, source.dtype)
    assert (rows.read(4090, 4100)[:, 0] == np.arange(4090, 4100)).all()
    assert (project.array("X")[:, 5] == np.arange(20_000)).all()


def test_a_source_that_gives_too_few_rows_is_refused(project: Project) -> None:
    class Short(Counted):
        def read(self, start: int, stop: int) -> np.ndarray:
            return super().read(start, stop)[:-1]

    with pytest.raises(ProjectError, match="rows from row 0"):
        project.transact(lambda t: t.write("X", Short(100))).result()


def test_a_stopped_import_leaves_nothing(project: Project) -> None:
    answers = iter([False, False, True])
    with pytest.raises(Cancelled):
        project.transact(lambda t: t.write("X", Counted(20_000), stop=lambda: next(answers))).result()
    assert project.read(lambda r: r.keys()).result() == []
    assert project.path.stat().st_size < 20_000


def test_written_arrays_are_not_overwritten_and_replaceable_ones_are_not_mapped(project: Project) -> None:
    write(project, "X", np.arange(3))
    with pytest.raises(ProjectError, match="never overwritten"):
        write(project, "X", np.arange(4))
    project.transact(lambda t: t.rewrite("s", np.arange(3))).result()
    project.transact(lambda t: t.rewrite("s", np.arange(5.0))).result()
    assert (project.read(lambda r: r.load("s")).result() == np.arange(5.0)).all()
    with pytest.raises(ProjectError, match="load a copy"):
        project.array("s")


def test_a_replaceable_array_of_the_same_kind_keeps_its_place(project: Project) -> None:
    places = {
        project.transact(lambda t, k=k: t.rewrite("s", np.full(2000, k))).result().offset  # type: ignore[misc]
        for k in range(5)
    }
    assert len(places) == 1


def test_a_mapped_array_outlives_its_deletion_and_new_data_do_not_show_through(project: Project) -> None:
    X = np.random.default_rng(0).normal(size=(4000, 20))
    write(project, "d/X", X)
    mapped, rows = project.array("d/X"), project.rows("d/X")
    project.transact(lambda t: t.delete("d")).result()
    for k in range(3):
        write(project, f"e/X{k}", np.zeros((4000, 20)))
    project.compact()
    write(project, "f", np.ones((4000, 20)))
    assert (mapped == X).all()
    assert (rows.read(0, 10) == X[:10]).all()
    with pytest.raises(ProjectError, match="no array called 'd/X'"):
        project.array("d/X")


def test_an_array_may_get_a_key_that_was_deleted(project: Project) -> None:
    write(project, "d/X", np.arange(5000))
    assert project.array("d/X")[1] == 1
    project.transact(lambda t: (t.delete("d"), t.write("d/X", np.arange(5000) * 2))).result()
    assert project.array("d/X")[1] == 2


def test_a_staged_array_is_like_a_written_one(project: Project) -> None:
    source = Counted(9001)
    staged = project.stage(source)
    first = project.transact(lambda t: t.write("staged", staged)).result()
    second = project.transact(lambda t: t.write("written", source)).result()
    assert first.data_hash == second.data_hash
    assert (project.array("staged") == project.array("written")).all()
    with pytest.raises(ProjectError, match="used or given up"):
        project.transact(lambda t: t.write("again", staged)).result()


@pytest.mark.parametrize("n", [0, 1, 3, 4, 5, 4096, 4097])
def test_staging_works_for_any_size(project: Project, n: int) -> None:
    X = np.arange(n * 256, dtype=np.float32).reshape(n, 256)
    staged = project.stage(X)
    project.transact(lambda t: (t.put("beside", {"x": "y" * 2000}), t.write("X", staged))).result()
    assert (project.array("X") == X).all()


def test_changes_go_on_while_an_array_is_staged(project: Project) -> None:
    commits = []

    def beside(done: float) -> None:
        project.transact(lambda t: t.put("beside", {"done": done})).result(timeout=30)
        commits.append(done)

    staged = project.stage(Counted(20_000), progress=beside)
    project.transact(lambda t: t.write("X", staged)).result()
    assert len(commits) == 5
    assert (project.array("X")[:, 0] == np.arange(20_000)).all()
    assert project.verify() == []


def test_a_failing_change_does_not_hurt_what_is_being_staged(project: Project) -> None:
    def beside(_: float) -> None:
        with pytest.raises(ZeroDivisionError):
            project.transact(lambda t: (t.write("lost", np.ones(9000)), 1 // 0)).result()

    staged = project.stage(Counted(20_000), progress=beside)
    project.transact(lambda t: t.write("X", staged)).result()
    assert project.verify() == []


def test_stopped_staging_leaves_nothing(project: Project) -> None:
    size = project.path.stat().st_size
    answers = iter([False, True])
    with pytest.raises(Cancelled):
        project.stage(Counted(20_000), stop=lambda: next(answers))
    project.transact(lambda t: t.put("a", {})).result()
    assert project.path.stat().st_size < size + 50_000


def test_closing_stops_staging(path: Path) -> None:
    project = Project.create(path)
    closer = threading.Thread(target=project.close)

    def close_soon(_: float) -> None:
        if not closer.is_alive():
            closer.start()
        while not project._staging.ending:
            pass

    with pytest.raises(Cancelled):
        project.stage(Counted(20_000), progress=close_soon)
    closer.join()
    with Project.open(path) as project:
        assert project.recovered == ""


def test_an_unfinished_import_is_removed_at_the_next_opening(path: Path) -> None:
    with Project.create(path) as project:
        project.stage(Counted(5000))
        with pytest.raises(ProjectError, match="import is running"):
            project.compact()
    with Project.open(path) as project:
        assert "unfinished import" in project.recovered
        assert project.verify() == []
        project.compact()
        assert path.stat().st_size < 30_000


def test_a_large_array_that_fits_into_a_gap_needs_no_room_in_the_journal(project: Project) -> None:
    write(project, "gap", np.zeros((5000, 1000)))
    write(project, "after", np.zeros(5000))
    project.transact(lambda t: t.delete("gap")).result()
    largest = 0

    def watch(_: float) -> None:
        nonlocal largest
        journal = journal_path(project.path)
        largest = max(largest, journal.stat().st_size if journal.exists() else 0, len(pages._pages) * 4096)

    pages = project._thread.call(lambda store: store._ready()[1])
    project.transact(lambda t: t.write("again", np.ones((5000, 1000)), progress=watch)).result()
    assert largest < 100_000
    assert project.array("again").all()

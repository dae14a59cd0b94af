"""What a project promises to whoever works with it: changes whole or not at all, arrays as they were."""

from __future__ import annotations

import hashlib
import json
import mmap
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest

from workbench.errors import Cancelled
from workbench.project import (
    Project,
    ProjectDamaged,
    ProjectError,
    ProjectLocked,
    ProjectTooNew,
    StorageFull,
    Transaction,
    arrays,
    rewriting,
)
from workbench.project.disk import Disk
from workbench.project.journal import journal_path
from workbench.project.store import Store
from workbench.project.userblock import USERBLOCK_SIZE, UserBlock

BLOCK = 4 << 20


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "p.vqw"


@pytest.fixture
def project(path: Path) -> Iterator[Project]:
    with Project.create(path) as project:
        yield project


def write(project: Project, key: str, array: np.ndarray) -> None:
    project.transact(lambda t: t.write(key, array)).result()


class Counted:
    """Rows that are made when they are read."""

    def __init__(self, n: int, d: int = 256) -> None:
        self.shape = (n, d)
        self.dtype = np.dtype(np.float32)
        self.largest = 0

    def read(self, start: int, stop: int) -> np.ndarray:
        self.largest = max(self.largest, stop - start)
        return np.repeat(np.arange(start, stop, dtype=np.float32)[:, None], self.shape[1], axis=1)


# changes


def test_a_change_that_fails_leaves_nothing_behind(project: Project) -> None:
    project.transact(lambda t: t.put("runs/r", {"name": "kept"})).result()
    number, size = project.commit_number, project.path.stat().st_size

    def work(transaction: Transaction) -> None:
        transaction.put("runs/r", {"name": "lost"})
        transaction.write("runs/r/X", np.ones((5000, 50)))
        transaction.new_id("runs")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        project.transact(work).result()
    assert project.read(lambda r: r.get("runs/r")).result() == {"name": "kept"}
    assert not project.read(lambda r: r.exists("runs/r/X")).result()
    assert project.transact(lambda t: t.new_id("runs")).result() == "runs/r_000001"
    assert (project.commit_number, project.path.stat().st_size) == (number + 1, size)


def test_reading_and_empty_changes_make_no_commit(project: Project) -> None:
    number = project.commit_number
    project.transact(lambda t: t.keys()).result()
    project.read(lambda r: r.keys()).result()
    assert project.commit_number == number


def test_ids_are_never_used_again(path: Path) -> None:
    with Project.create(path) as project:
        first = project.transact(lambda t: t.new_id("datasets")).result()
        project.transact(lambda t: t.put(first, {})).result()
        project.transact(lambda t: t.delete(first)).result()
        project.compact()
    with Project.open(path) as project:
        assert first == "datasets/d_000001"
        assert project.transact(lambda t: t.new_id("datasets")).result() == "datasets/d_000002"


def test_put_keeps_what_it_is_not_given(project: Project) -> None:
    project.transact(
        lambda t: (t.put("a/b", {"x": 1, "y": [None, "ü", 1e300]}), t.put("a/b", {"x": {"z": True}}))
    ).result()
    assert project.read(lambda r: r.get("a/b")).result() == {"x": {"z": True}, "y": [None, "ü", 1e300]}
    assert project.read(lambda r: (r.get("a"), r.keys(), r.keys("a"), r.keys("c"))).result() == ({}, ["a"], ["b"], [])


def test_attributes_may_be_larger_than_a_header(project: Project) -> None:
    big = {"text": "x" * 300_000}
    project.transact(lambda t: t.put("a", big)).result()
    project.transact(lambda t: t.put("a", {"more": "y" * 100_000})).result()
    assert project.read(lambda r: r.get("a")).result() == big | {"more": "y" * 100_000}


def test_what_is_not_json_is_refused_and_changes_nothing(project: Project) -> None:
    with pytest.raises(ProjectError, match="not JSON"):
        project.transact(lambda t: t.put("a", {"x": {1, 2}})).result()
    assert not project.read(lambda r: r.exists("a")).result()


@pytest.mark.parametrize("key", ["", "/a", "a//b", "a/../b", ".", "incoming/x", "deleted"])
def test_impossible_keys_are_refused(project: Project, key: str) -> None:
    with pytest.raises(ProjectError, match="cannot be a place"):
        project.transact(lambda t: t.put(key, {})).result()


def test_a_reader_ends_with_its_work(project: Project) -> None:
    kept = project.read(lambda r: r).result()
    with pytest.raises(RuntimeError, match="ends with the work"):
        kept.keys()


def test_work_that_waits_for_the_project_is_told_so_instead_of_waiting_forever(project: Project) -> None:
    write(project, "a", np.arange(10))
    with pytest.raises(RuntimeError, match="must use the Reader"):
        project.read(lambda _: project.rows("a")).result()


def test_threads_can_share_a_project(project: Project) -> None:
    def work(number: int) -> None:
        for k in range(10):
            write(project, f"t{number}/a{k}", np.full(2000, number * 10 + k))
            assert (project.array(f"t{number}/a{k}") == number * 10 + k).all()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert project.verify() == []
    assert len(project.read(lambda r: [key for t in map(str, r.keys()) for key in r.keys(t)]).result()) == 40


# arrays


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


# staging


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


# damage


def flip(path: Path, offset: int) -> None:
    with path.open("r+b") as file:
        file.seek(offset)
        byte = file.read(1)
        file.seek(offset)
        file.write(bytes([byte[0] ^ 1]))


def test_a_flipped_bit_is_found_where_it_lies_and_the_rest_stays_usable(path: Path) -> None:
    with Project.create(path) as project:
        source = Counted(12_000)
        offset = project.transact(lambda t: t.write("d/X", source)).result().offset
        write(project, "d/y", np.arange(12_000))
    flip(path, offset + 5000 * 1024)
    with Project.open(path) as project:
        damaged = project.verify()
        assert len(damaged) == 1
        assert "'d/X' is damaged in rows 4096 to 8191" in damaged[0]
        rows = project.rows("d/X")
        assert (rows.read(0, 4096)[:, 0] == np.arange(4096)).all()
        with pytest.raises(ProjectDamaged, match="rows 4096 to 8191"):
            rows.read(4000, 4100)
        with pytest.raises(ProjectDamaged):
            project.array("d/X")
        with pytest.raises(ProjectDamaged):
            project.read(lambda r: r.load("d/X")).result()
        with pytest.raises(ProjectDamaged):
            project.compact()
        assert (project.array("d/y") == np.arange(12_000)).all()
        assert project.read(lambda r: r.exists("d/X")).result()


def test_a_damaged_group_is_named(path: Path) -> None:
    with Project.create(path) as project:
        project.transact(lambda t: (t.put("good", {"a": 1}), t.put("bad", {"a": "needle" * 5}))).result()
    flip(path, path.read_bytes().index(b"needleneedle"))
    with Project.open(path) as project:
        assert [s for s in project.verify() if s.startswith("'bad' is damaged")]
        assert project.read(lambda r: r.get("good")).result() == {"a": 1}


def test_a_file_cut_short_is_refused_whatever_its_length(path: Path) -> None:
    with Project.create(path) as project:
        write(project, "X", np.arange(5000))
    whole = path.read_bytes()
    for length in (*range(0, 4096, 500), 4096, 4097, 5000, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:length])
        with pytest.raises(ProjectDamaged, match=r"'p\.vqw' is"):
            Project.open(path)
        assert path.read_bytes() == whole[:length]
        assert not path.with_name("p.vqw.lock").exists()


@pytest.mark.parametrize(
    "data", [b"", b"a,b\n1,2\n" * 2000, b"\x89HDF\r\n\x1a\n" + bytes(9000)], ids=["empty", "csv", "hdf5"]
)
def test_another_file_is_refused_and_not_touched(path: Path, data: bytes) -> None:
    path.write_bytes(data)
    with pytest.raises(ProjectDamaged, match="not a VQ Workbench project"):
        Project.open(path)
    assert path.read_bytes() == data


def test_damage_to_what_opens_the_file_is_refused(path: Path) -> None:
    Project.create(path).close()
    whole = path.read_bytes()
    for offset in (30, 4096, 4096 + 20):
        path.write_bytes(whole)
        flip(path, offset)
        with pytest.raises(ProjectDamaged):
            Project.open(path)


def test_a_newer_version_is_refused_in_words(path: Path) -> None:
    Project.create(path).close()
    whole = path.read_bytes()
    block = UserBlock.unpack(whole)
    assert block is not None
    before = replace(block, schema=7, least_reader=5).pack().ljust(USERBLOCK_SIZE, b"\0") + whole[USERBLOCK_SIZE:]
    path.write_bytes(before)
    for read_only in (False, True):
        with pytest.raises(ProjectTooNew, match="newer version of VQ Workbench"):
            Project.open(path, read_only=read_only)
    assert path.read_bytes() == before


def test_a_newer_version_that_we_can_read_keeps_its_number(path: Path) -> None:
    Store.create(Disk(), path, UserBlock(b"1" * 16, 0, USERBLOCK_SIZE, schema=7, least_reader=1)).close()
    with Project.open(path) as project:
        project.transact(lambda t: t.put("a", {})).result()
    block = UserBlock.unpack(path.read_bytes())
    assert block is not None
    assert (block.schema, block.least_reader) == (7, 1)


def test_a_journal_of_another_project_is_set_aside_and_kept(path: Path, tmp_path: Path) -> None:
    Project.create(path).close()
    foreign = b"VQWAL 1\n" + bytes(range(256)) * 4
    for number in (1, 2):
        journal_path(path).write_bytes(foreign)
        with Project.open(path) as project:
            assert f"set aside as 'p.vqw-wal.unusable-{number}'" in project.recovered
        assert (tmp_path / f"p.vqw-wal.unusable-{number}").read_bytes() == foreign


# opening


def test_there_must_be_a_project_to_open_and_none_to_create(path: Path) -> None:
    with pytest.raises(ProjectError, match="no project at"):
        Project.open(path)
    with pytest.raises(ProjectError, match=r"folder .* does not exist"):
        Project.create(path / "deeper")
    Project.create(path).close()
    with pytest.raises(ProjectError, match="exists already"):
        Project.create(path)


def test_a_closed_project_leaves_one_file_and_says_that_it_is_closed(path: Path) -> None:
    project = Project.create(path)
    project.transact(lambda t: t.put("a", {})).result()
    project.close()
    project.close()
    assert [p.name for p in path.parent.iterdir()] == ["p.vqw"]
    with pytest.raises(ProjectError, match="closed"):
        project.read(lambda r: r.keys())


def test_queued_work_is_done_before_closing(path: Path) -> None:
    project = Project.create(path)
    futures = [project.transact(lambda t, k=k: t.put(f"g{k}", {})) for k in range(20)]  # type: ignore[misc]
    project.close()
    assert all(future.done() for future in futures)
    with Project.open(path) as project:
        assert len(project.read(lambda r: r.keys()).result()) == 20


def test_a_second_opener_is_told_who_has_the_project(project: Project) -> None:
    with pytest.raises(ProjectLocked, match="already open in this program"):
        Project.open(project.path)
    with pytest.raises(ProjectLocked):
        Project.open(project.path, read_only=True)
    code = f"""
from workbench.project import Project, ProjectLocked
try:
    Project.open({str(project.path)!r})
except ProjectLocked as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=Path(__file__).parents[2])
    assert done.stdout.strip() == (
        f"The project 'p.vqw' is already open in another program (process {os.getpid()}); close it there first."
    )


def test_a_holder_on_another_computer_is_named(project: Project) -> None:
    lock = project.path.with_name("p.vqw.lock")
    lock.write_text(json.dumps({"pid": 12, "host": "elsewhere"}))
    with pytest.raises(ProjectLocked, match="on the computer 'elsewhere' \\(process 12\\)"):
        Project.open(project.path)


def test_a_lock_file_without_its_holder_is_no_lock(path: Path) -> None:
    Project.create(path).close()
    path.with_name("p.vqw.lock").write_text(json.dumps({"pid": 1, "host": "gone"}))
    Project.open(path).close()


def test_readers_share_a_project_and_shut_writers_out(path: Path) -> None:
    with Project.create(path) as project:
        write(project, "X", np.arange(5000))
    before = path.read_bytes()
    with Project.open(path, read_only=True) as first, Project.open(path, read_only=True) as second:
        assert (first.array("X") == second.array("X")).all()
        with pytest.raises(ProjectLocked):
            Project.open(path)
        for change in (lambda: first.transact(lambda t: t.put("a", {})).result(), first.compact):
            with pytest.raises(ProjectError, match="for reading only"):
                change()
    assert path.read_bytes() == before


def test_a_reader_sees_a_commit_that_is_still_in_the_journal_and_writes_nothing(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    X = np.random.default_rng(0).normal(size=(900, 7))
    with Project.create(path) as project:
        project.transact(lambda t: (t.put("a", {"n": 1}), t.rewrite("s", X))).result()
        with monkeypatch.context() as failing:
            failing.setattr("workbench.project.pages.write_pages", _no_disk)
            failing.setattr("workbench.project.journal.write_pages", _no_disk)
            project.transact(lambda t: (t.put("a", {"n": 2}), t.write("X", X), t.rewrite("s", X + 1))).result()
            with pytest.raises(ProjectError, match="disk reported an error"):
                project.read(lambda r: r.keys()).result()
        shutil.copy(path, path.with_name("q.vqw"))
        shutil.copy(journal_path(path), path.with_name("q.vqw-wal"))
        assert project.read(lambda r: r.get("a")).result() == {"n": 2}
    files = {name: path.with_name(name).read_bytes() for name in ("q.vqw", "q.vqw-wal")}
    with Project.open(path.with_name("q.vqw"), read_only=True) as project:
        assert project.read(lambda r: r.get("a")).result() == {"n": 2}
        assert (project.array("X") == X).all()
        assert (project.read(lambda r: r.load("s")).result() == X + 1).all()
        assert project.verify() == []
    assert files == {name: path.with_name(name).read_bytes() for name in files}
    with Project.open(path.with_name("q.vqw")) as project:
        assert "completed from the journal" in project.recovered
        assert project.read(lambda r: r.get("a")).result() == {"n": 2}


def _no_disk(*_: object) -> None:
    raise OSError(5, "Input/output error")


def test_an_older_version_is_migrated_on_a_copy(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store.create(Disk(), path, UserBlock(b"0" * 16, 0, USERBLOCK_SIZE, schema=0, least_reader=0))
    store.transact(lambda t: (t.put("old", {"title": "t"}), t.write("old/X", np.arange(3000))), set())
    store.close()
    before = path.read_bytes()
    with pytest.raises(ProjectError, match="too old"):
        Project.open(path)

    def failing(transaction: Transaction) -> None:
        transaction.delete("old")
        raise ZeroDivisionError

    monkeypatch.setitem(rewriting.MIGRATIONS, 0, failing)
    with pytest.raises(ZeroDivisionError):
        Project.open(path)
    assert path.read_bytes() == before
    assert [p.name for p in path.parent.iterdir()] == ["p.vqw"]

    def step(transaction: Transaction) -> None:
        transaction.put("new", {"name": transaction.get("old")["title"]})
        transaction.write("new/X", transaction.load("old/X"))
        transaction.delete("old")

    monkeypatch.setitem(rewriting.MIGRATIONS, 0, step)
    with pytest.raises(ProjectError, match="open it once for writing"):
        Project.open(path, read_only=True)
    with Project.open(path) as project:
        assert "updated to the present file version" in project.recovered
        assert project.read(lambda r: (r.keys(), r.get("new"))).result() == (["new"], {"name": "t"})
        assert (project.array("new/X") == np.arange(3000)).all()
    with Project.open(path, read_only=True) as project:
        assert project.recovered == ""


class NoRead(Disk):
    """A disk that can fail to read."""

    failing = False

    def read(self, handle: int, buffer: memoryview, offset: int) -> int:
        if self.failing:
            raise OSError(5, "Input/output error")
        return super().read(handle, buffer, offset)


@pytest.mark.parametrize("read_only", [False, True])
def test_a_read_that_fails_once_does_not_end_the_project(path: Path, read_only: bool) -> None:
    X = np.random.default_rng(0).normal(size=5000)
    with Project.create(path) as project:
        project.transact(lambda t: (t.put("a", {"n": 1}), t.write("X", X))).result()
    disk = NoRead()
    with Project.open(path, disk=disk, read_only=read_only) as project:
        disk.failing = True
        with pytest.raises(ProjectError, match="Input/output error"):
            project.read(lambda r: r.load("X")).result()
        disk.failing = False
        assert (project.read(lambda r: r.load("X")).result() == X).all()
        assert project.read(lambda r: r.get("a")).result() == {"n": 1}


def test_a_project_that_cannot_be_made_leaves_nothing(path: Path) -> None:
    class Full(Disk):
        left = 3

        def write(self, handle: int, data: bytes | bytearray | memoryview, offset: int) -> None:
            self.left -= 1
            if not self.left:
                raise OSError(28, "No space left on device")
            super().write(handle, data, offset)

    with pytest.raises(StorageFull, match="no room left"):
        Project.create(path, disk=Full())
    assert list(path.parent.iterdir()) == []


# copies


def test_a_copy_holds_the_same_and_is_another_project(project: Project, tmp_path: Path) -> None:
    target = tmp_path / "q.vqw"
    info = project.transact(
        lambda t: (t.new_id("datasets"), t.put("d", {"a": 1}), t.write("d/X", Counted(9000)))[2]
    ).result()
    project.transact(lambda t: t.rewrite("d/s", np.array(["x", "ÿ"]))).result()
    done: list[float] = []
    project.save_as(target, progress=done.append)
    assert done == sorted(done)
    assert done[-1] == 1
    with pytest.raises(ProjectError, match="exists already"):
        project.save_as(target)
    with pytest.raises(ProjectError, match="itself"):
        project.save_as(project.path, overwrite=True)
    with Project.open(target) as copy:
        assert copy.uuid != project.uuid
        assert copy.read(lambda r: r.info("d/X").data_hash).result() == info.data_hash
        assert copy.read(lambda r: r.get("d")).result() == {"a": 1}
        assert (copy.read(lambda r: r.load("d/s")).result() == ["x", "ÿ"]).all()
        assert copy.transact(lambda t: t.new_id("datasets")).result() == "datasets/d_000002"
        with pytest.raises(ProjectLocked):
            project.save_as(target, overwrite=True)
    project.save_as(target, overwrite=True)


def test_stopped_copies_leave_nothing(project: Project, tmp_path: Path) -> None:
    write(project, "X", np.zeros((5000, 1000)))
    before = project.path.read_bytes()
    for job in (lambda stop: project.save_as(tmp_path / "q.vqw", stop=stop), lambda stop: project.compact(stop=stop)):
        answers = iter([False, False, True])
        with pytest.raises(Cancelled):
            job(lambda answers=answers: next(answers))
    assert project.path.read_bytes() == before
    assert sorted(p.name for p in tmp_path.iterdir() if p.suffix == ".vqw" or "new" in p.name) == ["p.vqw"]


def test_compacting_gives_room_back_and_keeps_everything(project: Project) -> None:
    write(project, "gone", np.zeros(500_000))
    write(project, "kept", np.arange(5000))
    project.transact(lambda t: (t.delete("gone"), t.put("g", {"a": [1]}))).result()
    number, uuid, kept = project.commit_number, project.uuid, project.array("kept")
    assert project.compact() > 3_900_000
    assert project.path.stat().st_size < 100_000
    assert (project.uuid, project.commit_number > number) == (uuid, True)
    assert (kept == np.arange(5000)).all()
    assert (project.array("kept") == kept).all()
    project.transact(lambda t: t.put("after", {})).result()
    assert project.verify() == []


def test_h5dump_can_read_all_of_it(project: Project) -> None:
    """Any HDF5 program can: the library itself reads every object through its own driver."""
    write(project, "d/X", np.arange(5000))
    project.transact(lambda t: (t.put("d", {"name": "x"}), t.rewrite("d/t", np.array(["a", "ü"])))).result()
    with h5py.File(project.path, "r") as file:
        assert json.loads(file["d"].attrs["json"]) == {"name": "x"}
        assert (file["d/X"][:] == np.arange(5000)).all()
        assert list(file["d/t"].asstr()[:]) == ["a", "ü"]
        assert file["d/X"].attrs["blake2b"].shape == (1, 32)
        file.visititems(lambda _, node: node[()] if isinstance(node, h5py.Dataset) else None)


def test_block_size_is_four_mebibytes() -> None:
    assert arrays.block_rows((10**6, 1024), np.dtype(np.float32)) == 1024
    assert arrays.block_rows((10, 10**8), np.dtype(np.float64)) == 1

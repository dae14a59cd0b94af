"""A project opens as it was left, or says in one sentence why not and touches nothing."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from project_rows import Counted, write

from workbench.project import (
    Project,
    ProjectDamaged,
    ProjectError,
    ProjectLocked,
    ProjectTooNew,
    StorageFull,
    Transaction,
    rewriting,
)
from workbench.project.disk import Disk
from workbench.project.journal import journal_path
from workbench.project.store import Store
from workbench.project.userblock import USERBLOCK_SIZE, UserBlock


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


@pytest.mark.parametrize("length", [5, 6_000, 15_000], ids=["short", "long", "longer than HDF5 takes a checksum of"])
def test_a_damaged_group_is_named(path: Path, length: int) -> None:
    with Project.create(path) as project:
        project.transact(lambda t: (t.put("good", {"a": 1}), t.put("bad", {"a": "needle" * length}))).result()
    flip(path, path.read_bytes().rindex(b"needleneedle"))
    before = path.read_bytes()
    with Project.open(path) as project:
        assert [s for s in project.verify() if s.startswith("'bad' is damaged")]
        assert project.read(lambda r: r.get("good")).result() == {"a": 1}
        with pytest.raises(ProjectDamaged, match="'bad' is damaged"):
            project.transact(lambda t: t.put("bad", {"b": 1})).result()
    assert path.read_bytes() == before


def test_attributes_that_grow_long_and_short_again_come_back_as_they_were_put(path: Path) -> None:
    with Project.create(path) as project:
        for length in (10, 100_000, 70_000, 40_000, 10):
            project.transact(lambda t, length=length: t.put("a", {"text": "ü" * length})).result()
            assert project.read(lambda r: r.get("a")).result() == {"text": "ü" * length}
    with Project.open(path) as project:
        assert project.read(lambda r: r.get("a")).result() == {"text": "ü" * 10}
        assert project.verify() == []


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
    backup = path.with_name("p before update from version 0.vqw")
    with Project.open(path) as project:
        assert f"updated to the present file version; '{backup.name}' keeps it" in project.recovered
        assert project.read(lambda r: (r.keys(), r.get("new"))).result() == (["new"], {"name": "t"})
        assert (project.array("new/X") == np.arange(3000)).all()
    assert backup.read_bytes() == before
    assert rewriting.backups(path) == [backup]
    with Project.open(path, read_only=True) as project:
        assert project.recovered == ""
    path.write_bytes(before)
    Project.open(path).close()
    again = path.with_name("p before update from version 0 (2).vqw")
    assert {*rewriting.backups(path)} == {backup, again}
    assert backup.read_bytes() == again.read_bytes() == before


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

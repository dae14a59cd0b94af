"""Who reads a project of a synced folder, what belongs beside it, copies into such a folder, and real kills."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from copied_help import abandon, brought, copies, names, number_in, opened, put
from project_workloads import from_version_0, old_version

from workbench.project import (
    Project,
    ProjectDamaged,
    ProjectError,
    ProjectLocked,
    rewriting,
)
from workbench.project.disk import Disk
from workbench.project.opening import newest, open_project
from workbench.project.salvaging import salvage

ROOT = Path(__file__).parents[2]


# reading


def test_who_reads_needs_no_copy_and_leaves_no_trace(home: Path, tmp_path: Path) -> None:
    with open_project(home, read_only=True) as project:
        assert (project.path, project.recovered) == (home, "")
        assert project.read(lambda r: r.get("about")).result() == {"number": 1}
        assert names(home.parent) == ["p.vqw"]
    with pytest.raises(ProjectError, match="There is no project at"):
        open_project(home.with_name("other.vqw"), read_only=True)
    assert copies(tmp_path) == []


def test_a_reader_sees_what_was_brought_back_last_and_that_it_is_open(home: Path) -> None:
    with opened(home) as project:
        put(project, 2)
        with open_project(home, read_only=True) as reader:
            assert "what was brought back last" in reader.recovered
            assert reader.read(lambda r: r.get("about")).result() == {"number": 1}
            brought(project)
            assert reader.read(lambda r: r.get("about")).result() == {"number": 1}


def test_a_reader_is_given_the_copy_that_holds_more(home: Path) -> None:
    project = opened(home)
    put(project, 2)
    abandon(project)
    with open_project(home, read_only=True) as reader:
        assert reader.read(lambda r: r.get("about")).result() == {"number": 2}
        assert (reader.address, reader.path) == (home, newest(home))
        assert "not brought back yet" in reader.recovered


# what belongs to it


def test_an_update_of_an_old_file_goes_home_with_its_backup(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(rewriting.MIGRATIONS, 0, from_version_0)
    old_version(folder, Disk())
    before = (folder / "p.vqw").read_bytes()
    with open_project(folder / "p.vqw") as project:
        assert "was updated to the present file version" in project.recovered
    assert (folder / f"p{rewriting.BACKUP}0.vqw").read_bytes() == before
    with Project.open(folder / "p.vqw", read_only=True) as project:
        assert project.read(lambda r: r.keys("datasets")).result() == ["d_000001"]


@pytest.mark.skipif(sys.platform == "win32", reason="modes of files")
def test_who_may_read_and_write_it_stays_as_it_was(home: Path, tmp_path: Path) -> None:
    home.chmod(0o660)
    with opened(home) as project:
        put(project, 2)
        assert (tmp_path / "copies").stat().st_mode & 0o777 == 0o700
    assert home.stat().st_mode & 0o777 == 0o660


def test_a_backup_that_an_update_makes_goes_home_too(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = f"p{rewriting.BACKUP}0.vqw"
    project = opened(home)
    (project.path.parent / name).write_bytes(b"as it was")
    put(project, 2)
    project.close()
    assert (home.parent / name).read_bytes() == b"as it was"
    project = opened(home)
    (project.path.parent / name).write_bytes(b"as it was")
    (project.path.parent / "p.vqw-wal.unusable-1").write_bytes(b"odd")
    put(project, 3)
    project.close()
    assert names(home.parent) == [name, "p.vqw", "p.vqw-wal.unusable-1"]


def test_a_copy_is_saved_into_such_a_folder_whole_and_in_one_step(tmp_path: Path, folder: Path) -> None:
    target = folder / "q.vqw"
    with Project.create(tmp_path / "p.vqw") as project:
        project.transact(lambda t: t.write("X", np.arange(5000))).result()
        put(project, 1)
        project.save_as(target)
        assert names(folder) == ["q.vqw"]
        with pytest.raises(ProjectError, match="exists already"):
            project.save_as(target)
        put(project, 2)
        project.save_as(target, overwrite=True)
        assert number_in(target) == 2
        with opened(target), pytest.raises(ProjectLocked):
            project.save_as(target, overwrite=True)
        assert copies(tmp_path) == []
    with opened(target) as project:
        assert project.verify() == []
        with pytest.raises(ProjectError, match="this project itself"):
            project.save_as(target, overwrite=True)


def test_a_copy_that_fails_leaves_nothing(tmp_path: Path, folder: Path) -> None:
    with Project.create(tmp_path / "p.vqw") as project:
        project.transact(lambda t: t.write("X", np.arange(5000))).result()
        with pytest.raises(Exception, match="Stopped"):
            project.save_as(folder / "q.vqw", stop=lambda: True)
    assert (names(folder), copies(tmp_path)) == ([], [])


def test_what_is_salvaged_into_such_a_folder_arrives(home: Path, folder: Path) -> None:
    salvage(home, folder / "saved.vqw", lambda entries, things: [True] * len(entries))
    open_project(folder / "saved.vqw").close()


def test_compacting_goes_home(home: Path) -> None:
    with opened(home) as project:
        project.transact(lambda t: t.write("X", np.zeros(200_000))).result()
        project.transact(lambda t: t.delete("X")).result()
        brought(project)
        large = home.stat().st_size
        assert project.compact() > 1_000_000
        assert project.standing.pending
    assert home.stat().st_size < large - 1_000_000


def test_a_copy_that_was_left_and_is_damaged_is_put_beside_the_project_which_then_opens(home: Path) -> None:
    for damage in (lambda data: data[:-4096], lambda data: data[:4096] + bytes(4096) + data[8192:]):
        project = opened(home)
        put(project, 2)
        abandon(project)
        project.path.write_bytes(damage(project.path.read_bytes()))
        kept = project.path.read_bytes()
        with pytest.raises(ProjectDamaged):
            open_project(home, read_only=True)
        with opened(home) as again:
            assert again.read(lambda r: r.get("about")).result() == {"number": 1}
            (beside,) = home.parent.glob("p (damaged copy of *).vqw")
            assert beside.name in again.recovered
        assert beside.read_bytes() == kept
        beside.unlink()


# real ends

CHILD = """
import sys
from workbench.project.opening import open_project

project = open_project(sys.argv[1])
number = project.read(lambda r: r.get("about")).result()["number"]
print("ready", flush=True)
while True:
    number += 1
    project.transact(lambda t: t.put("about", {"number": number})).result()
    print(number, flush=True)
    if number % 5 == 0:
        project.bring_back()
    if number % 40 == 0:
        project.close()
        project = open_project(sys.argv[1])
"""


def kill_and_look(home: Path, rng: random.Random) -> int:
    """Start a writer, kill it at some moment, look at home and go on; give the last number that it acknowledged."""
    child = subprocess.Popen([sys.executable, "-c", CHILD, str(home)], stdout=subprocess.PIPE, text=True, cwd=ROOT)
    assert child.stdout is not None
    assert child.stdout.readline() == "ready\n"
    time.sleep(rng.random() * 0.5)
    child.kill()
    said = [int(line) for line in child.stdout.read().splitlines(keepends=True) if line.endswith("\n")]
    child.wait()
    child.stdout.close()
    number_in(home)  # it is whole
    with opened(home) as project:
        number = int(project.read(lambda r: r.get("about")).result()["number"])
        assert not said or number in (said[-1], said[-1] + 1)
    assert number_in(home) == number
    assert [path.name for path in home.parent.glob("*.vqw")] == ["p.vqw"]
    assert not list(home.parent.glob(".~*"))
    return number


def test_a_few_real_kills_lose_nothing(home: Path, tmp_path: Path) -> None:
    rng = random.Random(1)
    assert max(kill_and_look(home, rng) for _ in range(3)) > 1
    assert copies(tmp_path) == []


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_a_hundred_real_kills_lose_nothing(home: Path, tmp_path: Path) -> None:
    rng = random.Random(0)
    numbers = [kill_and_look(home, rng) for _ in range(100)]
    print(f"100 kills, {max(numbers)} commits acknowledged, none lost")
    assert copies(tmp_path) == []

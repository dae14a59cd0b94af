"""A project of a synced or network folder is worked on here and brought back; whatever happens, no work is lost."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from copied_help import abandon, brought, change_elsewhere, copies, names, number_in, opened, put, until
from hypothesis import given
from hypothesis import strategies as st

from workbench.project import (
    Project,
    ProjectDamaged,
    ProjectError,
    ProjectLocked,
    StorageFull,
    ledger,
    marks,
    working_copy,
)
from workbench.project.bringing import EVERY, QUIET, REST, RETRY, Pace
from workbench.project.copied import CopiedProject
from workbench.project.disk import Disk
from workbench.project.marks import Holder, holder_of, mark_path
from workbench.project.opening import create_project, deliver_left, open_project
from workbench.project.places import Place

# the usual


def test_work_goes_on_here_and_is_at_home_when_the_project_is_closed(home: Path, tmp_path: Path) -> None:
    project = opened(home)
    assert project.address == home
    assert project.path.is_relative_to(tmp_path / "copies")
    assert project.place == Place("synced", "Syncthing", home.parents[1])
    put(project, 2)
    assert number_in(home) == 1
    assert names(home.parent) == ["p.vqw", "p.vqw.in-use"]
    project.close()
    assert number_in(home) == 2
    assert (project.parting, copies(tmp_path)) == ("", [])
    assert names(home.parent) == ["p.vqw"]


def test_a_new_project_is_there_at_once_and_one_that_is_there_is_not_replaced(folder: Path) -> None:
    with create_project(folder / "n.vqw") as project:
        assert isinstance(project, CopiedProject)
        until(lambda: (folder / "n.vqw").exists())
        with pytest.raises(ProjectLocked):
            open_project(folder / "n.vqw")
    with pytest.raises(ProjectError, match="exists already"):
        create_project(folder / "n.vqw")
    with pytest.raises(ProjectError, match="does not exist"):
        create_project(folder / "nowhere" / "n.vqw")
    with pytest.raises(ProjectError, match="There is no project at"):
        open_project(folder / "m.vqw")
    assert names(folder) == ["n.vqw"]


def test_it_is_brought_back_on_demand_while_work_goes_on(home: Path) -> None:
    with opened(home) as project:
        assert not project.standing.pending
        put(project, 2)
        assert project.standing.pending
        brought(project)
        assert number_in(home) == 2
        assert project.standing.brought == pytest.approx(time.time(), abs=60)
        put(project, 3)
        assert project.standing.pending
        assert number_in(home) == 2
    assert number_in(home) == 3


def test_nothing_is_written_at_home_without_a_change(home: Path) -> None:
    before = home.stat()
    with opened(home) as project:
        project.read(lambda r: r.get("about")).result()
        project.bring_back()
        until(lambda: project.standing.brought)
    assert (home.stat().st_mtime_ns, home.stat().st_ino) == (before.st_mtime_ns, before.st_ino)


def test_it_is_brought_back_by_itself_when_it_is_quiet(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workbench.project.bringing.QUIET", 0.05)
    with opened(home) as project:
        put(project, 2)
        until(lambda: not project.standing.pending)
        assert number_in(home) == 2


seconds = st.floats(0, 1e5)


@given(seconds, st.floats(0, 1e4), seconds, seconds, st.none() | seconds)
def test_the_pace_bounds_what_others_may_miss_and_what_copying_may_cost(
    first: float, more: float, ended: float, cost: float, failed: float | None
) -> None:
    assert Pace(None, first, ended, cost, failed).due == float("inf")
    due = Pace(first, first + more, ended, cost, failed).due
    assert due >= ended + REST * cost
    assert due >= first + min(QUIET, EVERY)
    assert failed is None or due >= failed + RETRY
    assert due <= max(first + EVERY, ended + REST * cost, -1 if failed is None else failed + RETRY)


# others


def test_what_others_changed_is_never_overwritten_and_the_work_is_beside_it(home: Path, tmp_path: Path) -> None:
    told: list[str] = []
    with opened(home) as project:
        project.on_word(told.append)
        put(project, 2)
        change_elsewhere(home, 7)
        brought(project)
        beside = project.address
        assert beside.name.startswith(f"p (copy of {marks.host()}, 20")
        assert (number_in(home), number_in(beside)) == (7, 2)
        assert told == [
            f"'p.vqw' was changed elsewhere while it was worked on here: it stays as it is there, and the work of here "
            f"is beside it, as '{beside.name}'."
        ]
        put(project, 3)
        brought(project)
        put(project, 4)
    assert (number_in(home), number_in(beside)) == (7, 4)
    assert [name for name in names(home.parent) if name.endswith(".vqw")] == [beside.name, "p.vqw"]
    assert (told[1:], copies(tmp_path)) == ([], [])


def test_a_change_that_is_met_at_the_end_is_told_in_parting(home: Path) -> None:
    project = opened(home)
    put(project, 2)
    change_elsewhere(home, 7)
    project.close()
    (beside,) = home.parent.glob("p (copy of *).vqw")
    assert beside.name in project.parting
    assert (number_in(home), number_in(beside)) == (7, 2)


def test_a_file_that_was_only_touched_or_replaced_by_its_like_is_no_conflict(home: Path) -> None:
    with opened(home) as project:
        put(project, 2)
        data = home.read_bytes()
        home.unlink()
        home.write_bytes(data)
        os.utime(home, (1, 1))
    assert number_in(home) == 2
    assert [path.name for path in home.parent.glob("*.vqw")] == ["p.vqw"]


def test_a_change_within_the_same_tick_of_a_coarse_clock_is_seen(home: Path) -> None:
    with opened(home) as project:
        put(project, 2)
        before = home.stat()
        with Project.open(home) as other:
            put(other, 7)
        assert home.stat().st_size == before.st_size
        os.utime(home, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert number_in(home) == 7
    assert len(list(home.parent.glob("p (copy of *).vqw"))) == 1


def test_a_file_that_was_taken_away_is_put_back(home: Path) -> None:
    with opened(home) as project:
        put(project, 2)
        home.unlink()
    assert number_in(home) == 2


def test_others_see_who_has_it_open_and_a_mark_without_a_sign_of_life_lapses(home: Path) -> None:
    other = replace(Holder.me(), host="elsewhere", person="ann", token="t")
    mark_path(home).write_text(json.dumps(other.__dict__))
    for way in (open_project, lambda path: open_project(path, in_place=True)):
        with pytest.raises(ProjectLocked, match=r"'p.vqw' is open on the computer 'elsewhere' \(ann, since 20"):
            way(home)
    mark_path(home).write_text(json.dumps(replace(other, alive=time.time() - 2 * marks.LAPSED).__dict__))
    with opened(home) as project:
        assert "'elsewhere'" in project.recovered
        holder = holder_of(home)
        assert holder is not None
        assert holder.host == marks.host()
    assert not mark_path(home).exists()


def test_marks_of_this_computer_hold_while_their_program_lives(home: Path) -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    other = replace(Holder.me(), person="somebody else", process=child.pid)
    mark_path(home).write_text(json.dumps(other.__dict__))
    with pytest.raises(ProjectLocked, match="somebody else"):
        open_project(home)
    child.communicate(b"\n")
    open_project(home).close()


def test_it_cannot_be_opened_twice_nor_while_someone_writes_in_place(home: Path) -> None:
    with opened(home) as project:
        with pytest.raises(ProjectLocked, match=r"'p.vqw' is already open in this program"):
            open_project(home)
        with pytest.raises(ProjectLocked):
            open_project(home, in_place=True)
        assert holder_of(home) is not None
        put(project, 2)
    with open_project(home, in_place=True) as project:
        assert project.path == home
        with pytest.raises(ProjectLocked, match=r"'p.vqw' is already open"):
            open_project(home)
        put(project, 3)
    with opened(home) as copied:
        assert copied.read(lambda r: r.get("about")).result() == {"number": 3}


# ends that come too early


def test_work_that_was_not_brought_back_is_gone_on_with_and_said_so(home: Path, tmp_path: Path) -> None:
    project = opened(home)
    put(project, 2)
    abandon(project)
    assert number_in(home) == 1
    assert "safe in a working copy" in project.parting
    with opened(home) as again:
        assert "'p.vqw' has work of an earlier sitting that was not brought back" in again.recovered
        assert again.standing.pending
        assert again.read(lambda r: r.get("about")).result() == {"number": 2}
    assert number_in(home) == 2
    assert copies(tmp_path) == []


def test_left_work_and_what_others_did_since_are_both_there(home: Path) -> None:
    project = opened(home)
    put(project, 2)
    abandon(project)
    change_elsewhere(home, 7)
    with opened(home) as again:
        assert again.read(lambda r: r.get("about")).result() == {"number": 7}
        (beside,) = home.parent.glob("p (copy of *).vqw")
        assert beside.name in again.recovered
        assert number_in(beside) == 2


def test_left_work_is_brought_back_at_the_next_start(home: Path, tmp_path: Path) -> None:
    project = opened(home)
    put(project, 2)
    abandon(project)
    assert deliver_left() == [f"'p.vqw' was brought back to '{home.parent}', with the work of an earlier sitting."]
    assert number_in(home) == 2
    assert (deliver_left(), copies(tmp_path)) == ([], [])


def test_a_project_that_is_open_is_not_taken_for_left(home: Path) -> None:
    with opened(home) as project:
        put(project, 2)
        assert deliver_left() == []
        put(project, 3)
    assert number_in(home) == 3


def test_a_folder_that_cannot_be_reached_costs_nothing(home: Path, tmp_path: Path) -> None:
    told: list[str] = []
    away = tmp_path / "away"
    with opened(home) as project:
        project.on_word(told.append)
        put(project, 2)
        home.parent.rename(away)
        brought(project)
        project.bring_back()
        put(project, 3)
        brought(project)
    assert told == [project.parting]  # once, and in parting
    assert project.parting.startswith(f"The folder '{home.parent}' cannot be reached. 'p.vqw' is safe")
    with opened(home) as project:  # and work can go on
        assert "cannot be reached; this is the working copy" in project.recovered
        assert project.read(lambda r: r.get("about")).result() == {"number": 3}
        put(project, 4)
    assert [told[0]] == deliver_left()
    away.rename(home.parent)
    with opened(home) as project:
        put(project, 5)
    assert number_in(home) == 5
    assert copies(tmp_path) == []


def test_it_is_brought_back_when_the_folder_is_there_again(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workbench.project.bringing.RETRY", 0.05)
    monkeypatch.setattr("workbench.project.bringing.QUIET", 0.0)
    with opened(home) as project:
        home.parent.rename(tmp_path / "away")
        put(project, 2)
        until(lambda: project.standing.trouble)
        (tmp_path / "away").rename(home.parent)
        until(lambda: not project.standing.pending)
        assert project.standing.trouble == ""
        assert number_in(home) == 2


def test_the_empty_folder_of_a_drive_that_is_not_mounted_is_not_taken_for_it(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drive: list[Place | None] = [Place("network", "NFS", home.parent)]
    for module in (ledger, working_copy):
        monkeypatch.setattr(module, "place_of", lambda path: drive[0])
    project = opened(home)
    put(project, 2)
    kept = home.read_bytes()
    drive[0] = None
    home.unlink()
    project.close()
    assert "cannot be reached" in project.parting
    assert not home.exists()
    home.write_bytes(kept)
    drive[0] = Place("network", "NFS", home.parent)
    opened(home).close()
    assert number_in(home) == 2


@pytest.mark.skipif(sys.platform == "win32", reason="folders for everyone")
def test_where_home_folders_are_on_the_network_copies_are_on_a_disk_of_this_computer(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("VQ_WORKBENCH_COPIES", raising=False)
    far = Place("network", "NFS", Path("/"))
    monkeypatch.setattr(ledger, "_is_ours", lambda folder: True)
    for here, found in (({"/"}, "working copies"), ({"/var"}, f"vq-workbench-{os.getuid()}"), (set(), None)):
        monkeypatch.setattr(
            ledger, "place_of", lambda path, here=here: None if any(path.is_relative_to(top) for top in here) else far
        )
        ledger._own_folder.cache_clear()
        folder = ledger.copies_folder()
        assert (folder if folder is None else folder.name) == found
    with create_project(tmp_path / "p.vqw") as project:  # and without one, in place
        assert project.path == tmp_path / "p.vqw"
    ledger._own_folder.cache_clear()


@pytest.mark.skipif(sys.platform == "win32", reason="folders for everyone")
def test_a_folder_among_those_of_others_is_taken_only_if_it_is_ours(tmp_path: Path) -> None:
    assert ledger._is_ours(tmp_path / "new")
    assert ledger._is_ours(tmp_path / "new")
    (tmp_path / "link").symlink_to(tmp_path / "new")
    (tmp_path / "file").touch()
    for trap in ("link", "file", "no/where"):
        assert not ledger._is_ours(tmp_path / trap)


def test_a_folder_that_cannot_be_written_is_told_before_any_work(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Path, *_: object, **__: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "write_text", refuse)
    with pytest.raises(ProjectError, match="check its permissions"):
        open_project(home)


def test_nothing_is_put_under_the_hands_of_who_writes_in_place(home: Path) -> None:
    project = opened(home)
    put(project, 2)
    with Project.open(home) as other:  # as a program does that knows nothing of marks
        project.close()
        assert "could not be brought back" in project.parting
        assert "'p.vqw' is already open" in project.parting
        put(other, 7)
    opened(home).close()
    (beside,) = home.parent.glob("p (copy of *).vqw")
    assert (number_in(home), number_in(beside)) == (7, 2)


def test_a_full_disk_here_is_told_as_that(home: Path, tmp_path: Path) -> None:
    class Full(Disk):
        def write(self, handle: int, data: bytes | bytearray | memoryview, offset: int) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(StorageFull, match=r"no room on this computer for a working copy of 'p.vqw'"):
        open_project(home, disk=Full())
    assert (copies(tmp_path), names(home.parent)) == ([], ["p.vqw"])
    with opened(home) as project:
        put(project, 2)
        project._copy._disk = Full()
        brought(project)
        assert "(No space left on device)" in project.standing.trouble
        project._copy._disk = Disk()
    assert number_in(home) == 2


def test_a_damaged_project_leaves_no_copy_behind(home: Path, tmp_path: Path) -> None:
    home.write_bytes(home.read_bytes()[:-4096])
    with pytest.raises(ProjectDamaged, match=r"'p.vqw' is cut short"):
        open_project(home)
    assert copies(tmp_path) == []
    assert names(home.parent) == ["p.vqw"]

"""Copies and compact files hold the same, and a copy that was stopped leaves nothing."""

from __future__ import annotations

import json
from pathlib import Path

import h5py
import numpy as np
import pytest
from project_rows import Counted, write

from workbench.errors import Cancelled
from workbench.project import (
    Project,
    ProjectError,
    ProjectLocked,
    arrays,
)


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

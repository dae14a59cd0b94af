"""Changes to a project are whole or not at all, and what is asked of it is clear."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest
from project_rows import write

from workbench.project import (
    Project,
    ProjectError,
    Transaction,
)


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

"""What the tests of merging share: a project with one of everything, and all that a project holds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from session_help import write_blobs

from workbench.data import Derivation, guess
from workbench.project import Project, Reader
from workbench.project.rewriting import walk
from workbench.session import Merged, RowMask, Run, Session

THINGS = ("datasets", "runs", "sweeps", "searches", "selections")
Held = dict[str, Any]


def make_study(folder: Path) -> None:
    """Make `study.vqw`, which has one of everything, and the file that it was made of."""
    with Session.create(folder / "study.vqw") as session:
        data = session.import_data(guess(write_blobs(folder / "blobs.csv", rows=20))).result(60)
        groups = session.add_run(data, "KMeans", {"n_clusters": 3, "random_state": 0}, name="groups")
        session.relabel(data, [3, 4], "kind 1")
        classes = session.add_run(data, "GLVQ", {"random_state": 0, "max_iter": 3}, name="classes")
        finished(groups, classes)
        session.set_threshold(classes, 0.1, "train")
        session.relabel(data, [9], "kind 2")
        finished(session.add_run(data, "GLVQ", {"random_state": 1, "max_iter": 2}, name="later"))
        session.undo()
        session.undo()
        branch = session.edit(groups, "merge", which=[0, 1])
        session.rename(branch, "two groups")
        session.add_sweep(data, "KMeans", (2, 3), {"random_state": 0}, name="how many").wait(60)
        session.add_search(data, "GLVQ", {"margin": [0.0, 0.1]}, parameters={"max_iter": 2}, folds=2).wait(60)
        session.name_subset("some", data, RowMask.of_rows([1, 5], data.n_rows))
        part = session.derive(data, Derivation(where="a > 0"), name="part").result(60)
        finished(session.add_run(part, "KMeans", {"n_clusters": 2, "random_state": 0}, name="part of it"))
        session.note(groups, "the first")
        session.note(data, "made by hand")
        finished(session.add_run(data, "LBG", {"n_clusters": 2}, name="deleted"))
        session.delete(session.run("deleted"))


def finished(*runs: Run) -> None:
    assert [run.wait(120) for run in runs] == ["finished"] * len(runs), [run.error for run in runs]


def held(project: Project, kinds: tuple[str, ...] = THINGS) -> Held:
    """Attributes and arrays of all things, by key."""

    def work(reader: Reader) -> Held:
        keys = [key for key in walk(reader) if key.partition("/")[0] in kinds and "/" in key]
        return {key: array_of(reader, key) if reader.is_array(key) else reader.get(key) for key in keys}

    return project.read(work).result()


def array_of(reader: Reader, key: str) -> tuple[Any, ...]:
    array, info = reader.load(key), reader.info(key)
    return array.dtype.str, array.shape, array.tobytes(), info.write_once, info.data_hash


def merged(session: Session, path: Path, only: list[str] | None = None) -> Merged:
    return session.merge(path, only).result(60)


def names(session: Session) -> dict[str, list[str]]:
    """What is shown, by kind."""
    kinds = (session.datasets, session.runs, session.sweeps, session.searches, session.subsets)
    shown = zip(THINGS, kinds, strict=True)
    return {kind: [thing.name for thing in things.values()] for kind, things in shown if things}


def damage(path: Path, key: str = "datasets/d_000001/X") -> None:
    """Flip a bit of an array."""
    with Project.open(path, read_only=True) as project:
        offset = project.read(lambda reader: reader.info(key)).result().offset
    data = bytearray(path.read_bytes())
    data[offset] ^= 1
    path.write_bytes(data)

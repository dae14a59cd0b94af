"""Damaged files are salvaged: what is taken over is what was written, and what is not is told."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from workbench.errors import Cancelled
from workbench.project import Project, ProjectDamaged, ProjectError, ProjectLocked, Reader, Transaction, schema
from workbench.project.records import DatasetRecord, RunRecord, SelectionRecord, SweepRecord
from workbench.project.rewriting import walk
from workbench.project.salvaging import Salvaged, salvage
from workbench.project.transaction import is_under
from workbench.reports import ReportError, write_script
from workbench.resources import sample_projects
from workbench.session import Session
from workbench.session.commands import adding_run, importing, noting
from workbench.session.log import Entry, coherent

Held = dict[str, Any]


def fill(transaction: Transaction) -> None:
    """Two datasets with a run, a sweep and a subset each; the second run has no result."""
    rng = np.random.default_rng(0)
    for name in ("one", "two"):
        X = rng.normal(size=(600, 9))
        data = schema.add_dataset(
            transaction, DatasetRecord(name, source={"plan": {}, "provenance": {}}), X, codes=np.arange(600) % 3
        )
        run = schema.add_run(transaction, RunRecord(f"run {name}", data.id, "KMeans", status="finished"))
        schema.write_history(transaction, run.id, {"iteration": np.arange(40.0), "cost": rng.random(40)})
        for number in (0, 5, 39):
            snapshot = {"iteration": number, "cost": 1.0, "array.centers": rng.random((6, 9))}
            schema.write_snapshot(transaction, run.id, number, snapshot)
        for number in (5, 39):
            schema.write_state(transaction, run.id, {"centers": rng.random((6, 9)), "n": number})
        if name == "one":
            schema.write_result(transaction, run.id, {"centers": rng.random((6, 9))})
        sweep = schema.add_study(transaction, SweepRecord(f"sweep {name}", data.id, "KMeans", counts=(2, 3)))
        schema.write_table(transaction, sweep.id, {"seconds": rng.random(2)})
        schema.add_selection(transaction, SelectionRecord(f"subset {name}", data.id), rng.random(600) < 0.5)
        made = importing(data.id, name, {}), adding_run(run.id, f"run {name}", data.id, "KMeans", {})
        for command in (*made, noting(data.id, name, "", "seen")):
            schema.append_command(transaction, Entry("do", command, "2024-01-01").to_json())


@pytest.fixture
def whole(path: Path) -> bytes:
    """The bytes of a sound file."""
    with Project.create(path) as project:
        project.transact(fill).result()
    return path.read_bytes()


@pytest.fixture
def held(whole: bytes, path: Path) -> Held:
    return contents(path)


def contents(path: Path) -> Held:
    """All that a project holds: attributes of each group, bytes of each array, by key."""

    def work(reader: Reader) -> Held:
        return {k: reader.load(k).tobytes() if reader.is_array(k) else reader.get(k) for k in walk(reader)}

    with Project.open(path, read_only=True) as project:
        assert project.verify() == []
        return project.read(work).result()


def places(path: Path) -> dict[str, tuple[int, int]]:
    """First byte and number of bytes of each array."""

    def work(reader: Reader) -> dict[str, tuple[int, int]]:
        infos = [reader.info(key) for key in walk(reader) if reader.is_array(key)]
        return {info.key: (info.offset, info.nbytes) for info in infos}

    with Project.open(path, read_only=True) as project:
        return project.read(work).result()


def saved(path: Path, data: bytes) -> tuple[Held, Salvaged]:
    """What comes of salvaging these bytes, which are not touched."""
    path.write_bytes(data)
    target = path.with_name("saved.vqw")
    found = salvage(path, target, coherent, overwrite=True)
    assert path.read_bytes() == data
    assert files(path) == {"p.vqw", "saved.vqw"}
    return contents(target), found


def files(path: Path) -> set[str]:
    """Names of the files beside `path`, but for the locks that readers leave."""
    return {other.name for other in path.parent.iterdir() if other.suffix != ".lock"}


def flipped(data: bytes, *offsets: int) -> bytes:
    changed = bytearray(data)
    for offset in offsets:
        changed[offset] ^= 1
    return bytes(changed)


@pytest.mark.parametrize(
    "offsets", [(), (30,), (4096,), (4096 + 20,), (30, 4096 + 47)], ids=["none", "user", "magic", "super", "both"]
)
def test_damage_to_the_bytes_that_open_the_file_loses_nothing(
    whole: bytes, held: Held, path: Path, offsets: tuple[int, ...]
) -> None:
    now, found = saved(path, flipped(whole, *offsets))
    assert now == held
    assert found == Salvaged(8, ())


def test_a_flipped_bit_in_any_array_costs_what_needs_it_and_nothing_else(whole: bytes, held: Held, path: Path) -> None:
    for key, (offset, nbytes) in places(path).items():
        now, found = saved(path, flipped(whole, offset + nbytes // 2))
        lost = {other for other in held if any(is_under(other, gone) for gone in needing(key))}
        assert set(held) - set(now) == lost, key
        assert all(now[other] == held[other] for other in now), key
        assert any("damaged in rows" in sentence for sentence in found.left), key


def needing(key: str) -> set[str]:
    """What cannot be used without an array, written down by hand: ids of the file that `fill` makes end alike."""
    kind, id, *rest = key.split("/")
    number, k = id[2:], int(id[2:])
    if kind == "datasets":
        logged = {f"commands/c_{3 * k - j:06d}" for j in range(3)}
        things = ("datasets/d", "runs/r", "sweeps/s", "selections/s")
        return {f"{thing}_{number}" for thing in things} | logged
    if kind != "runs":
        return {f"{kind}/{id}"}
    if rest[0] == "history":
        return {f"runs/{id}/{part}" for part in ("history", "state/a", "state/b")}
    return {f"runs/{id}/" + "/".join(rest[: 1 if rest[0] == "result" else 2])}


def test_a_run_of_which_nothing_learned_is_left_stays_behind(whole: bytes, held: Held, path: Path) -> None:
    learned = [at[0] for key, at in places(path).items() if key.startswith("runs/r_000002/snapshots/")]
    now, found = saved(path, flipped(whole, *learned))
    assert {key for key in held if is_under(key, "runs/r_000002")} <= set(held) - set(now)
    assert any(sentence.startswith("Run 'run two' was left behind") for sentence in found.left)
    assert "commands/c_000005" not in now


def test_whatever_byte_is_wrong_and_wherever_the_file_ends_nothing_false_is_taken_over(
    whole: bytes, held: Held, path: Path
) -> None:
    rng = np.random.default_rng(7)
    cut = [whole[: int(n)] for n in rng.integers(5000, len(whole), 12)]
    wrong = [flipped(whole, *map(int, rng.integers(0, len(whole), n))) for n in (1, 1, 1, 1, 4, 4, 16, 16, 64, 64)]
    kept = []
    for data in (*cut, *wrong):
        try:
            now, found = saved(path, data)
        except ProjectDamaged:
            continue
        assert all(held[key] == value for key, value in now.items())
        assert bool(found.left) == (set(now) != set(held))
        runs = [value["dataset"] for key, value in now.items() if key.startswith("runs/") and key.count("/") == 1]
        assert set(runs) <= set(now)
        kept.append(found.kept)
    assert max(kept) > 0


def test_new_ids_go_on_where_the_damaged_file_was(whole: bytes, path: Path) -> None:
    first = places(path)["datasets/d_000002/X"][0]
    saved(path, flipped(whole, first))
    with Project.open(path.with_name("saved.vqw")) as project:
        assert project.transact(lambda t: t.new_id("datasets")).result() == "datasets/d_000003"
        assert project.transact(lambda t: t.new_id("runs")).result() == "runs/r_000003"


def test_what_is_salvaged_opens_can_be_undone_and_its_script_says_what_it_does_not_tell(path: Path) -> None:
    data = sample_projects()["iris"].read_bytes()
    words = rb'"name": "Which measures matter", "dataset"|"kind": "run", "text": "run Three groups"'
    saved(path, flipped(data, *(found.start() + 1 for found in re.finditer(words, data))))
    with Session.open(path.with_name("saved.vqw")) as session:
        (run,) = session.runs.values()
        assert run.name == "Three groups"
        assert run.model().cluster_centers_.shape == (3, 4)
        with pytest.raises(ReportError, match="How run 'Three groups' was made is not in the project any more"):
            write_script(session, path.with_suffix(".py"), run)
        write_script(session, path.with_suffix(".py"))
        assert 'how "Three groups" was made' in " ".join(path.with_suffix(".py").read_text().split())
        assert session.can_undo == "import of Iris flowers"
        session.undo()
        assert not session.datasets


def test_a_salvage_says_why_it_is_refused_and_leaves_nothing_when_it_is_stopped(whole: bytes, path: Path) -> None:
    other = path.with_name("other.vqw")
    with pytest.raises(ProjectError, match="no file at"):
        salvage(other, path, coherent)
    with pytest.raises(ProjectError, match="itself"):
        salvage(path, path, coherent, overwrite=True)
    with pytest.raises(Cancelled):
        salvage(path, other, coherent, stop=lambda: True)
    assert files(path) == {"p.vqw"}
    shutil.copy(path, other)
    with pytest.raises(ProjectError, match="exists already"):
        salvage(path, other, coherent)
    with Project.open(path), pytest.raises(ProjectLocked):
        salvage(path, other, coherent, overwrite=True)
    path.write_bytes(b"a,b\n1,2\n" * 2000)
    with pytest.raises(ProjectDamaged, match="Nothing can be read"):
        salvage(path, other, coherent, overwrite=True)
    assert other.read_bytes() == whole


def test_progress_never_goes_back_and_ends_at_one(whole: bytes, path: Path) -> None:
    shares: list[float] = []
    salvage(path, path.with_name("saved.vqw"), coherent, progress=shares.append)
    assert shares == sorted(shares)
    assert shares[-1] == 1


def test_a_log_stays_coherent_whatever_entry_is_lost() -> None:
    """Against the definition: the rest is replayed, and leaves everything as shown or hidden as it is in truth."""
    made = [importing("datasets/d_1", "a", {}), adding_run("runs/r_1", "r", "datasets/d_1", "KMeans", {})]
    note = noting("runs/r_1", "r", "", "x")
    steps = [("do", made[0]), ("do", made[1]), ("do", note), ("undo", note), ("undo", made[1]), ("redo", made[1])]
    steps += [("undo", made[1])]
    entries = [Entry(action, command, "t").to_json() for action, command in steps]  # type: ignore[arg-type]
    hidden = {"datasets/d_1": False, "runs/r_1": True}
    assert coherent(entries, hidden) == [True] * 7
    for k in range(7):
        rest: list[Mapping[str, Any]] = entries[:k] + entries[k + 1 :]
        shown: dict[str, bool] = {}
        for entry, stays in zip(rest, coherent(rest, hidden), strict=True):
            command = entry["command"]
            if stays and command["attribute"] == "hidden":
                shown[command["target"]] = command["before"] if entry["action"] == "undo" else command["after"]
                if entry["action"] == "do" and command["kind"] == "run":
                    assert shown.get("datasets/d_1") is False
        assert all(hidden[id] == state for id, state in shown.items()), k


def test_verifying_can_be_stopped(path: Path) -> None:
    with Project.create(path) as project:
        project.transact(lambda t: t.write("X", np.zeros(10))).result()
        with pytest.raises(Cancelled):
            project.verify(stop=lambda: True)

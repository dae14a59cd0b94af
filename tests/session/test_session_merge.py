"""A project is merged into another one: all of it comes bit for bit, nothing comes twice, one undo takes it back."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from merging_help import THINGS, finished, held, merged, names
from session_help import bits_of, fingerprint, paused_after, until, write_blobs

from workbench.data import guess
from workbench.project import Project
from workbench.reports.retelling import story
from workbench.session import Dataset, Session, SessionError, recorder

# what comes over


def test_an_empty_project_gets_all_that_is_shown_under_its_own_ids_bit_for_bit(session: Session, study: Path) -> None:
    before = study.read_bytes()
    found = merged(session, study)
    assert (found.file, found.here, found.renamed) == ("study.vqw", (), {})
    assert study.read_bytes() == before
    assert session.project.verify() == []
    with Session.open(study, read_only=True) as other:
        assert names(session) == names(other)
        gone = other._document.everything.keys() - other._document.visible.keys()
        theirs = {key: what for key, what in held(other.project).items() if "/".join(key.split("/")[:2]) not in gone}
        assert held(session.project) == theirs
        for id, run in other.runs.items():
            mine = session.runs[id]
            assert fingerprint(mine) == fingerprint(run)
            X = run.given.every_row.read(0, run.dataset.n_rows)
            assert mine.model().predict(X).tobytes() == run.model().predict(X).tobytes()
        assert [thing.id for thing in found.things] == list(other._document.visible)


def test_what_came_is_there_after_the_project_was_opened_again(session: Session, study: Path) -> None:
    merged(session, study)
    shown, content, log = names(session), held(session.project), session.log
    session.close()
    with Session.open(session.path) as again:
        assert (names(again), held(again.project), again.log) == (shown, content, log)
        assert again.can_undo == "merge of study.vqw"


def test_one_undo_takes_all_of_it_back_and_redo_brings_it_again(session: Session, study: Path) -> None:
    told: list[str] = []
    for kind in ("dataset", "run", "sweep", "search"):
        getattr(session.events, f"{kind}_added").connect(lambda thing: told.append(f"+{thing.name}"))
        getattr(session.events, f"{kind}_removed").connect(lambda thing: told.append(f"-{thing.name}"))
    merged(session, study)
    shown = names(session)
    added = [f"+{name}" for kind in THINGS[:4] for name in shown[kind]]
    assert sorted(told) == sorted(added)
    session.undo()
    assert names(session) == {}
    assert session.can_undo is None
    assert sorted(told[len(added) :]) == sorted(name.replace("+", "-") for name in added)
    session.redo()
    assert names(session) == shown
    session.close()
    with Session.open(session.path) as again:
        assert names(again) == shown
        again.undo()
        assert names(again) == {}


def test_an_undo_stops_what_learns_of_it(session: Session, study: Path) -> None:
    merged(session, study)
    run = session.run("two groups")
    run.resume()
    run.pause()
    session.undo()
    assert run.wait(60) in ("stopped", "finished")


def test_what_came_can_be_worked_on(session: Session, study: Path) -> None:
    merged(session, study)
    run = session.run("two groups")
    run.resume()
    finished(run)
    finished(session.add_run("blobs", "KMeans", {"n_clusters": 2}, name="own"))
    assert session.branch(session.run("classes")).facts.branched_from["run"] == session.run("classes").id
    session.rename(run, "pair")
    session.delete(run)
    for _ in range(4):
        session.undo()
    assert session.can_undo == "merge of study.vqw"
    assert run.name == "two groups"


def test_a_run_that_learns_meanwhile_comes_to_the_same_end(session: Session, study: Path, tmp_path: Path) -> None:
    data = session.import_data(guess(write_blobs(tmp_path / "more.csv", seed=4)), name="more").result(60)
    run = paused_after(session, data, 2, "KMeans", {"n_clusters": 9, "random_state": 0})
    job = session.merge(study)
    run.resume()
    job.result(60)
    whole = session.add_run(data, "KMeans", {"n_clusters": 9, "random_state": 0})
    finished(run, whole)
    assert bits_of(run.model()) == bits_of(whole.model())
    assert session.run("groups").id == "runs/r_000002"


def test_a_run_that_was_interrupted_there_goes_on_here_to_the_same_end(
    session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorder, "SAVE_SECONDS", 0.0)
    path = tmp_path / "cut.vqw"
    with Session.create(tmp_path / "other.vqw") as other:
        data = other.import_data(guess(write_blobs(tmp_path / "x.csv"))).result(60)
        run = paused_after(other, data, 3, "GMLVQ", {"max_iter": 8, "random_state": 0, "n_jobs": 1}, name="cut")
        until(lambda: run.file.state() is not None)
        shutil.copy(other.path, path)  # as a stop of the machine would leave it
        run.resume()
        finished(run)
        merged(session, path)
        mine = session.run("cut")
        assert mine.status == "interrupted"
        mine.resume()
        finished(mine)
        assert bits_of(mine.model()) == bits_of(run.model())


# clashes


def test_the_same_dataset_is_not_stored_twice_and_runs_learned_from_the_labels_of_then(
    session: Session, filled: Dataset, study: Path
) -> None:
    version = filled.labels_version
    found = merged(session, study)
    assert found.here == ("blobs",)
    assert [dataset.name for dataset in session.datasets.values()] == ["blobs", "part"]
    assert filled.labels_version == version
    assert (filled.note, filled.made.n_made) == ("", 2)
    with Session.open(study, read_only=True) as other:
        for run in other.runs.values():
            mine = session.run({old: new for new, old in found.renamed.items()}.get(run.name, run.name))
            assert mine.given.labels_version == run.given.labels_version
            assert bits_of(mine.model()) == bits_of(run.model())
        assert session.run("classes").facts.correction == 1
        assert session.run("groups 2").facts.correction == 0
    assert all(run.dataset is filled for run in session.runs.values() if run.name != "part of it")
    finished(rerun := session.add_run("part", "KMeans", {"n_clusters": 2, "random_state": 0}))
    assert bits_of(rerun.model()) == bits_of(session.run("part of it").model())


def test_corrections_that_are_not_here_come_as_others_and_change_nothing(session: Session, made: Path) -> None:
    data = session.import_data(guess(made / "blobs.csv")).result(60)
    session.relabel(data, [11], "kind 2")
    session.relabel(data, [12], "kind 2")
    version = data.labels_version
    merged(session, made / "study.vqw", ["classes", "part"])
    assert (data.correction, data.labels_version, data.made.n_made) == (2, version, 3)
    correction = data.made.get(session.run("classes").facts.correction)
    assert (correction.number, correction.parent, correction.rows.tolist()) == (3, 0, [3, 4])
    session.relabel(data, [13], "kind 2")
    assert data.correction == 4
    session.close()
    with Session.open(session.path) as again:
        assert again.run("classes").given.labels_version == session.run("classes").given.labels_version


def test_names_and_ids_that_clash_are_new_everywhere(session: Session, filled: Dataset, study: Path) -> None:
    found = merged(session, study)
    assert found.renamed == {"groups 2": "groups", "some 2": "some"}
    assert len({*session.runs}) == len(session.runs) == 5
    groups, branch = session.run("groups 2"), session.run("two groups")
    assert groups.note == "the first"
    assert branch.facts.branched_from["run"] == groups.id == "runs/r_000002"
    assert session.sweep("how many").dataset is filled
    assert session.subsets[next(reversed(session.subsets))].dataset == filled.id
    told = {id: thing.name for id, thing in story(session.log).known.items()}
    assert told == {id: thing.name for id, thing in session._document.visible.items()}


def test_a_dataset_that_was_deleted_here_does_not_count_as_one_that_is_here(
    session: Session, filled: Dataset, study: Path
) -> None:
    session.delete(filled)
    found = merged(session, study, ["groups"])
    assert found.here == ()
    assert [dataset.name for dataset in session.datasets.values()] == ["blobs"]
    assert session.run("groups").dataset.id == "datasets/d_000002"


def test_other_labels_or_another_preparation_make_another_dataset(session: Session, made: Path, study: Path) -> None:
    plan = guess(made / "blobs.csv")
    session.import_data(replace(plan, recipe=replace(plan.recipe, scaling="standard"))).result(60)
    session.import_data(plan.with_roles({"class": "ignore"})).result(60)
    found = merged(session, study)
    assert found.here == ()
    assert [dataset.name for dataset in session.datasets.values()] == ["blobs", "blobs 2", "blobs 3", "part"]


def test_a_name_that_is_free_stays_though_another_one_is_moved_to_it(session: Session, tmp_path: Path) -> None:
    with Session.create(tmp_path / "other.vqw") as other:
        for seed, name in ((1, "x"), (2, "x 2")):
            other.import_data(guess(write_blobs(tmp_path / "x.csv", rows=3, seed=seed)), name=name).result(60)
    session.import_data(guess(write_blobs(tmp_path / "x.csv", rows=3, seed=3)), name="x").result(60)
    assert merged(session, tmp_path / "other.vqw").renamed == {"x 3": "x"}
    assert sorted(dataset.name for dataset in session.datasets.values()) == ["x", "x 2", "x 3"]


@pytest.mark.parametrize(
    ("own", "theirs", "given"),
    [
        (0, [1, 2, 5], [1, 2, 5]),
        (3, [1, 2], [4, 5]),
        (3, [1, 4, 9], [4, 5, 9]),
        (7, [9, 10], [9, 10]),
    ],
)
def test_ids_stay_unless_one_so_high_was_given_before(
    tmp_path: Path, own: int, theirs: list[int], given: list[int]
) -> None:
    with Project.create(tmp_path / "p.vqw") as project:
        for _ in range(own):
            project.transact(lambda t: t.new_id("runs")).result()
        keys = [f"runs/r_{number:06d}" for number in theirs]
        found = project.transact(lambda t: t.ids_for(keys)).result()
        assert found == {key: f"runs/r_{number:06d}" for key, number in zip(keys, given, strict=True)}
        assert project.transact(lambda t: t.new_id("runs")).result() == f"runs/r_{given[-1] + 1:06d}"


def test_a_second_merge_brings_only_what_is_new(session: Session, study: Path) -> None:
    merged(session, study)
    shown, log = names(session), session.log
    again = merged(session, study)
    assert (again.things, len(again.here)) == ((), 9)
    assert (names(session), session.log) == (shown, log)
    with Session.open(study) as other:
        finished(other.add_run("blobs", "KMeans", {"n_clusters": 5}, name="new"))
        other.note(other.run("classes"), "seen")
    third = merged(session, study)
    assert sorted(thing.name for thing in third.things) == ["classes 2", "new"]


# a choice


def test_what_is_chosen_comes_with_what_it_was_made_of(session: Session, study: Path) -> None:
    merged(session, study, ["two groups"])
    assert names(session) == {"datasets": ["blobs"], "runs": ["groups", "two groups"]}
    session.merge(study, "part").result(60)
    assert names(session)["datasets"] == ["blobs", "part"]
    with pytest.raises(SessionError, match=r"nothing called 'nowhere' in 'study\.vqw'; there is 'blobs', 'part'"):
        merged(session, study, ["nowhere"])


def test_what_is_offered_says_what_it_needs_and_what_is_here(session: Session, filled: Dataset, study: Path) -> None:
    offers = {offer.name: offer for offer in session.offers(study)}
    assert [offer.name for offer in offers.values() if offer.here is not None] == ["blobs"]
    assert (offers["blobs"].about, offers["some"].about) == ("60 × 4", "2 rows")
    needs = {name: {other for other in offers if offers[other].id in offer.needs} for name, offer in offers.items()}
    assert needs["two groups"] == {"groups", "blobs"}
    assert needs["part of it"] == {"part", "blobs"}
    assert needs["blobs"] == set()


def test_a_dataset_that_was_deleted_there_comes_hidden_where_another_was_made_of_it(
    session: Session, study: Path
) -> None:
    with Session.open(study) as other:
        other.delete(other.dataset("blobs"))
    merged(session, study)
    assert names(session) == {"datasets": ["part"], "runs": ["part of it"]}
    assert session.known_dataset("datasets/d_000001").hidden
    session.undo()
    assert not session.datasets

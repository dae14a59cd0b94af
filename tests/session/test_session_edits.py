"""Edits: what surgery makes of a run's model, edition by edition; undo, redo, reopening and training on."""

from __future__ import annotations

import shutil
import threading

import numpy as np
import pytest
from session_help import fingerprint, paused_after, same_bits, trained, training_data, until, with_split, write_blobs

import engines
from engines import surgery
from workbench.data import guess
from workbench.project import ProjectError, schema
from workbench.session import RowMask, Session, SessionError, branching, editing
from workbench.session import dataset as dataset_module
from workbench.session.rows import TrainingRows

KMEANS = ("KMeans", {"n_clusters": 9, "random_state": 1})
GMLVQ = ("GMLVQ", {"prototypes_per_class": 2, "max_iter": 5, "random_state": 1})
OPERATIONS = [
    (KMEANS, "merge", {"which": [1, 0]}),
    (KMEANS, "split", {"which": 1, "offset": [0.5, 0.0, -0.25, 1 / 3]}),
    (KMEANS, "delete", {"which": [0]}),
    (KMEANS, "add", {"vector": [0.1, 0.2, 0.3, 1 / 3]}),
    (KMEANS, "merge_close", {"within": 4.0}),
    (GMLVQ, "merge", {"which": [1, 0]}),
    (GMLVQ, "split", {"which": 1, "offset": [0.5, 0.0, -0.25, 1 / 3]}),
    (GMLVQ, "delete", {"which": [0]}),
    (GMLVQ, "add", {"vector": [0.1, 0.2, 0.3, 1 / 3], "label": "kind 1"}),
    (GMLVQ, "pin", {"which": [0, 2]}),
    (GMLVQ, "merge_close", {"within": 4.0}),
    (GMLVQ, "prune", {}),
]


def expected(model, operation, arguments, X, y):
    """What surgery makes of the model when it is called as a script would."""
    rows = {"X": X, "y": y} if operation == "prune" else {}
    return getattr(surgery, operation)(model, **arguments, **rows)


@pytest.fixture
def codebook(session, blobs):
    return trained(session, blobs, *KMEANS)


@pytest.fixture
def classifier(session, blobs):
    return trained(session, blobs, *GMLVQ)


@pytest.mark.parametrize(
    ("how", "operation", "arguments"), OPERATIONS, ids=lambda part: part[0] if isinstance(part, tuple) else str(part)
)
def test_an_edit_is_what_surgery_makes_of_the_model_and_the_run_stays_as_it_is(
    session, blobs, how, operation, arguments
):
    run = trained(session, blobs, *how)
    seen = fingerprint(run)
    X, y = training_data(blobs)
    model = expected(surgery.going_on(run.model()), operation, arguments, X, y)
    effect = surgery.effect(run.model(), model, X, y)
    assert session.preview(run, operation, **arguments) == effect
    assert list(session.runs.values()) == [run]
    made = session.edit(run, operation, **arguments)
    assert made is not run
    assert same_bits(made.model(), model)
    assert made.latest.iteration == 0
    assert made.latest.arrays["prototypes"].tobytes() == model.prototypes_.tobytes()
    assert made.facts.branched_from == {"run": run.id, "iteration": run.latest.iteration}
    (edition,) = made.editions
    assert (edition.number, edition.basis, edition.operation, edition.arguments) == (1, 0, operation, arguments)
    assert (edition.measure, edition.before, edition.after) == (effect.measure, effect.before, effect.after)
    assert (edition.n_before, edition.n_after) == effect.n_prototypes
    assert fingerprint(run) == seen


def test_figures_of_an_edition_are_those_of_its_model(session, tmp_path):
    dataset = session.import_data(with_split(guess(write_blobs(tmp_path / "parts.csv")), 0.6, 0, 0.4)).result(60)
    made = session.edit(trained(session, dataset, *GMLVQ), "delete", which=0)
    session.show_test_part(dataset)
    for part in ("train", "test"):
        X, y = dataset.rows(part), dataset.labels(part)
        assert made.metrics[f"accuracy_{part}"] == np.mean(made.model().predict(X.read(0, len(y))) == y)
    assert made.editions[0].after == pytest.approx(1 - made.metrics["accuracy_train"])


def test_a_split_parts_the_training_rows_in_two(session, blobs, classifier):
    X, y = training_data(blobs)
    offset = surgery.half_apart(classifier.model(), 2, X, y)
    made = session.edit(classifier, "split", which=2)
    assert made.editions[0].arguments == {"which": 2, "offset": offset.tolist()}
    assert same_bits(made.model(), surgery.split(classifier.model(), 2, offset))


@pytest.mark.parametrize("how", [KMEANS, GMLVQ], ids=lambda how: how[0])
def test_rows_that_are_too_many_for_the_memory_are_read_block_by_block(session, blobs, how, monkeypatch):
    run = trained(session, blobs, *how)
    held = session.edit(run, "split", which=1)
    session.edit(held, "add", vector=[99.0] * 4, **({"label": "kind 0"} if how is GMLVQ else {}))
    session.edit(held, "prune")
    monkeypatch.setattr(dataset_module, "HELD_BYTES", 0)
    monkeypatch.setattr(editing, "blocks", lambda n, d: [(start, min(start + 50, n)) for start in range(0, n, 50)])
    assert isinstance(blobs.training_rows("train", labelled=how is GMLVQ), TrainingRows)
    streamed = session.edit(run, "split", which=1)
    session.edit(streamed, "add", vector=[99.0] * 4, **({"label": "kind 0"} if how is GMLVQ else {}))
    session.edit(streamed, "prune")
    assert streamed.editions == held.editions
    assert same_bits(streamed.model(), held.model())


@pytest.mark.parametrize("as_mask", [False, True])
def test_rows_that_are_picked_become_a_prototype_at_their_mean_of_their_most_frequent_class(
    session, blobs, classifier, as_mask
):
    rows = [0, 5, 70, 75, 80]
    made = session.edit(classifier, "add", rows=RowMask.of_rows(rows, 180) if as_mask else rows)
    X, _ = training_data(blobs)
    assert made.editions[0].arguments == {"vector": X[rows].astype(float).mean(axis=0).tolist(), "label": "kind 1"}
    assert same_bits(made.model(), surgery.add(classifier.model(), X[rows].astype(float).mean(axis=0), "kind 1"))
    named = session.edit(classifier, "add", rows=rows, label="kind 0")
    assert named.editions[0].arguments["label"] == "kind 0"


def test_relabelling_moves_a_prototype_to_another_class(session, classifier):
    made = session.edit(classifier, "relabel", which=0, label="kind 2")
    assert same_bits(made.model(), surgery.relabel(classifier.model(), 0, "kind 2"))
    assert made.parameters["prototypes_per_class"] == [1, 2, 3]
    assert made.editions[0].sentence.startswith("gave prototype 0 to class kind 2: error rate 0 % → ")


def test_an_untrained_branch_gets_edition_after_edition_and_nothing_is_computed_on_the_way_back(
    session, codebook, monkeypatch
):
    first = session.edit(codebook, "merge", which=[3, 7])
    models, seen = [first.model()], [fingerprint(first)]
    for operation, arguments in (("split", {"which": 0}), ("delete", {"which": [1, 4]})):
        sequence = first.sequence
        assert session.edit(first, operation, **arguments) is first
        assert first.sequence > sequence
        models.append(first.model())
        seen.append(fingerprint(first))
    assert [edition.number for edition in first.editions] == [1, 2, 3]
    assert [edition.basis for edition in first.editions] == [0, 1, 2]
    assert len(session.runs) == 2

    def computed(*_args, **_more):
        raise AssertionError("computed")

    monkeypatch.setattr(editing, "carry_out", computed)
    monkeypatch.setattr(branching, "start", computed)
    told = []
    session.events.run_changed.connect(lambda run: told.append(run.edition))
    assert session.can_undo == "deletion of prototypes 1 and 4"
    for number in (2, 1):
        sequence = first.sequence
        session.undo()
        assert (first.edition, first.sequence > sequence) == (number, True)
        assert fingerprint(first) == seen[number - 1]
        assert same_bits(first.model(), models[number - 1])
    session.undo()
    assert list(session.runs.values()) == [codebook]
    for number in (1, 2, 3):
        session.redo()
        assert (first.edition, fingerprint(first)) == (number, seen[number - 1])
    assert told == [2, 1, 2, 3]


def test_an_edit_after_an_undo_leaves_the_edition_that_was_undone_where_it_is(session, codebook):
    made = session.edit(codebook, "merge", which=[0, 1])
    session.edit(made, "delete", which=0)
    session.undo()
    session.edit(made, "delete", which=1)
    assert [(edition.number, edition.basis) for edition in made.editions] == [(1, 0), (2, 1), (3, 1)]
    assert (made.edition, session.can_redo) == (3, None)
    session.undo()
    assert made.edition == 1


def test_a_branch_that_was_made_as_one_is_edited_too_and_comes_back_by_undo(session, codebook):
    branch = session.branch(codebook)
    seen = fingerprint(branch)
    assert session.edit(branch, "delete", which=0) is branch
    assert branch.edition == 1
    session.undo()
    assert session.runs[branch.id] is branch
    assert fingerprint(branch) == seen


def test_editions_survive_reopening_and_so_does_the_way_back(tmp_path, blobs_csv):
    path = tmp_path / "p.vqw"
    with Session.create(path) as session:
        blobs = session.import_data(guess(blobs_csv)).result(60)
        made = session.edit(trained(session, blobs, *KMEANS), "merge", which=[3, 7])
        name, seen = made.name, [fingerprint(made)]
        session.edit(made, "split", which=0)
        seen.append(fingerprint(made))
        editions = made.editions
    with Session.open(path) as session:
        found = session.run(name)
        assert (found.edition, found.editions) == (2, editions)
        assert fingerprint(found) == seen[1]
        session.undo()
        assert fingerprint(found) == seen[0]
    with Session.open(path) as session:
        found = session.run(name)
        assert (found.edition, fingerprint(found)) == (1, seen[0])
        session.redo()
        assert fingerprint(found) == seen[1]
        X, y = training_data(found.dataset)
        model = found.model()
        found.resume()
        assert found.wait(300) == "finished", found.error
        assert same_bits(found.model(), model.fit(X, y))
        assert session.project.verify() == []


@pytest.mark.parametrize("how", [KMEANS, GMLVQ], ids=lambda how: how[0])
def test_resuming_trains_from_exactly_the_edition(session, blobs, how):
    run = trained(session, blobs, *how)
    X, y = training_data(blobs)
    made = session.edit(run, "merge", which=[0, 1])
    session.edit(made, "split", which=2)
    model = surgery.merge(run.model(), [0, 1])
    model = surgery.split(model, 2, surgery.half_apart(model, 2, X, y))
    made.resume()
    assert made.wait(300) == "finished", made.error
    snapshots = list(surgery.going_on(model).train(X, y))
    assert made.snapshots()[0].iteration == 0
    assert made.snapshots()[0].arrays["prototypes"].tobytes() == snapshots[0].arrays["prototypes"].tobytes()
    assert made.snapshots()[0].arrays["prototypes"].tobytes() == model.prototypes_.tobytes()
    assert same_bits(made.model(), model.fit(X, y))
    assert made.history["cost"].tolist() == [snapshot.cost for snapshot in snapshots]


def test_pinned_prototypes_do_not_move_until_they_are_unpinned(session, blobs, classifier):
    pinned = session.edit(classifier, "add", vector=[9.0, 9.0, 9.0, 9.0], label="kind 0")
    session.edit(pinned, "pin", which=[1, 2])
    assert pinned.parameters["pinned"] == [1, 2]
    before = pinned.latest.arrays["prototypes"]
    pinned.resume()
    assert pinned.wait(300) == "finished", pinned.error
    after = pinned.model().prototypes_
    assert after[[1, 2]].tobytes() == before[[1, 2]].tobytes()
    moved = np.setdiff1d(np.arange(len(after)), [1, 2])
    assert not np.any(np.all(after[moved] == before[moved], axis=1))
    freed = session.edit(pinned, "unpin", which=2)
    assert freed is not pinned
    assert freed.parameters["pinned"] == [1]
    assert pinned.parameters["pinned"] == [1, 2]


def test_an_edition_that_was_trained_keeps_its_training_through_undo_and_redo(tmp_path, blobs_csv):
    path = tmp_path / "p.vqw"
    with Session.create(path) as session:
        blobs = session.import_data(guess(blobs_csv)).result(60)
        made = session.edit(trained(session, blobs, *KMEANS), "merge", which=[3, 7])
        untrained = fingerprint(made)
        session.edit(made, "split", which=0)
        made.resume()
        assert made.wait(300) == "finished"
        learned = fingerprint(made)
        session.undo()
        assert (made.status, fingerprint(made)) == ("stopped", untrained)
        made.resume()
        assert made.wait(300) == "finished"
        other = fingerprint(made)
        session.redo()
        assert fingerprint(made) == learned
        name = made.name
    with Session.open(path) as session:
        found = session.run(name)
        assert fingerprint(found) == learned
        session.undo()
        assert fingerprint(found) == other
        assert session.project.verify() == []


def test_a_trained_branch_is_edited_as_a_branch_of_its_own(session, codebook):
    made = session.edit(codebook, "merge", which=[3, 7])
    made.resume()
    assert made.wait(300) == "finished"
    seen = fingerprint(made)
    other = session.edit(made, "delete", which=0)
    assert other is not made
    assert other.facts.branched_from == {"run": made.id, "iteration": made.latest.iteration}
    assert fingerprint(made) == seen
    assert len({run.name for run in session.runs.values()}) == 3


def test_the_log_alone_gives_a_script_the_same_model(session, blobs, classifier):
    made = session.edit(classifier, "merge", which=[0, 1])
    session.edit(made, "split", which=1)
    session.edit(made, "delete", which=3)
    session.undo()
    session.edit(made, "add", rows=[3, 4, 5])
    session.edit(made, "pin", which=[2])
    X, y = training_data(blobs)
    model = surgery.going_on(engines.GMLVQ(**GMLVQ[1]).fit(X, y))
    entries = [entry.command for entry in session.log if entry.command.kind == "edit" and entry.action == "do"]
    first = entries[0]
    assert (first.target, first.details["run"]) == (made.id, classifier.id)
    assert first.details["branch"] == {
        "name": made.name,
        "run": classifier.id,
        "iteration": classifier.latest.iteration,
        "engine": "GMLVQ",
        "parameters": first.details["branch"]["parameters"],
    }
    assert [command.details["branch"] for command in entries[1:]] == [None] * 4
    assert [command.details["edition"] for command in entries] == [1, 2, 3, 4, 5]
    for command in (*entries[:2], *entries[3:]):  # the deletion was undone
        model = getattr(surgery, command.details["operation"])(model, **command.details["arguments"])
    assert same_bits(made.model(), model)


@pytest.mark.parametrize(
    ("operation", "arguments", "words"),
    [
        ("explode", {}, "There is no operation called 'explode'; there are merge, split, "),
        ("merge", {}, "'merge' needs 'which'"),
        ("merge", {"which": [0, 1], "X": 3}, "'merge' takes no 'X'; it takes which"),
        ("prune", {"X": 3}, "'prune' takes no 'X'; it takes nothing"),
        ("merge", {"which": [0, 2]}, "are of several classes"),
        ("merge", {"which": [0, 99]}, "There are prototypes 0 to 5"),
        ("delete", {"which": [0, 1]}, "Class 'kind 0' would be left without a prototype"),
        ("add", {"label": "kind 0"}, "needs either a vector, or rows"),
        ("add", {"vector": [1.0] * 4, "rows": [1], "label": "kind 0"}, "needs either a vector, or rows"),
        ("add", {"vector": [1.0] * 4, "label": "kind 7"}, "but not 'kind 7'"),
        ("add", {"vector": [1.0] * 3, "label": "kind 0"}, "vector must be 4 finite numbers"),
        ("add", {"rows": []}, "No rows are named"),
        ("add", {"rows": [180]}, "There is no row 180"),
        ("add", {"rows": RowMask.none(9)}, "The rows are of 9, but dataset 'blobs' has 180"),
        ("split", {"which": [0, 1]}, "One prototype is split at a time"),
        ("merge_close", {"within": 0.0}, "No two prototypes of one class are within 0"),
        ("merge_close", {"within": -1.0}, "must not be negative"),
        ("merge_close", {"within": "near"}, "could not convert"),
        ("relabel", {"which": 0, "label": "kind 9"}, "but not 'kind 9'"),
    ],
)
def test_what_surgery_does_not_allow_is_said_in_one_sentence_and_changes_nothing(
    session, classifier, operation, arguments, words
):
    n = len(session.log)
    for act in (session.edit, session.preview):
        with pytest.raises(SessionError, match=words):
            act(classifier, operation, **arguments)
    assert (len(session.log), list(session.runs.values())) == (n, [classifier])


def test_engines_that_allow_no_surgery_say_so(session, blobs, codebook):
    run = trained(session, blobs, "GaussianMixture", {"n_components": 2, "max_iter": 3})
    with pytest.raises(SessionError, match="GaussianMixture cannot be operated on"):
        session.edit(run, "delete", which=0)
    with pytest.raises(SessionError, match="KMeans cannot leave single prototypes where they are"):
        session.edit(codebook, "pin", which=0)


def test_a_run_is_edited_only_at_rest(session, blobs):
    run = paused_after(session, blobs, 2, *GMLVQ)
    for act in (session.edit, session.preview):
        with pytest.raises(SessionError, match="is paused: stop it first, then edit it"):
            act(run, "delete", which=0)
    waiting = session.add_run(blobs, *GMLVQ)
    with pytest.raises(SessionError, match="is queued: stop it first"):
        session.edit(waiting, "delete", which=0)
    waiting.stop()
    with pytest.raises(SessionError, match="has nothing recorded yet"):
        session.edit(waiting, "delete", which=0)
    run.stop()
    run.wait(60)
    made = session.edit(run, "delete", which=0)
    assert made.facts.branched_from == {"run": run.id, "iteration": 1}


def test_an_edit_is_not_undone_while_its_edition_trains(session, blobs, codebook):
    blocking = paused_after(session, blobs, 1, *GMLVQ)
    made = session.edit(codebook, "merge", which=[3, 7])
    session.edit(made, "delete", which=0)
    made.resume()
    n = len(session.log)
    with pytest.raises(SessionError, match="is queued: stop it first, then undo its edit"):
        session.undo()
    assert (made.edition, len(session.log)) == (2, n)
    made.stop()
    made.wait(60)
    session.undo()
    assert made.edition == 1
    blocking.stop()


def test_a_run_that_changes_while_an_edit_is_computed_is_not_edited(session, codebook, monkeypatch):
    made = session.edit(codebook, "merge", which=[3, 7])
    session.edit(made, "delete", which=0)
    start = branching.start

    def meanwhile(run, model):
        session.undo()
        return start(run, model)

    monkeypatch.setattr(branching, "start", meanwhile)
    with pytest.raises(SessionError, match="has changed in the meantime"):
        session.edit(made, "delete", which=1)
    assert (made.edition, len(made.editions)) == (1, 2)


def test_edits_from_many_threads_are_done_or_refused_one_by_one(tmp_path, blobs_csv):
    path, errors = tmp_path / "busy.vqw", []
    with Session.create(path) as session:
        blobs = session.import_data(guess(blobs_csv)).result(60)
        made = session.branch(trained(session, blobs, *KMEANS))

        def work(number):
            for _ in range(4):
                try:
                    session.edit(made, "add", vector=[float(number)] * 4)
                except SessionError as error:
                    errors.append(str(error))

        threads = [threading.Thread(target=work, args=(number,)) for number in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(120)
        n = len(made.editions)
        assert n + len(errors) == 12
        assert n >= 1
        assert all("has changed in the meantime" in error for error in errors)
        assert [edition.basis for edition in made.editions] == list(range(n))
        assert len(made.model().prototypes_) == 9 + n
        seen = fingerprint(made)
        name = made.name
    with Session.open(path) as session:
        assert fingerprint(session.run(name)) == seen
        assert session.project.verify() == []


def test_deleted_and_read_only_things_are_not_edited_but_what_is_read_only_can_be_tried(tmp_path, blobs_csv):
    path = tmp_path / "p.vqw"
    with Session.create(path) as session:
        blobs = session.import_data(guess(blobs_csv)).result(60)
        made = session.edit(trained(session, blobs, *KMEANS), "merge", which=[3, 7])
        effect = session.preview(made, "delete", which=0)
        session.delete(blobs)
        with pytest.raises(SessionError, match="or its dataset was deleted"):
            session.edit(made, "delete", which=0)
        session.undo()
        session.delete(made)
        with pytest.raises(SessionError, match="or its dataset was deleted"):
            session.edit(made, "delete", which=0)
        session.undo()
        name, seen = made.name, fingerprint(made)
    with Session.open(path, read_only=True) as session:
        found = session.run(name)
        with pytest.raises(SessionError, match="for reading only"):
            session.edit(found, "delete", which=0)
        assert session.preview(found, "delete", which=0) == effect
        assert fingerprint(found) == seen


def test_a_commit_that_fails_leaves_the_edition_before_in_force(tmp_path, blobs_csv, monkeypatch):
    path = tmp_path / "p.vqw"

    def failing(transaction, command):
        raise ProjectError("The disk is gone.")

    with Session.create(path) as session:
        blobs = session.import_data(guess(blobs_csv)).result(60)
        made = session.edit(trained(session, blobs, *KMEANS), "merge", which=[3, 7])
        session.edit(made, "delete", which=0)
        name, seen, n = made.name, fingerprint(made), len(session.log)
        with monkeypatch.context() as patch:
            patch.setattr(schema, "append_command", failing)
            for act in (session.undo, lambda: session.edit(made, "delete", which=0)):
                with pytest.raises(ProjectError, match="The disk is gone"):
                    act()
        assert (fingerprint(made), len(made.editions), len(session.log)) == (seen, 2, n)
        session.edit(made, "delete", which=1)
        session.undo()
    with Session.open(path) as session:
        assert fingerprint(session.run(name)) == seen
        assert session.project.verify() == []


def test_stability_is_of_the_edition_in_force(session, classifier):
    made = session.edit(classifier, "delete", which=0)
    session.measure_stability(made, n_refits=2).result(300)
    until(lambda: made.at_rest)
    measured = made.stability
    assert measured is not None
    session.edit(made, "delete", which=2)
    assert made.stability is None
    session.undo()
    assert made.stability is not None
    np.testing.assert_array_equal(made.stability.stability.relevance_draws, measured.stability.relevance_draws)


def test_an_edition_that_was_killed_while_it_trained_goes_on_from_the_last_state(tmp_path, blobs_csv):
    path, left = tmp_path / "p.vqw", tmp_path / "left.vqw"
    with Session.create(path) as session:
        blobs = session.import_data(guess(blobs_csv)).result(60)
        made = session.edit(trained(session, blobs, *GMLVQ), "split", which=1)
        model, name = made.model(), made.name
        X, y = training_data(blobs)
        blocking = paused_after(session, blobs, 1, *GMLVQ)
        made.resume()
        made.pause()  # while it waits its turn
        blocking.stop()
        for _ in range(3):
            made.step()
        until(lambda: made.snapshots()[-1].iteration == 2)
        until(lambda: made.status == "paused")
        shutil.copy(path, left)  # as a program leaves it that ends here
    with Session.open(left) as session:
        found = session.run(name)
        assert (found.status, found.edition, found.latest.iteration) == ("interrupted", 1, 2)
        assert found.model().prototypes_.tobytes() == found.latest.arrays["prototypes"].tobytes()
        assert found.model().prototypes_.tobytes() != model.prototypes_.tobytes()
        found.resume()
        assert found.wait(300) == "finished", found.error
        assert same_bits(found.model(), model.fit(X, y))
        np.testing.assert_array_equal(found.history["cost"], model.history_["cost"])


def test_units_of_a_map_are_edited_as_prototypes_of_kmeans_and_the_map_stays(session, blobs):
    run = trained(session, blobs, "SOM", {"shape": [3, 4], "max_iter": 5, "random_state": 1})
    before = fingerprint(run)
    X, _ = training_data(blobs)
    units = run.model().prototypes_
    effect = session.preview(run, "merge", which=[2, 7])
    branch = session.edit(run, "merge", which=[2, 7])
    assert (run.engine.name, branch.engine.name) == ("SOM", "KMeans")
    assert fingerprint(run) == before
    nearest = ((X[:, None] - units) ** 2).sum(axis=2)
    assert effect.before == pytest.approx(nearest.min(axis=1).mean())
    assert (effect.n_prototypes, len(branch.model().prototypes_)) == ((12, 11), 11)
    counts = np.bincount(nearest.argmin(axis=1), minlength=12)
    assert branch.model().prototypes_[2] == pytest.approx(np.average(units[[2, 7]], axis=0, weights=counts[[2, 7]]))
    assert branch.facts.branched_from["run"] == run.id
    branch.resume()
    branch.wait(60)
    again = engines.KMeans(11, init=surgery.merge(surgery.going_on(run.model()), [2, 7]).prototypes_).fit(X)
    assert branch.model().prototypes_ == pytest.approx(again.prototypes_)
    session.undo()
    assert branch.id not in session.runs

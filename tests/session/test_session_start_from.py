"""Runs that start from a file: every form of codebook and model back again, what goes on, what is kept and refused."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from session_help import bits_of, fingerprint, paused_after, same_bits, trained, training_data, write_blobs
from sklearn.base import clone

import engines
from engines import surgery
from workbench.data import DataError, Plan, guess
from workbench.reports import export
from workbench.session import Run, Session, SessionError, fitting_given, look_into

FORMS = ("csv", "json", "npz", "h5", "parquet", "xlsx")
LEARNED = {
    "KMeans": {"n_clusters": 6, "max_iter": 3},
    "GMLVQ": {"prototypes_per_class": 2, "max_iter": 3},
    "LGMLVQ": {"prototypes_per_class": 2, "max_iter": 2},
    "GRLVQ": {"max_iter": 2},
    "SOM": {"shape": [3, 4], "max_iter": 2},
    "GaussianMixture": {"n_components": 3, "covariance_type": "diag", "max_iter": 2},
}


def scaled(path: Path, scaling: str = "standard") -> Plan:
    plan = guess(path)
    return replace(plan, recipe=replace(plan.recipe, scaling=scaling))


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with codebooks in every form, models, and the project they come from."""
    folder = tmp_path_factory.mktemp("shelf")
    with Session.create(folder / "p.vqw") as session:
        data = session.import_data(scaled(write_blobs(folder / "blobs.csv")), name="blobs").result(60)
        for engine, parameters in LEARNED.items():
            run = trained(session, data, engine, parameters | {"random_state": 1})
            for form in (*FORMS, "safetensors"):
                kind = "model" if form == "safetensors" else "codebook"
                export(kind, session, run, folder / f"{engine}.{form}")
    return folder


@pytest.fixture
def opened(shelf: Path, tmp_path: Path):
    """A copy of that project."""
    shutil.copy(shelf / "p.vqw", tmp_path / "p.vqw")
    with Session.open(tmp_path / "p.vqw") as session:
        yield session


def original(session: Session, engine: str) -> Run:
    return next(run for run in session.runs.values() if run.engine.name == engine)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("engine", ["KMeans", "GMLVQ", "SOM"])
def test_a_codebook_in_any_form_gives_the_predictions_that_it_came_from(opened, shelf, engine, form):
    run, blobs = original(opened, engine), opened.dataset("blobs")
    made = opened.start_from(shelf / f"{engine}.{form}", blobs, engine)
    rows, _ = training_data(blobs)
    ours, theirs = made.model(), run.model()
    assert (made.status, made.resumable, made.untrained, made.latest.iteration) == ("stopped", True, True, 0)
    np.testing.assert_allclose(ours.prototypes_, theirs.prototypes_, rtol=1e-12, atol=1e-12)
    if engine != "GMLVQ" or form in ("json", "npz", "h5"):  # a table cannot hold the metric
        np.testing.assert_array_equal(ours.predict(rows), theirs.predict(rows))
    if form in ("json", "npz", "h5"):
        assert ours.prototypes_.tobytes() == theirs.prototypes_.tobytes()
    if engine == "GMLVQ":
        np.testing.assert_array_equal(ours.prototype_labels_, theirs.prototype_labels_)
    if engine == "SOM":
        assert made.parameters["shape"] == [3, 4]


@pytest.mark.parametrize("engine", ["LGMLVQ", "GRLVQ", "GaussianMixture"])
def test_what_was_learned_beside_the_prototypes_comes_along(opened, shelf, engine):
    run, blobs = original(opened, engine), opened.dataset("blobs")
    made = opened.start_from(shelf / f"{engine}.npz", blobs, engine)
    rows, _ = training_data(blobs)
    ours, theirs = made.model(), run.model()
    np.testing.assert_allclose(ours.transform(rows), theirs.transform(rows), rtol=1e-9, atol=1e-12)
    np.testing.assert_array_equal(ours.predict(rows), theirs.predict(rows))
    if engine == "GaussianMixture":
        np.testing.assert_allclose(ours.predict_proba(rows), theirs.predict_proba(rows), rtol=1e-9, atol=1e-12)
    where_a_metric_starts = {"LGMLVQ": "omega_init", "GRLVQ": "relevances_init", "GaussianMixture": "weights_init"}
    assert not {"init", where_a_metric_starts[engine]} & made.parameters.keys()


@pytest.mark.parametrize("engine", sorted(LEARNED))
def test_a_model_gives_the_predictions_that_it_came_from(opened, shelf, engine):
    run, blobs = original(opened, engine), opened.dataset("blobs")
    made = opened.start_from(shelf / f"{engine}.safetensors", blobs)
    rows, _ = training_data(blobs)
    np.testing.assert_array_equal(made.model().predict(rows), run.model().predict(rows))
    assert made.engine is run.engine
    assert made.name == f"{run.name} 2" if run.name in opened.runs else made.name
    kept = engine == "SOM"
    assert made.status == ("finished" if kept else "stopped")
    assert made.facts.branched_from["how"] == ("kept" if kept else "anew")


def test_training_begins_anew_from_a_model_as_surgery_goes_on(opened, shelf):
    blobs = opened.dataset("blobs")
    X, y = training_data(blobs)
    for engine in ("GMLVQ", "KMeans"):
        made = opened.start_from(shelf / f"{engine}.safetensors", blobs)
        model = surgery.going_on(engines.load(shelf / f"{engine}.safetensors"))
        assert same_bits(made.model(), model)
        made.resume()
        assert made.wait(60) == "finished", made.error
        assert same_bits(made.model(), model.fit(X, y))


@pytest.mark.parametrize(
    ("engine", "parameters"),
    [
        ("KMeans", {"n_clusters": 9}),
        ("GMLVQ", {"prototypes_per_class": 2, "max_iter": 6, "tol": 0.0}),
        ("SOM", {"shape": [3, 3], "max_iter": 6, "tol": 0.0}),
        ("LBG", {"n_clusters": 4}),
        ("DCN", {"n_clusters": 3, "hidden": [4], "n_latent": 2, "pretrain_iter": 2, "max_iter": 3}),
    ],
)
def test_a_model_that_was_stopped_goes_on_in_another_project_as_if_it_had_not_been(
    opened, tmp_path, engine, parameters
):
    blobs, values = opened.dataset("blobs"), parameters | ({} if engine == "LBG" else {"random_state": 1})
    whole = trained(opened, blobs, engine, values)
    run = paused_after(opened, blobs, 3, engine, values)
    run.stop()
    run.wait(60)
    (path,) = export("model", opened, run, tmp_path / "m.safetensors")
    with Session.create(tmp_path / "other.vqw") as other:
        there = other.import_data(scaled(Path(blobs.plan["paths"][0]))).result(60)
        made = other.start_from(path, there)
        assert made.facts.branched_from["how"] == "resumed"
        assert (made.status, made.latest.iteration) == ("stopped", 2)
        assert same_bits(made.model(), run.model())
        np.testing.assert_array_equal(made.history["cost"], run.history["cost"])
    with Session.open(tmp_path / "other.vqw") as other:
        (made,) = other.runs.values()
        made.resume()
        assert made.wait(60) == "finished", made.error
        assert same_bits(made.model(), whole.model())
        np.testing.assert_array_equal(made.history["cost"], whole.history["cost"])


def test_a_stopped_model_begins_anew_on_other_labels_and_with_other_parameters(opened, tmp_path):
    blobs = opened.dataset("blobs")
    run = paused_after(opened, blobs, 3, "GMLVQ", {"max_iter": 9, "random_state": 1})
    run.stop()
    run.wait(60)
    (path,) = export("model", opened, run, tmp_path / "m.safetensors")
    assert opened.plan_start(path, blobs).how == "resumed"
    further = opened.start_from(path, blobs, parameters={"max_iter": 20})
    assert (further.facts.branched_from["how"], further.parameters["max_iter"]) == ("anew", 20)
    further.resume()
    assert further.wait(60) == "finished"
    assert further.latest.n_iterations == 20
    opened.relabel(blobs, [0], "kind 2")
    assert opened.plan_start(path, blobs).how == "anew"


def test_a_model_comes_over_to_rows_that_are_scaled_otherwise_with_its_metric(opened, shelf, tmp_path):
    lines = (shelf / "blobs.csv").read_text().splitlines()
    (tmp_path / "turned.csv").write_text("\n".join(",".join(line.split(",")[::-1]) for line in lines))
    plan = scaled(tmp_path / "turned.csv", "minmax")
    other = opened.import_data(plan, name="other").result(60)
    blobs = opened.dataset("blobs")
    for engine in ("GMLVQ", "LGMLVQ", "GRLVQ"):
        made = opened.start_from(shelf / f"{engine}.safetensors", other)
        before, after = (training_data(data)[0] for data in (blobs, other))
        theirs = original(opened, engine).model().transform(before)
        ours = made.model().transform(after)
        ratio = ours / theirs  # all distances change by one factor, as the trace of the metric is 1
        np.testing.assert_allclose(ratio, np.broadcast_to(ratio.mean(axis=0), ratio.shape), rtol=1e-6)
        assert made.facts.branched_from["units"] == "original"


def test_the_units_that_a_file_does_not_tell_are_chosen(opened, tmp_path):
    blobs = opened.dataset("blobs")
    W = np.array([[0.5, 0.0, 0.0, 0.0], [-0.5, 0.0, 1.0, 0.0]])
    np.save(tmp_path / "w.npy", W)
    seen = opened.start_from(tmp_path / "w.npy", blobs, "KMeans", units="training")
    np.testing.assert_array_equal(seen.model().prototypes_, W)
    for units in (None, "original"):
        raw = opened.start_from(tmp_path / "w.npy", blobs, "KMeans", units=units)
        np.testing.assert_array_equal(raw.model().prototypes_, blobs.recipe.transform(W))
        assert "in the units of the data" in raw.remarks[0]


@pytest.mark.parametrize("whitening", ["pca", "zca"])
def test_codebooks_come_back_through_every_step_of_a_recipe(session, tmp_path, whitening):
    plan = guess(write_blobs(tmp_path / "b.csv"))
    recipe = replace(plan.recipe, scaling="symmetric", contrast=True, whitening=whitening)
    data = session.import_data(replace(plan, recipe=recipe)).result(60)
    run = trained(session, data, "KMeans", {"n_clusters": 4, "max_iter": 3, "random_state": 0})
    for form in ("csv", "npz"):
        (path,) = export("codebook", session, run, tmp_path / f"w.{form}")
        made = session.start_from(path, data, "KMeans")
        np.testing.assert_allclose(made.model().prototypes_, run.model().prototypes_, rtol=1e-9, atol=1e-9)


def test_classes_are_put_in_order_and_the_metrics_of_prototypes_with_them(opened, shelf, tmp_path):
    blobs = opened.dataset("blobs")
    text = "a,b,c,d,kind\n1,2,3,4,kind 2\n5,6,7,8,kind 0\n9,10,11,12,kind 1\n13,14,15,16,kind 0\n"
    (tmp_path / "w.csv").write_text(text)
    made = opened.start_from(tmp_path / "w.csv", blobs, "GLVQ")
    assert made.model().prototype_labels_.tolist() == ["kind 0", "kind 0", "kind 1", "kind 2"]
    assert made.parameters["prototypes_per_class"] == [2, 1, 1]
    raw = blobs.recipe.inverse(made.model().prototypes_)
    np.testing.assert_allclose(raw[:, 0], [5, 13, 9, 1])


def test_matrices_of_single_prototypes_go_with_them(opened, tmp_path):
    blobs = opened.dataset("blobs")
    local = {"prototypes_per_class": 2, "localization": "prototype", "max_iter": 2, "random_state": 0}
    run = trained(opened, blobs, "LGMLVQ", local)
    (path,) = export("codebook", opened, run, tmp_path / "w.json")
    made = opened.start_from(path, blobs, "LGMLVQ")
    assert made.parameters["localization"] == "prototype"
    rows, _ = training_data(blobs)
    np.testing.assert_allclose(made.model().transform(rows), run.model().transform(rows), rtol=1e-12)


def test_a_start_stays_in_the_project_and_its_training_ends_the_same(opened, shelf, tmp_path):
    blobs = opened.dataset("blobs")
    path = shutil.copy(shelf / "GMLVQ.npz", tmp_path / "w.npz")
    made = opened.start_from(path, blobs, "GMLVQ", {"max_iter": 4, "random_state": 3}, name="again")
    seen, arguments = fingerprint(made), made.arguments
    Path(path).unlink()
    opened.close()
    with Session.open(tmp_path / "p.vqw") as again:
        found = again.run("again")
        assert fingerprint(found) == seen
        assert found.facts.branched_from == made.facts.branched_from
        for name, value in found.arguments.items():
            np.testing.assert_array_equal(value, arguments[name])
        found.resume()
        assert found.wait(60) == "finished", found.error
        X, y = training_data(again.dataset("blobs"))
        assert same_bits(found.model(), engines.GMLVQ(**arguments).fit(X, y))
        assert again.project.verify() == []


def test_a_start_is_one_command_that_is_undone_and_done_again(opened, shelf):
    n, runs = len(opened.log), list(opened.runs)
    made = opened.start_from(shelf / "KMeans.csv", "blobs", "KMeans")
    assert (len(opened.log), opened.can_undo) == (n + 1, "run KMeans from KMeans")
    details = opened.log[-1].command.details
    assert details["start"] == made.facts.branched_from
    assert details["start"]["file"] == str(shelf / "KMeans.csv")
    assert details["start"]["blake2b"] == look_into(shelf / "KMeans.csv").blake2b
    opened.undo()
    assert list(opened.runs) == runs
    opened.redo()
    assert opened.runs[made.id] is made


def test_a_run_from_a_file_is_branched_and_edited_like_others(opened, shelf):
    made = opened.start_from(shelf / "GMLVQ.safetensors", "blobs")
    assert opened.edit(made, "split", which=0) is made
    assert len(made.model().prototypes_) == 7
    opened.undo()
    assert len(made.model().prototypes_) == 6
    assert len(opened.branch(made).model().prototypes_) == 6


def test_what_cannot_go_on_is_kept_and_says_so(opened, shelf, tmp_path):
    made = opened.start_from(shelf / "SOM.safetensors", "blobs")
    assert made.remarks[0] == (
        "What SOM.safetensors holds is kept as it is; with another parameter, SOM would learn on from its units."
    )
    np.testing.assert_array_equal(made.history["cost"], original(opened, "SOM").history["cost"])
    with pytest.raises(SessionError, match=r"holds a model that was loaded, and SOM cannot start from a given model"):
        made.resume()
    onward = opened.start_from(shelf / "SOM.safetensors", "blobs", parameters={"max_iter": 9})
    assert (onward.status, onward.parameters["max_iter"], onward.parameters["shape"]) == ("stopped", 9, [3, 4])
    np.testing.assert_array_equal(onward.model().prototypes_, original(opened, "SOM").model().prototypes_)
    books = engines.ProductQuantizer(2, 2, random_state=0).fit(training_data(opened.dataset("blobs"))[0])
    engines.save(books, tmp_path / "pq.safetensors")
    with pytest.raises(SessionError, match=r"its parameters stay as they are in pq.safetensors: leave max_iter out"):
        opened.start_from(tmp_path / "pq.safetensors", "blobs", parameters={"max_iter": 9})
    with pytest.raises(SessionError, match=r"The ProductQuantizer in pq.safetensors has no prototypes to start KMeans"):
        opened.start_from(tmp_path / "pq.safetensors", "blobs", "KMeans")
    other = opened.start_from(shelf / "SOM.safetensors", "blobs", "KMeans")
    np.testing.assert_array_equal(other.model().prototypes_, original(opened, "SOM").model().prototypes_)


def test_the_threshold_of_a_model_comes_along(opened, tmp_path):
    run = original(opened, "GMLVQ")
    opened.set_threshold(run, 0.25, "train")
    (path,) = export("model", opened, run, tmp_path / "m.safetensors")
    made = opened.start_from(path, "blobs")
    assert (made.threshold.value, made.threshold.part) == (0.25, "train")


def test_a_model_without_a_recipe_takes_the_rows_as_the_engine_sees_them(opened, tmp_path):
    blobs, model = opened.dataset("blobs"), original(opened, "GMLVQ").model()
    engines.save(clone(model).set_params(random_state=None).fit(*training_data(blobs)), tmp_path / "m.safetensors")
    made = opened.start_from(tmp_path / "m.safetensors", blobs)
    assert same_bits(made.model(), surgery.going_on(engines.load(tmp_path / "m.safetensors")))
    assert isinstance(made.parameters["random_state"], int)
    narrow = engines.KMeans(2, random_state=0).fit(np.random.default_rng(0).normal(size=(9, 3)))
    engines.save(narrow, tmp_path / "n.safetensors")
    with pytest.raises(SessionError, match=r"KMeans in n.safetensors takes rows of 3 numbers, but those of dataset"):
        opened.start_from(tmp_path / "n.safetensors", blobs)


@pytest.mark.parametrize("engine", ["KMeans", "GLVQ", "NeuralGas", "OnlineVQ", "RSLVQ", "SOM", "GaussianMixture"])
def test_every_engine_that_is_offered_starts_exactly_at_the_prototypes(opened, shelf, engine):
    blobs = opened.dataset("blobs")
    made = opened.start_from(shelf / "GMLVQ.csv", blobs, engine)
    np.testing.assert_allclose(
        made.latest.arrays["prototypes"], original(opened, "GMLVQ").model().prototypes_, rtol=1e-12, atol=1e-12
    )


def test_an_engine_that_would_forget_its_start_is_told_to_go_on(opened, shelf):
    made = opened.start_from(shelf / "KMeans.csv", "blobs", "NeuralGas")
    assert made.parameters["annealing"] == 0
    asked = opened.start_from(shelf / "KMeans.csv", "blobs", "NeuralGas", {"annealing": 5})
    assert asked.parameters["annealing"] == 5


def refused(session: Session, sentence: str, *arguments: object, **named: object) -> None:
    n = len(session.log)
    with pytest.raises((SessionError, DataError), match=sentence):
        session.start_from(*arguments, **named)  # type: ignore[arg-type]
    assert len(session.log) == n


def test_what_does_not_fit_is_refused_in_one_sentence_and_changes_nothing(opened, shelf, tmp_path):
    book, model = shelf / "KMeans.csv", shelf / "GMLVQ.safetensors"
    (tmp_path / "few.csv").write_text("a,b,c,d,class\n1,2,3,4,kind 0\n5,6,7,8,kind 1\n")
    (tmp_path / "wide.csv").write_text("p,q,r,s,t\n1,2,3,4,5\n1,2,3,4,6\n")
    np.save(tmp_path / "many.npy", np.random.default_rng(0).normal(size=(300, 4)))
    (tmp_path / "broken.safetensors").write_bytes(b"\x09" + bytes(7) + b'{"a": 1}x')
    few = write_blobs(tmp_path / "two.csv", classes=2)
    two = opened.import_data(scaled(few), name="two").result(60)
    bare = opened.import_data(scaled(write_blobs(tmp_path / "bare.csv", label=False)), name="bare").result(60)
    refused(opened, r"KMeans.csv holds prototypes and no engine: choose one of KMeans,", book, "blobs")
    refused(opened, r"There is no engine called 'Magic'", book, "blobs", "Magic")
    refused(opened, r"DCN cannot start from given prototypes; those that can are KMeans,", book, "blobs", "DCN")
    refused(opened, r"There is no file .*none.csv", shelf / "none.csv", "blobs", "KMeans")
    refused(opened, r"not a model file of this program, or is damaged", tmp_path / "broken.safetensors", "blobs")
    refused(opened, r"GLVQ needs the class of each prototype, but KMeans.csv does not tell it", book, "blobs", "GLVQ")
    refused(opened, r"few.csv has no prototype of the class 'kind 2'", tmp_path / "few.csv", "blobs", "GLVQ")
    refused(opened, r'is of the class "kind 2", which dataset .two. does not have', shelf / "GMLVQ.csv", two, "GLVQ")
    refused(opened, r'is of the class "kind 2", which dataset .two. does not have', model, two)
    refused(opened, r"GMLVQ needs labels, but dataset 'bare' has none", model, bare)
    refused(opened, r"wide.csv has 5 columns of numbers, but dataset 'two' has 4", tmp_path / "wide.csv", two, "GLVQ")
    refused(
        opened,
        r"many.npy has 300 prototypes, but the training part .* has 180 rows",
        tmp_path / "many.npy",
        "blobs",
        "KMeans",
    )
    refused(
        opened,
        r"n_clusters of KMeans follows from KMeans.csv, where it is 6",
        book,
        "blobs",
        "KMeans",
        {"n_clusters": 4},
    )
    refused(opened, r"prototypes_per_class of GMLVQ follows from", model, "blobs", None, {"prototypes_per_class": 1})
    refused(opened, r"A map of 2 × 2 has 4 units, but the file has 6", book, "blobs", "SOM", {"shape": [2, 2]})
    refused(opened, r"KMeans has no parameter called 'colour'", book, "blobs", "KMeans", {"colour": 1})
    refused(opened, r"There is a run called 'KMeans on blobs' already", book, "blobs", "KMeans", name="KMeans on blobs")


def test_a_model_that_only_its_own_rows_fit_is_refused_elsewhere(opened, shelf, tmp_path):
    other = opened.import_data(scaled(shelf / "blobs.csv", "minmax"), name="other").result(60)
    refused(
        opened,
        r"prepared otherwise than those of dataset 'other'.*or start another engine",
        shelf / "SOM.safetensors",
        other,
    )


def test_a_read_only_project_refuses_a_start(shelf):
    with Session.open(shelf / "p.vqw", read_only=True) as session:
        refused(session, "for reading only", shelf / "KMeans.csv", "blobs", "KMeans")


def test_matrices_come_back_as_matrices(session, tmp_path):
    from tests.signals import two_kinds_of_matrices

    X, y = two_kinds_of_matrices()
    np.savez(tmp_path / "stack.npz", X=X, y=y)
    data = session.import_data(guess(tmp_path / "stack.npz")).result(60)
    run = trained(session, data, "LogEuclideanGLVQ", {"random_state": 0, "max_iter": 2})
    rows, _ = training_data(data)
    for form, kind in (("csv", "codebook"), ("npz", "codebook"), ("safetensors", "model")):
        (path,) = export(kind, session, run, tmp_path / f"m.{form}")
        made = session.start_from(path, data, "LogEuclideanGLVQ")
        np.testing.assert_allclose(made.model().prototypes_, run.model().prototypes_, rtol=1e-9)
        np.testing.assert_array_equal(made.model().predict(rows), run.model().predict(rows))


def test_every_engine_that_goes_on_from_a_model_is_offered_for_prototypes():
    offered = {info.name for info in fitting_given.starters()}
    assert {"KMeans", "GMLVQ", "SOM", "GaussianMixture", "LogEuclideanGLVQ"} <= offered
    assert not {"LBG", "MedianLVQ", "ProductQuantizer", "DeepVQ"} & offered


def test_a_run_from_a_file_comes_along_when_its_project_is_merged(opened, shelf, tmp_path):
    made = opened.start_from(shelf / "GMLVQ.npz", "blobs", "GMLVQ", {"max_iter": 3, "random_state": 2}, name="given")
    branch = opened.branch(made, name="twig")
    seen, begun = fingerprint(made), bits_of(made.loaded()[0])
    opened.close()
    with Session.create(tmp_path / "other.vqw") as other:
        other.merge(tmp_path / "p.vqw", ["given", "twig"]).result(60)
        came = other.run("given")
        assert fingerprint(came) == seen
        assert came.facts.branched_from == made.facts.branched_from
        assert bits_of(came.loaded()[0]) == begun
        assert other.run("twig").facts.parent == came.id
        assert same_bits(other.run("twig").model(), branch.model())
        came.resume()
        assert came.wait(60) == "finished", came.error

"""Mistakes that are told before a run is queued, and what a run is estimated to take."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from session_help import with_split, write_blobs

from engines import engine_info
from workbench.data import Recipe, Split, guess
from workbench.session import Session, SessionError, estimates
from workbench.session.checks import complete_parameters, engine_arguments, n_prototypes_of


@pytest.mark.parametrize(
    ("engine", "parameters", "words"),
    [
        ("KMean", {}, "There is no engine called 'KMean'; the engines are KMeans, "),
        ("KMeans", {"k": 3}, "KMeans has no parameter called 'k'; its parameters are n_clusters, init,"),
        ("KMeans", {"n_clusters": 0}, "KMeans: n_clusters must be an integer of at least 1, got 0."),
        ("KMeans", {"n_clusters": "many"}, "KMeans: n_clusters must be an integer of at least 1, got 'many'."),
        (
            "KMeans",
            {"n_clusters": 181},
            "KMeans is asked for 181 prototypes, but the training part of",
        ),
        ("GMLVQ", {"prototypes_per_class": 61}, "GMLVQ is asked for 183 prototypes"),
        ("GaussianMixture", {"n_components": 181}, "GaussianMixture is asked for 181 components"),
        ("ResidualQuantizer", {"n_bits": 8}, "ResidualQuantizer is asked for 256 codewords in a codebook"),
        ("HierarchicalVQ", {"n_coarse": 181}, "HierarchicalVQ is asked for 181 coarse prototypes"),
    ],
)
def test_a_wrong_engine_parameter_or_value_is_told_in_one_sentence_and_changes_nothing(
    session, blobs, engine, parameters, words
):
    commit = session.project.commit_number
    for ask in (session.add_run, session.estimate):
        with pytest.raises(SessionError) as caught:
            ask(blobs, engine, parameters)
        assert str(caught.value).startswith(words)
    assert session.project.commit_number == commit
    assert dict(session.runs) == {}
    assert session.can_undo == "import of blobs"


def test_unlabelled_data_is_refused_for_an_engine_that_needs_labels(session, tmp_path):
    dataset = session.import_data(guess(write_blobs(tmp_path / "plain.csv", label=False))).result(60)
    with pytest.raises(SessionError, match="GMLVQ needs labels, but dataset 'plain' has none: import it again"):
        session.add_run(dataset, "GMLVQ")
    with pytest.raises(SessionError, match="Dataset 'plain' has no labels"):
        dataset.labels()


def test_a_single_class_is_refused_for_an_engine_that_needs_labels(session, tmp_path):
    dataset = session.import_data(guess(write_blobs(tmp_path / "one.csv", classes=1))).result(60)
    with pytest.raises(SessionError, match="at least two classes, but the training part of dataset 'one' has only the"):
        session.add_run(dataset, "GMLVQ")


def test_only_rows_of_the_training_part_count(session, tmp_path):
    plan = with_split(guess(write_blobs(tmp_path / "parts.csv")), 0.5, 0.0, 0.5)
    dataset = session.import_data(plan).result(60)
    with pytest.raises(SessionError, match="has 90 rows"):
        session.add_run(dataset, "KMeans", {"n_clusters": 91})


def test_a_dataset_or_run_that_is_not_there_is_told_with_those_there_are(session, blobs):
    with pytest.raises(SessionError, match="There is no dataset called 'blob' in this project; there is 'blobs'"):
        session.add_run("blob", "KMeans")
    with pytest.raises(SessionError, match="There is no run called 'x' in this project; there is none yet"):
        session.run("x")


def test_texts_become_the_values_they_mean(session):
    values = session.parse("kmeans", {"n_clusters": " 16 ", "tol": "1e-3", "n_init": "auto", "n_jobs": "none"})
    assert values == {"n_clusters": 16, "tol": 1e-3, "n_init": "auto", "n_jobs": None}
    with pytest.raises(SessionError, match="KMeans: n_clusters must be an integer of at least 1, got 'a'"):
        session.parse("KMeans", {"n_clusters": "a"})


def test_all_parameters_are_kept_as_json_with_a_seed(blobs):
    info = engine_info("KMeans")
    start = np.arange(6.0).reshape(3, 2)
    values = complete_parameters(info, {"init": start, "n_clusters": np.int64(3)}, blobs)
    assert values.keys() == {parameter.name for parameter in info.parameters}
    assert values["init"] == start.tolist()
    assert type(values["n_clusters"]) is int
    assert isinstance(values["random_state"], int)
    arguments = engine_arguments(info, values)
    np.testing.assert_array_equal(arguments["init"], start)
    assert complete_parameters(info, {"random_state": 7}, blobs)["random_state"] == 7


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({"n_clusters": 7}, 7),
        ({"n_prototypes": 9}, 9),
        ({"prototypes_per_class": 2}, 6),
        ({"prototypes_per_class": [1, 2, 3]}, 6),
        ({"prototypes_per_class": "auto"}, None),
        ({"n_components": 4, "covariance_type": "full"}, 4),
        ({"shape": [5, 8]}, 40),
        ({"shape": (5, 8)}, 40),
        ({"n_coarse": 4, "n_fine": 3}, 16),
        ({"n_stages": 3, "n_bits": 4}, 48),
        ({"n_subspaces": 2, "n_bits": 4}, 16),
        ({}, None),
    ],
)
def test_the_number_of_prototypes_is_read_from_the_names_engines_use(parameters, expected):
    assert n_prototypes_of(parameters, 3) == expected


def test_more_memory_than_there_is_gives_a_warning_before_the_start(session, blobs, monkeypatch):
    fits = session.estimate(blobs, "KMeans", {"n_clusters": 8})
    assert fits.warnings == ()
    assert fits.seconds is None
    assert fits.memory_bytes > 2 * 180 * 4 * blobs.rows().dtype.itemsize
    monkeypatch.setattr(estimates, "available_memory", lambda: 1000)
    (warning,) = session.estimate(blobs, "KMeans", {"n_clusters": 8}).warnings
    assert "of memory are needed and 1 kB are free" in warning


def test_rows_that_lack_values_are_refused_for_engines_that_need_all(session, tmp_path):
    csv = write_blobs(tmp_path / "gaps.csv")
    lines = csv.read_text().splitlines()
    lines[5] = ",".join(["", *lines[5].split(",")[1:]])
    csv.write_text("\n".join(lines))
    plan = guess(csv)
    dataset = session.import_data(replace(plan, recipe=replace(plan.recipe, missing="keep"))).result(60)
    words = "KMeans cannot learn from rows that lack values, but dataset 'gaps' has such rows: import it again"
    with pytest.raises(SessionError, match=words):
        session.add_run(dataset, "KMeans")
    assert session.add_run(dataset, "GaussianMixture", {"n_components": 2}).wait(120) == "finished"


def test_a_map_may_have_more_units_than_there_are_rows(session, blobs):
    assert session.estimate(blobs, "SOM", {"shape": [20, 20]}).warnings == ()


def test_memory_is_estimated_from_the_units_components_and_codewords_asked_for(session, blobs):
    def megabytes(engine, **parameters):
        return session.estimate(blobs, engine, parameters).memory_bytes / 1e6

    assert megabytes("SOM", shape=[100, 200]) - megabytes("SOM", shape=[100, 100]) == pytest.approx(
        8 * 10**4 * 4 * 8e-6
    )
    full = megabytes("GaussianMixture", n_components=9) - megabytes("GaussianMixture", n_components=1)
    diagonal = [megabytes("GaussianMixture", n_components=k, covariance_type="diag") for k in (1, 9)]
    assert full - (diagonal[1] - diagonal[0]) == pytest.approx(6 * 8 * 4 * 4 * 8e-6)
    product = megabytes("ProductQuantizer", n_bits=5) - megabytes("ProductQuantizer", n_bits=4)
    assert product == pytest.approx(8 * 16 * 4 * 8e-6)
    one, each = (megabytes(engine, prototypes_per_class=2) for engine in ("GMLVQ", "LGMLVQ"))
    assert each - one == pytest.approx(6 * 2 * 4 * 4 * 8e-6)
    of_two = megabytes("LGMLVQ", prototypes_per_class=2, localization="prototype")
    assert of_two - each == pytest.approx(6 * 3 * 4 * 4 * 8e-6)
    pairs = megabytes("MedianLVQ", prototypes_per_class=2) - megabytes("GLVQ", prototypes_per_class=2)
    assert pairs == pytest.approx(blobs.n_in("train") ** 2 * blobs.rows().dtype.itemsize * 1e-6)


def test_a_run_that_fails_before_its_first_step_is_a_failed_one_when_opened_again(tmp_path, blobs_csv):
    with Session.create(tmp_path / "p.vqw") as session:
        blobs = session.import_data(guess(blobs_csv)).result(60)
        assert session.add_run(blobs, "ProductQuantizer", {"n_subspaces": 9}, name="nine").wait(120) == "failed"
    with Session.open(tmp_path / "p.vqw") as session:
        run = session.run("nine")
        assert run.status == "failed"
        assert run.error.startswith("n_subspaces=9 should be <= n_features=4")


def test_an_earlier_run_tells_how_long_another_takes(session, blobs):
    run = session.add_run(blobs, "KMeans", {"n_clusters": 4, "max_iter": 2, "tol": 0.0})
    run.wait(120)
    assert run.history["iteration"][-1] == 2
    few = session.estimate(blobs, "KMeans", {"n_clusters": 4, "max_iter": 2}).seconds
    many = session.estimate(blobs, "KMeans", {"n_clusters": 8, "max_iter": 20}).seconds
    assert few > 0
    assert many == pytest.approx(20 * few)


def test_a_run_that_came_to_rest_tells_that_another_needs_no_more_iterations(session, blobs):
    run = session.add_run(blobs, "KMeans", {"n_clusters": 4, "max_iter": 300})
    run.wait(120)
    assert len(run.history["iteration"]) < 300
    assert session.estimate(blobs, "KMeans", {"n_clusters": 4, "max_iter": 300}).seconds == pytest.approx(run.seconds)
    assert session.estimate(blobs, "KMeans", {"n_clusters": 4, "max_iter": 1}).seconds < run.seconds


def test_the_memory_left_is_told_where_the_system_tells_it():
    free = estimates.available_memory()
    assert free is None or 0 < free < 2**50


def test_a_project_opened_for_reading_only_shows_everything_and_changes_nothing(tmp_path, blobs_csv):
    path = tmp_path / "p.vqw"
    with Session.create(path) as session:
        blobs = session.import_data(guess(blobs_csv)).result(60)
        session.add_run(blobs, "KMeans", {"n_clusters": 2}, name="two").wait(120)
    before = path.read_bytes()
    with Session.open(path, read_only=True) as session:
        run = session.run("two")
        assert run.model().prototypes_.shape == (2, 4)
        assert (session.can_undo, session.can_redo) == (None, None)
        dataset = session.dataset("blobs")
        for act in (
            lambda: session.add_run(dataset, "KMeans"),
            lambda: session.import_data(guess(blobs_csv)),
            lambda: session.rename(run, "three"),
            lambda: session.delete(run),
            session.undo,
        ):
            with pytest.raises(SessionError, match=r"'p\.vqw' was opened for reading only"):
                act()
    assert path.read_bytes() == before


@pytest.fixture
def apart(session, tmp_path):
    """Dissimilarities of 40 labelled rows, of which a part is held out."""
    rng = np.random.default_rng(0)
    y = np.arange(40) % 2
    X = rng.normal(size=(40, 3)) + 2 * y[:, None]
    D = np.abs(X[:, None] - X[None]).sum(axis=2)
    np.savez(tmp_path / "apart.npz", X=D, y=y)
    recipe = Recipe(dissimilarities=True, split=Split(0.6, 0.2, 0.2))
    return session.import_data(replace(guess(tmp_path / "apart.npz"), recipe=recipe)).result(60)


def test_dissimilarities_are_learned_from_by_an_engine_that_takes_them(session, apart):
    assert apart.kind == "dissimilarity"
    run = session.add_run(apart, "MedianLVQ", {"random_state": 0})
    assert run.parameters["metric"] == "precomputed"
    assert run.wait(60) == "finished"
    session.show_test_part(apart)
    assert run.metrics["accuracy_test"] > 0.8
    assert apart.n_features == apart.n_in("train")


def test_what_an_engine_makes_of_dissimilarities_is_told_where_it_cannot_be_right(session, apart, blobs):
    for dataset, engine, parameters, words in (
        (apart, "KMeans", {}, r"KMeans learns from data of the kind table or image, but .* another engine .*MedianLVQ"),
        (apart, "MedianLVQ", {"metric": "cityblock"}, "leave the metric of MedianLVQ out, or precomputed"),
        (blobs, "MedianLVQ", {"metric": "precomputed"}, "'blobs' holds rows of features: choose another metric"),
    ):
        with pytest.raises(SessionError, match=words):
            session.add_run(dataset, engine, parameters)

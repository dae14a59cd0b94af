"""Prototype surgery: laws of each operation, on every engine that takes it; training goes on from what was made."""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module

import numpy as np
import pytest
from case import rows

import engines
from engines import dump, surgery
from engines.surgery.parts import is_operable

BY_PROTOTYPE = replace(engines.engine_info("LGMLVQ"), title="LGMLVQ by prototype")
OPERABLE = [*(info for info in engines.catalog() if is_operable(info.estimator())), BY_PROTOTYPE]
SUPERVISED = [info for info in OPERABLE if info.supervised]
EVERY = pytest.mark.parametrize("info", OPERABLE, ids=lambda info: info.title)
EVERY_SUPERVISED = pytest.mark.parametrize("info", SUPERVISED, ids=lambda info: info.title)


def fitted(info, dtype=np.float64, **parameters):
    """A model of a few prototypes, several in each class, with the rows that it learned from."""
    X, y = rows(dtype)
    quick = import_module(f"cases.{info.name.lower()}").CASE.quick
    several = {"prototypes_per_class": (2, 3, 2)} if info.supervised else {info.count: 5}
    local = {"localization": "prototype"} if info is BY_PROTOTYPE else {}
    model = info.estimator(**{**quick, **several, **local, **parameters})
    return model.fit(X, y if info.supervised else None), X, y if info.supervised else None


def contents(model):
    """All parameters and fitted attributes, as bytes."""
    state = dump(model)
    return {k: np.asarray(v).tobytes() if isinstance(v, np.ndarray) else repr(v) for k, v in state.items()}


def labels(model):
    return model.prototype_labels_.tolist() if hasattr(model, "prototype_labels_") else [0] * len(model.prototypes_)


def one_of_each(model, X, y):
    """Every operation, once."""
    d = X.shape[1]
    label = model.classes_[1] if y is not None else None
    yield surgery.going_on(model)
    yield surgery.merge(model, [0, 1])
    yield surgery.merge(model, [2, 3, 4], X)
    yield surgery.split(model, 1, np.full(d, 0.1))
    yield surgery.split(model, 1, surgery.half_apart(model, 1, X))
    yield surgery.delete(model, [0])
    yield surgery.add(model, X[0], label)
    yield surgery.prune(model, X, y)
    yield surgery.merge_close(model, 1.0)
    if y is not None:
        yield surgery.relabel(model, 0, model.classes_[2])


@EVERY
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_training_goes_on_from_exactly_what_an_operation_made(info, dtype):
    model, X, y = fitted(info, dtype)
    before = contents(model)
    for made in one_of_each(model, X, y):
        assert type(made) is type(model)
        assert contents(model) == before  # the argument is never changed
        assert made.prototypes_.dtype == dtype
        assert labels(made) == sorted(labels(made))
        first = next(made.train(X, y)).arrays
        np.testing.assert_array_equal(first["prototypes"], made.prototypes_)
        for name in ("omega", "relevances", "relevance_matrix", "relevance_matrices"):
            if name in first:  # brought to trace 1 once more, so it may differ in the last place
                np.testing.assert_allclose(
                    first[name], getattr(made, name + "_"), rtol=1e-5 if dtype == np.float32 else 1e-13, atol=1e-14
                )


@EVERY
def test_what_was_made_is_fitted_and_saves_and_loads(info, tmp_path):
    model, X, y = fitted(info)
    made = surgery.add(model, X[3], None if y is None else model.classes_[0])
    engines.save(made, tmp_path / "made.safetensors")
    back = engines.load(tmp_path / "made.safetensors")
    np.testing.assert_array_equal(back.predict(X), made.predict(X))
    np.testing.assert_array_equal(back.init, made.prototypes_)
    assert len(made.fit(X, y).prototypes_) == len(model.prototypes_) + 1


@EVERY
def test_deleting_what_was_added_changes_nothing(info):
    model, X, y = fitted(info)
    made = surgery.add(model, X[5], None if y is None else model.classes_[1])
    place = 5  # the last of the second class, and of all
    added = X[5] / np.linalg.norm(X[5]) if info.name == "SphericalKMeans" else X[5]
    np.testing.assert_allclose(made.prototypes_[place], added, rtol=1e-12)
    back = surgery.delete(made, place)
    assert contents(back) == contents(surgery.going_on(model))


@EVERY
def test_a_split_at_offset_zero_leaves_the_error_and_merging_both_again_is_the_identity(info):
    model, X, y = fitted(info)
    twins = surgery.split(model, 2, np.zeros(X.shape[1]))
    assert surgery.effect(model, twins, X, y).rise == pytest.approx(0, abs=1e-14)
    np.testing.assert_array_equal(twins.prototypes_[2], twins.prototypes_[3])
    back = surgery.merge(twins, [2, 3])
    assert contents(back) == contents(surgery.going_on(model))


@EVERY
def test_merging_equal_prototypes_changes_no_answer(info):
    model, X, _ = fitted(info)
    twins = surgery.split(model, 2, np.zeros(X.shape[1]))
    made = surgery.merge_close(twins, 0.0, X)
    assert len(made.prototypes_) == len(model.prototypes_)
    np.testing.assert_array_equal(made.predict(X), model.predict(X))


@EVERY
def test_a_merged_prototype_is_the_mean_by_the_rows_that_each_wins(info):
    model, X, _ = fitted(info)
    wins = np.bincount(model.encode(X), minlength=len(model.prototypes_))[2:5].astype(float)
    wins = wins if wins.sum() else np.ones(3)
    mean = wins @ model.prototypes_[2:5] / wins.sum()
    if info.name == "SphericalKMeans":
        mean /= np.linalg.norm(mean)
    np.testing.assert_allclose(surgery.merge(model, [4, 2, 3], X).prototypes_[2], mean, rtol=1e-12)


@EVERY
def test_a_split_along_the_rows_lowers_the_error_of_training_on(info):
    if info.supervised:
        pytest.skip("a classifier's error rate may stay")
    model, X, _ = fitted(info)
    j = int(np.bincount(model.encode(X)).argmax())
    made = surgery.split(model, j, surgery.half_apart(model, j, X))
    assert surgery.effect(model, made.fit(X), X).rise < 0


@EVERY_SUPERVISED
def test_relabelling_twice_returns(info):
    model, _, _ = fitted(info)
    moved = surgery.relabel(model, 1, model.classes_[2])  # the last of the first class
    assert labels(moved) == [0, 1, 1, 1, 2, 2, 2]
    np.testing.assert_array_equal(moved.prototypes_[-1], model.prototypes_[1])
    back = surgery.relabel(moved, 6, model.classes_[0])
    assert contents(back) == contents(surgery.going_on(model))
    assert contents(surgery.relabel(model, 1, model.classes_[0])) == contents(surgery.going_on(model))


@EVERY_SUPERVISED
def test_pinned_numbers_follow_their_prototypes(info):
    if not any(parameter.name == "pinned" for parameter in info.parameters):
        pytest.skip("the engine pins nothing")
    model, X, y = fitted(info)
    model = surgery.pin(model, [1, 4])
    assert surgery.delete(model, 0).pinned == (0, 3)
    assert surgery.add(model, X[0], 0).pinned == (1, 5)
    assert surgery.merge(model, [2, 4]).pinned == (1,)
    assert surgery.split(model, 4, np.ones(4)).pinned == (1, 4, 5)
    assert surgery.relabel(model, 1, 2).pinned == (3, 6)
    assert surgery.unpin(model, [1, 4]).pinned is None
    held = surgery.pin(surgery.going_on(model), [0])
    there = held.prototypes_[[0, 1, 4]].copy()
    np.testing.assert_array_equal(held.fit(X, y).prototypes_[[0, 1, 4]], there)


@EVERY
def test_pruning_takes_what_brute_force_finds_useless(info):
    model, X, y = fitted(info)
    model = surgery.split(model, 2, np.zeros(X.shape[1]))  # the second of two alike wins nothing
    made = surgery.prune(model, X, y)
    assert surgery.effect(model, made, X, y).rise <= 1e-14
    assert len(made.prototypes_) < len(model.prototypes_)
    for j in range(len(made.prototypes_)):  # none that is left can go
        if labels(made).count(labels(made)[j]) > 1:
            assert surgery.effect(made, surgery.delete(made, j), X, y).rise > 1e-14


def test_pruning_leaves_a_class_its_last_prototype_and_what_is_useful():
    model, X, y = fitted(next(info for info in OPERABLE if info.name == "GMLVQ"), prototypes_per_class=1)
    assert contents(surgery.prune(model, X[y != 2], y[y != 2])) == contents(surgery.going_on(model))


def test_half_apart_parts_normal_rows_at_the_means_of_their_halves():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200_000, 3)) @ np.diag([3.0, 1.0, 0.2]) @ np.linalg.qr(rng.normal(size=(3, 3)))[0]
    model = engines.KMeans(1).fit(X)
    offset = surgery.half_apart(model, 0, X)
    axis = offset / np.linalg.norm(offset)
    above = X[(X - X.mean(axis=0)) @ axis > 0].mean(axis=0) - X.mean(axis=0)
    np.testing.assert_allclose(offset, above, atol=0.03)
    assert np.linalg.norm(offset) == pytest.approx(3 * np.sqrt(2 / np.pi), rel=0.01)


def test_the_metric_of_merged_prototypes_is_the_best_root_of_the_mean():
    from engines.surgery.operations import _mean_metric

    rng = np.random.default_rng(1)
    omegas = rng.normal(size=(3, 2, 5))
    omegas /= np.linalg.norm(omegas, axis=(1, 2), keepdims=True)
    weights = np.array([3.0, 1.0, 2.0])
    mean = sum(w * omega.T @ omega for w, omega in zip(weights / 6, omegas, strict=True))
    root = _mean_metric(omegas, weights)
    values, vectors = np.linalg.eigh(mean)
    best = vectors[:, -2:] * values[-2:] @ vectors[:, -2:].T
    np.testing.assert_allclose(root.T @ root, best / np.trace(best), atol=1e-12)
    full = _mean_metric(rng.normal(size=(2, 3, 3)), np.ones(2))
    assert np.trace(full.T @ full) == pytest.approx(1)


def test_counts_follow_their_prototypes():
    model, X, _ = fitted(next(info for info in OPERABLE if info.name == "KMeans"))
    counts = model.counts_
    assert surgery.merge(model, [1, 3]).counts_[1] == counts[1] + counts[3]
    np.testing.assert_array_equal(surgery.split(model, 0, X[0]).counts_[:2], [counts[0] / 2] * 2)
    assert surgery.add(model, X[0]).counts_[-1] == 0


def test_training_goes_on_at_the_cost_at_which_it_stood():
    for name in ("GMLVQ", "KMeans"):
        model, X, y = fitted(next(info for info in OPERABLE if info.name == name))
        first = next(surgery.going_on(model).train(X, y))
        assert first.cost == pytest.approx(min(model.history_["cost"]), rel=1e-12)


@pytest.mark.parametrize(
    ("operate", "told"),
    [
        (lambda model, X: surgery.merge(model, [0]), "At least 2"),
        (lambda model, X: surgery.merge(model, [0, 0]), "named twice"),
        (lambda model, X: surgery.merge(model, [0, 7]), "prototypes 0 to 6"),
        (lambda model, X: surgery.merge(model, [0, 2]), "of several classes"),
        (lambda model, X: surgery.split(model, 0, [1.0]), "offset must be 4 finite numbers"),
        (lambda model, X: surgery.split(model, [0, 1], X[0]), "One prototype is split"),
        (lambda model, X: surgery.half_apart(model, 0, X[:1]), "fewer than two of these rows"),
        (lambda model, X: surgery.delete(model, [0, 1]), "Class 0 would be left without a prototype"),
        (lambda model, X: surgery.delete(model, "0"), "named by their numbers"),
        (lambda model, X: surgery.add(model, X[0], 9), "knows the classes 0, 1, 2, but not 9"),
        (lambda model, X: surgery.add(model, X[0] * np.nan, 1), "vector must be 4 finite numbers"),
        (lambda model, X: surgery.relabel(model, 0, "b"), "but not 'b'"),
        (lambda model, X: surgery.relabel(surgery.delete(model, 0), 0, 1), "Class 0 would be left"),
        (lambda model, X: surgery.merge_close(model, -1.0), "must not be negative"),
        (lambda model, X: surgery.merge(engines.GMLVQ(), [0, 1]), "not fitted"),
        (lambda model, X: surgery.merge(engines.SOM(), [0, 1]), "SOM cannot be operated on"),
        (lambda model, X: surgery.delete(engines.LBG(2).fit(X), 0), "LBG cannot be operated on"),
        (lambda model, X: surgery.delete(engines.KMeans(1).fit(X), 0), "without a prototype"),
        (lambda model, X: surgery.relabel(engines.KMeans(2).fit(X), 0, 1), "has no classes"),
        (lambda model, X: surgery.add(engines.KMeans(2).fit(X), X[0], 1), "has no classes"),
        (lambda model, X: surgery.pin(engines.KMeans(2).fit(X), 0), "cannot leave single prototypes"),
    ],
)
def test_what_cannot_be_done_is_refused_in_one_sentence(operate, told):
    model, X, _ = fitted(next(info for info in OPERABLE if info.name == "GMLVQ"))
    with pytest.raises(ValueError, match=told):
        operate(model, X)


def test_surgery_is_there_wherever_engines_are():
    assert engines.surgery is surgery


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_map_goes_on_as_kmeans_with_its_units(dtype):
    X, _ = rows(dtype)
    som = engines.SOM((2, 3), max_iter=4, random_state=0).fit(X)
    before = contents(som)
    model = surgery.going_on(som)
    assert isinstance(model, engines.KMeans)
    assert contents(som) == before
    assert model.prototypes_.tobytes() == som.prototypes_.tobytes()
    assert model.prototypes_.dtype == dtype
    assert (model.encode(X) == som.encode(X)).all()
    assert model.counts_.tolist() == som.counts_.tolist()
    assert surgery.effect(model, surgery.delete(model, [0]), X).before == pytest.approx(som.inertia_ / len(X), rel=1e-5)
    assert next(model.train(X)).arrays["prototypes"].tobytes() == som.prototypes_.tobytes()
    with pytest.raises(ValueError, match="SOM cannot be operated on"):
        surgery.merge(som, [0, 1])
    assert surgery.can_go_on(engines.engine_info("SOM"))
    assert not surgery.can_go_on(engines.engine_info("ProductQuantizer"))

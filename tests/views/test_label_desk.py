"""The label desk finds labels that were made wrong, and counts them as confident learning does."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.datasets import load_digits
from sklearn.model_selection import cross_val_predict

from engines import GLVQ, Snapshot, engine_info
from tests.views.scenes import SCENES, make_scene
from workbench.session import DataSample
from workbench.views import Scene
from workbench.views.label_desk import MOST_ROWS, class_keys, compute

N_WRONG = 40
PARAMETERS = {"prototypes_per_class": 3, "max_iter": 15, "random_state": 0}


@cache
def digits_with_errors() -> tuple[Scene, np.ndarray]:
    """800 digits, of which a twentieth have another label, and which; and GLVQ that learned from them."""
    digits = load_digits()
    rng = np.random.default_rng(0)
    X, true = digits.data[:800], digits.target[:800]
    wrong = rng.choice(len(X), N_WRONG, replace=False)
    labels = true.copy()
    labels[wrong] = (true[wrong] + rng.integers(1, 10, N_WRONG)) % 10
    model = GLVQ(**PARAMETERS).fit(X, labels)
    arrays = {name[:-1]: getattr(model, name) for name in model.FITTED if hasattr(model, name)}
    base = make_scene(X, labels.astype(np.int32), list(range(10)), image_shape=(8, 8))
    snapshot = Snapshot(15, 15, 0.0, {}, "", lambda: arrays)
    return replace(base, engine=engine_info("GLVQ"), parameters=PARAMETERS, snapshot=snapshot), wrong


def average_precision(order: np.ndarray, wrong: np.ndarray) -> float:
    """Mean share of wrong labels down to each of them that is in the order; those that are not in it count 0."""
    hits = np.isin(order, wrong)
    return float((np.cumsum(hits)[hits] / (np.flatnonzero(hits) + 1)).sum() / len(wrong))


@pytest.mark.parametrize("ranking", ["margin", "confidence"])
def test_wrong_labels_come_first_about_as_well_as_cross_validated_confidence_finds_them(ranking: str) -> None:
    scene, wrong = digits_with_errors()
    data = compute(scene.asking(ranking))
    assert len(data.rows) == MOST_ROWS
    ours = average_precision(data.rows, wrong)
    X, labels = np.asarray(scene.sample.X), np.asarray(scene.sample.codes)
    confidences = cross_val_predict(GLVQ(**PARAMETERS), X, labels, cv=3, method="predict_proba")
    peer = np.argsort(confidences[np.arange(len(X)), labels], kind="stable")[:MOST_ROWS]
    chance = N_WRONG / len(X)
    assert ours > 10 * chance
    assert ours > average_precision(peer, wrong) - 0.1


def test_margins_and_confidences_are_those_of_the_given_class_and_rise_down_the_desk() -> None:
    scene, _ = digits_with_errors()
    data = compute(scene)
    X, W = np.asarray(scene.sample.X), np.asarray(scene.prototypes)
    D = ((X[data.rows][:, None] - W[None]) ** 2).sum(axis=2)
    own = scene.prototype_codes[None] == data.given[:, None]
    mine, others = np.where(own, D, np.inf).min(axis=1), np.where(own, np.inf, D).min(axis=1)
    np.testing.assert_allclose(data.margins, (others - mine) / (others + mine), rtol=1e-5, atol=1e-6)
    nearest = np.stack([D[:, scene.prototype_codes == c].min(axis=1) for c in range(10)], axis=1)
    np.testing.assert_allclose(data.confidences, (1 / mine) / (1 / nearest).sum(axis=1), rtol=1e-4)
    assert (np.diff(data.margins) >= 0).all()
    assert (np.sign(data.margins) < 0)[data.predicted != data.given].all()


def test_suspected_labels_are_those_off_the_diagonal_of_the_confident_joint_by_hand() -> None:
    scene, wrong = digits_with_errors()
    data = compute(scene)
    P, labels = np.asarray(scene.model.predict_proba(scene.sample.X)), np.asarray(scene.sample.codes)
    averages = [P[labels == c, c].mean() for c in range(10)]
    by_hand = []
    for i in range(len(labels)):
        enough = {c: P[i, c] for c in range(10) if P[i, c] >= averages[c]}
        if enough and max(enough, key=enough.__getitem__) != labels[i]:
            by_hand.append(i)
    assert data.n_suspected == len(by_hand)
    assert data.rows[data.suspected].tolist() == [row for row in data.rows.tolist() if row in set(by_hand)]
    assert len(set(by_hand) & set(wrong.tolist())) > len(by_hand) / 2


def test_a_relabelled_row_tells_what_it_was_and_unlabelled_rows_are_left_out() -> None:
    scene = SCENES["iris"]()
    imported = np.asarray(scene.sample.codes)
    codes = imported.copy()
    codes[5], codes[7] = 2, -1
    sample = DataSample(scene.sample.X, codes, scene.sample.rows, 150, imported)
    data = compute(replace(scene, sample=sample))
    assert len(data.rows) == 149
    assert 7 not in data.rows
    place = data.rows.tolist().index(5)
    assert (data.given[place], data.imported[place]) == (2, 0)
    assert place < 20


def test_a_class_that_the_model_never_saw_is_the_most_doubtful_of_all() -> None:
    scene = SCENES["iris"]()
    codes = np.asarray(scene.sample.codes).copy()
    codes[3] = 3
    sample = replace(scene.sample, codes=codes)
    data = compute(replace(scene, sample=sample, classes=(*scene.classes, "unheard of")))
    assert (data.rows[0], data.margins[0], data.confidences[0]) == (3, -1.0, 0.0)


def test_keys_are_the_names_where_these_are_digits() -> None:
    assert class_keys([str(k) for k in range(10)]) == tuple("0123456789")
    assert class_keys(["setosa", "versicolor", "virginica"]) == ("s", "v", "1")
    assert class_keys(["", "  ", "Ä", "b"]) == ("1", "2", "3", "b")


@given(st.lists(st.text(max_size=3), max_size=60))
def test_no_two_classes_share_a_key(names: list[str]) -> None:
    keys = class_keys(names)
    given_keys = [key for key in keys if key]
    assert len(keys) == len(names)
    assert len(set(given_keys)) == len(given_keys) == min(36, len(names))
    assert all(key.isalnum() and len(key) == 1 for key in given_keys)

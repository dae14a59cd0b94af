"""The reject option against counting by hand: certainties, curves, thresholds for all and for each class, margins."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lvq_cases import clouds, curved_model

from engines import GMLVQ
from engines.lvq.reject import certainty, group_reject_curve, hypothesis_margin, reject_curve, rejected

MEASURES = ("relative", "border", "probability", "closeness")
TABLES = st.lists(
    st.tuples(st.integers(0, 4), st.booleans(), st.integers(0, 2)), min_size=1, max_size=9
)  # certainty, right, group


@pytest.fixture(scope="module")
def fitted():
    X, y = clouds(150)
    return GMLVQ(2, max_iter=15, random_state=0).fit(X, y), X, y


def counted(sure, right, groups, thresholds):
    """Rows accepted and right ones among them, one row at a time."""
    kept = [r for s, r, g in zip(sure, right, groups, strict=True) if not s < thresholds[g]]
    return len(kept), sum(kept)


@given(TABLES)
def test_a_curve_counts_what_each_threshold_leaves(table) -> None:
    sure, right, _ = map(np.array, zip(*table, strict=True))
    curve = reject_curve(sure, right)
    for k, limits in enumerate(curve.thresholds):
        expected = counted(sure, right, np.zeros(len(sure), int), limits)
        assert (curve.n_accepted[k], curve.n_right[k]) == expected
        assert (~rejected(sure, limits)).sum() == expected[0]
    assert (curve.n_accepted[0], curve.n_accepted[-1]) == (len(sure), 0)
    assert len(curve.n_accepted) == len(np.unique(sure)) + 1
    assert (np.diff(curve.n_accepted) < 0).all()
    assert (np.diff(curve.n_right) <= 0).all()


@given(TABLES)
def test_thresholds_of_groups_reject_the_most_errors_for_the_right_rows_that_they_lose(table) -> None:
    sure, right, groups = map(np.array, zip(*table, strict=True))
    curve = group_reject_curve(sure, right, groups)
    tries = [-np.inf, *np.unique(sure)[1:].tolist(), np.inf]
    most: dict[int, int] = {}
    for limits in itertools.product(tries, repeat=int(groups.max()) + 1):
        n, n_right = counted(sure, right, groups, limits)
        lost, caught = int(right.sum()) - n_right, (len(sure) - n) - (int(right.sum()) - n_right)
        most[lost] = max(most.get(lost, -1), caught)
    front = {}
    for lost in sorted(most):
        if most[lost] > max(front.values(), default=-1):
            front[lost] = most[lost]
    n_lost = int(right.sum()) - curve.n_right
    n_caught = len(sure) - curve.n_accepted - n_lost
    found = dict(zip(n_lost.tolist(), n_caught.tolist(), strict=True))  # of points that lose as many, the last
    assert found == front
    for k, limits in enumerate(curve.thresholds):
        assert (curve.n_accepted[k], curve.n_right[k]) == counted(sure, right, groups, limits)
        np.testing.assert_array_equal(
            ~rejected(sure, limits, groups), [not s < limits[g] for s, g in zip(sure, groups, strict=True)]
        )
    assert (curve.thresholds[0] == -np.inf).all()


@given(TABLES)
def test_thresholds_of_groups_are_never_worse_than_one_for_all(table) -> None:
    sure, right, groups = map(np.array, zip(*table, strict=True))
    one, several = reject_curve(sure, right), group_reject_curve(sure, right, groups)
    for k in range(len(one.n_right)):
        lost, errors = one.n_right[0] - one.n_right[k], one.n_accepted[k] - one.n_right[k]
        within = several.n_right[0] - several.n_right <= lost
        assert (several.n_accepted - several.n_right)[within].min() <= errors


def test_the_chosen_point_is_the_first_of_that_accuracy_and_the_cheapest_is_cheapest() -> None:
    curve = reject_curve([1, 2, 3, 4, 5, 6], [False, True, False, True, True, True])
    assert curve.n_accepted.tolist() == [6, 5, 4, 3, 2, 1, 0]
    assert curve.n_accepted[curve.first_with(0.8)] == 5
    assert curve.n_accepted[curve.first_with(1.0)] == 3
    assert curve.thresholds[curve.first_with(1.0)].tolist() == [4]
    assert curve.n_accepted[curve.cheapest(1.0, 0.0)] == 3
    assert curve.n_accepted[curve.cheapest(1.0, 1.0)] == 6
    assert curve.n_accepted[curve.cheapest(3.0, 1.0)] == 3
    with pytest.raises(ValueError, match="No threshold leaves rows of which a share of"):
        reject_curve([1, 2], [False, False]).first_with(0.5)
    with pytest.raises(ValueError, match="Costs must be finite and not negative"):
        curve.cheapest(-1.0, 1.0)


@pytest.mark.parametrize(
    ("sure", "right", "groups", "message"),
    [
        ([], [], [], "no rows"),
        ([1.0, np.nan], [True, True], [0, 0], "NaN"),
        ([1.0], [True, True], [0, 0], "for each row"),
        ([1.0], [True], [-1], "from 0"),
    ],
)
def test_figures_that_are_none_are_refused(sure, right, groups, message) -> None:
    with pytest.raises(ValueError, match=message):
        group_reject_curve(sure, right, groups)


def test_certainties_are_what_they_are_said_to_be(fitted) -> None:
    model, X, _ = fitted
    D = model.transform(X) ** 2
    labels = np.searchsorted(model.classes_, model.prototype_labels_)
    omega = np.asarray(model.omega_, float)
    for i, row in enumerate(D[:40]):
        first = int(row.argmin())
        second = min(np.flatnonzero(labels != labels[first]), key=lambda j: row[j])
        a, b = row[first], row[second]
        assert certainty(model, X[i : i + 1])[0] == pytest.approx((b - a) / (b + a))
        assert certainty(model, X[i : i + 1], "closeness")[0] == pytest.approx(-np.sqrt(a))
        normal = omega @ (model.prototypes_[second] - model.prototypes_[first])
        middle = omega @ (model.prototypes_[second] + model.prototypes_[first]) / 2
        height = (middle - omega @ X[i]) @ normal / np.linalg.norm(normal)
        assert certainty(model, X[i : i + 1], "border")[0] == pytest.approx(height)
    np.testing.assert_array_equal(certainty(model, X, "probability"), model.predict_proba(X).max(axis=1))


def test_a_measure_that_is_none_and_borders_that_are_curved_are_refused(fitted) -> None:
    model, X, _ = fitted
    with pytest.raises(ValueError, match="measure must be relative, border, probability or closeness"):
        certainty(model, X, "luck")
    with pytest.raises(ValueError, match="curves the borders"):
        certainty(curved_model(), np.zeros((1, 3)), "border")


@pytest.mark.parametrize("measure", MEASURES)
def test_rejecting_what_is_least_sure_raises_the_accuracy(fitted, measure) -> None:
    model, X, y = fitted
    curve = reject_curve(certainty(model, X, measure), model.predict(X) == y)
    half = int(np.argmin(np.abs(curve.accepted - 0.5)))
    rises = curve.accuracy[half] > curve.accuracy[0]
    assert rises or measure == "closeness"  # being far from all says little of overlap


def test_the_hypothesis_margin_is_half_the_difference_of_the_distances_and_negative_where_wrong(fitted) -> None:
    model, X, y = fitted
    margin = hypothesis_margin(model, X, y)
    D = model.transform(X)
    own = model.prototype_labels_ == y[:, None]
    expected = (np.where(own, np.inf, D).min(axis=1) - np.where(own, D, np.inf).min(axis=1)) / 2
    np.testing.assert_allclose(margin, expected, rtol=1e-6, atol=1e-12)
    np.testing.assert_array_equal(margin > 0, model.predict(X) == y)

"""How many: criteria against brute force, scikit-learn and mathematics; elbows of known curves; the recommendation."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import cdist
from scipy.stats import multivariate_normal
from sklearn import metrics
from sklearn.datasets import make_blobs
from sklearn.mixture import GaussianMixture

from engines import choice, validity
from engines.choice import COLUMNS, CRITERIA, recommend

NAN = math.nan


def table(n: int, **columns: list[float]) -> dict[str, list[float]]:
    return {name: [NAN] * n for name in COLUMNS} | columns


def clear(n: int) -> dict[str, list[float]]:
    """Silhouettes far above those of rows without groups, equal everywhere."""
    return {
        "silhouette": [0.8] * n,
        "silhouette_without_groups": [0.3] * n,
        "silhouette_deviation": [0.01] * n,
    }


@pytest.fixture(scope="module")
def rows() -> tuple[np.ndarray, np.ndarray]:
    """Rows (150, 3) of four clouds and a labeling (150,) that is not quite theirs."""
    X, y = make_blobs(150, 3, centers=4, random_state=0)
    return X, np.where(np.arange(150) % 11 == 0, (y + 1) % 4, y)


def brute_silhouette(X: np.ndarray, labels: np.ndarray) -> float:
    values = []
    for i in range(len(X)):
        mean = {k: [] for k in np.unique(labels)}
        for j in range(len(X)):
            if i != j:
                mean[labels[j]].append(np.linalg.norm(X[i] - X[j]))
        if not mean[labels[i]]:
            values.append(0.0)  # alone in its group
            continue
        a = np.mean(mean[labels[i]])
        b = min(np.mean(d) for k, d in mean.items() if k != labels[i])
        values.append((b - a) / max(a, b))
    return float(np.mean(values))


def brute_davies_bouldin(X: np.ndarray, labels: np.ndarray) -> float:
    ks = np.unique(labels)
    centers = np.array([X[labels == k].mean(0) for k in ks])
    spread = [np.linalg.norm(X[labels == k] - c, axis=1).mean() for k, c in zip(ks, centers, strict=True)]
    worst = [
        max((spread[i] + spread[j]) / np.linalg.norm(centers[i] - centers[j]) for j in range(len(ks)) if j != i)
        for i in range(len(ks))
    ]
    return float(np.mean(worst))


def test_silhouette_davies_bouldin_and_calinski_harabasz_are_those_of_brute_force_and_scikit_learn(rows):
    X, labels = rows
    distances = cdist(X, X)
    assert validity.silhouette(distances, labels) == pytest.approx(brute_silhouette(X, labels), rel=1e-10)
    assert validity.silhouette(distances, labels) == pytest.approx(metrics.silhouette_score(X, labels), rel=1e-9)
    assert validity.davies_bouldin(X, labels) == pytest.approx(brute_davies_bouldin(X, labels), rel=1e-10)
    between = sum((labels == k).sum() * ((X[labels == k].mean(0) - X.mean(0)) ** 2).sum() for k in range(4))
    within = sum(((X[labels == k] - X[labels == k].mean(0)) ** 2).sum() for k in range(4))
    assert validity.calinski_harabasz(X, labels) == pytest.approx((between / 3) / (within / 146), rel=1e-10)


@pytest.mark.parametrize("labels", [np.zeros(20, int), np.arange(20)])
def test_criteria_of_one_group_or_of_a_group_for_each_row_are_undefined(labels):
    X = np.random.default_rng(0).normal(size=(20, 2))
    assert math.isnan(validity.silhouette(cdist(X, X), labels))
    assert math.isnan(validity.davies_bouldin(X, labels))
    assert math.isnan(validity.calinski_harabasz(X, labels))


def test_spherical_bic_is_that_of_the_likelihood_written_out(rows):
    X, labels = rows
    n, d = X.shape
    centers = np.array([X[labels == k].mean(0) for k in range(4)])
    sizes = np.bincount(labels)
    J = float(((X - centers[labels]) ** 2).sum())
    bic, aic = validity.spherical_information(J, sizes, d)
    shares = sizes / n
    variance = J / (n * d)
    log_likelihood = sum(
        math.log(shares[k]) + multivariate_normal(centers[k], variance * np.eye(d)).logpdf(x)
        for x, k in zip(X, labels, strict=True)
    )
    n_parameters = 3 + 4 * d + 1
    assert bic == pytest.approx(n_parameters * math.log(n) - 2 * log_likelihood, rel=1e-12)
    assert aic == pytest.approx(2 * n_parameters - 2 * log_likelihood, rel=1e-12)


def test_spherical_bic_of_one_group_is_that_of_a_mixture_of_one_component(rows):
    X, _ = rows
    J = float(((X - X.mean(0)) ** 2).sum())
    mixture = GaussianMixture(1, covariance_type="spherical", reg_covar=0).fit(X)
    bic, aic = validity.spherical_information(J, np.array([len(X)]), X.shape[1])
    assert bic == pytest.approx(mixture.bic(X), rel=1e-9)
    assert aic == pytest.approx(mixture.aic(X), rel=1e-9)


def test_spherical_bic_is_highest_in_likelihood_at_its_own_variance(rows):
    X, labels = rows
    n, d = X.shape
    sizes = np.bincount(labels)
    J = 50.0
    best = -validity.spherical_information(J, sizes, d)[1] / 2

    def likelihood(variance: float) -> float:
        return float(sizes @ np.log(sizes / n)) - n * d / 2 * math.log(2 * math.pi * variance) - J / (2 * variance)

    at = J / (n * d)
    assert all(likelihood(at * factor) < likelihood(at) for factor in (0.5, 0.9, 1.1, 2))
    assert best + 4 * (d + 1) == pytest.approx(likelihood(at), rel=1e-12)


def test_spherical_bic_has_no_value_where_every_row_is_its_own_prototype():
    assert all(map(math.isnan, validity.spherical_information(0.0, np.ones(5, int), 2)))


def test_empty_groups_count_as_parameters_and_add_no_likelihood():
    full, _ = validity.spherical_information(3.0, np.array([10, 20]), 2)
    empty, _ = validity.spherical_information(3.0, np.array([10, 20, 0]), 2)
    assert empty == pytest.approx(full + 3 * math.log(30))


def test_agreement_is_the_adjusted_rand_index_counted_pair_by_pair():
    rng = np.random.default_rng(1)
    a, b = rng.integers(0, 3, 40), rng.integers(0, 4, 40)
    pairs = [(i, j) for i in range(40) for j in range(i)]
    same_a, same_b = sum(a[i] == a[j] for i, j in pairs), sum(b[i] == b[j] for i, j in pairs)
    both = sum(a[i] == a[j] and b[i] == b[j] for i, j in pairs)
    expected = same_a * same_b / len(pairs)
    assert validity.agreement(a, b) == pytest.approx((both - expected) / ((same_a + same_b) / 2 - expected))
    assert validity.agreement(a, (a + 1) % 3) == 1


@pytest.mark.parametrize("shape", [(400, 3), (40, 120)])
def test_rows_without_groups_fill_the_box_along_the_principal_axes(shape):
    n, d = shape
    rng = np.random.default_rng(0)
    X = rng.normal(size=shape) * np.linspace(0.2, 5, d)
    turned = X @ np.linalg.qr(rng.normal(size=(d, d)))[0]
    drawn = validity.without_groups(turned, np.random.default_rng(1))
    assert drawn.shape == shape
    assert drawn.dtype == turned.dtype
    center = turned.mean(0)
    axes = np.linalg.svd(turned - center, full_matrices=False)[2][: min(n - 1, d)]
    seen, of = (drawn - center) @ axes.T, (turned - center) @ axes.T
    assert (seen >= of.min(0) - 1e-9).all()
    assert (seen <= of.max(0) + 1e-9).all()
    reached = (seen.max(0) - seen.min(0)) / (of.max(0) - of.min(0))
    assert reached.min() > 0.85  # of n evenly spread values
    left = drawn - center - seen @ axes  # nothing outside of the span of the rows
    assert np.abs(left).max() < 1e-8 * np.abs(drawn).max()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_rows_without_groups_keep_the_precision_and_depend_on_the_generator_alone(dtype):
    X = np.random.default_rng(0).normal(size=(50, 4)).astype(dtype)
    one = validity.without_groups(X, np.random.default_rng(3))
    assert one.dtype == dtype
    assert np.array_equal(one, validity.without_groups(X, np.random.default_rng(3)))
    assert not np.array_equal(one, validity.without_groups(X, np.random.default_rng(4)))


@pytest.mark.parametrize("bend", [2, 3, 5, 8])
def test_the_elbow_of_a_curve_that_falls_steeply_up_to_a_count_is_that_count(bend):
    counts = range(1, 13)
    errors = [100 * k**-2.0 if k <= bend else 100 * bend**-2.0 * (k / bend) ** -0.3 for k in counts]
    assert choice.elbow(counts, errors) == bend


@pytest.mark.parametrize("exponent", [0.1, 0.5, 1.0, 2.0])
def test_a_power_law_has_no_elbow(exponent):
    counts = range(1, 20)
    assert choice.elbow(counts, [7 * k**-exponent for k in counts]) is None


@pytest.mark.parametrize("errors", [[1.0, 1.0, 1.0], [1.0, 2.0, 3.0], [3.0, 1.0], [NAN, NAN, NAN], [0.0, 0.0, 0.0]])
def test_what_does_not_fall_over_three_counts_has_no_elbow(errors):
    assert choice.elbow(range(1, len(errors) + 1), errors) is None


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(1e-3, 1e3), min_size=3, max_size=12), st.floats(1e-3, 1e3))
def test_the_elbow_depends_neither_on_units_nor_on_missing_values(errors, unit):
    counts = list(range(1, len(errors) + 1))
    found = choice.elbow(counts, errors)
    assert found is None or counts[0] < found < counts[-1]
    scaled = choice.elbow(counts, [unit * e for e in errors])
    chord = choice.chord(counts, errors)
    if found is not None:
        assert errors[found - 1] < chord[found - 1]
    below = [math.log(c / e) for c, e in zip(chord, errors, strict=True)]
    if found is None or sorted(below)[-1] - sorted(below)[-2] > 1e-9:  # not a tie that rounding decides
        bend = max(below) / math.log(errors[0] / errors[-1]) if errors[0] > errors[-1] else 0
        if abs(bend - choice.LEAST_BEND) > 1e-9:
            assert scaled == found
    assert choice.elbow([*counts, counts[-1] + 1], [*errors, NAN]) == found


def test_stability_takes_the_largest_count_that_is_as_stable_as_the_best():
    assert choice.most_stable([2, 3, 4, 5], [1.0, 1.0, 1.0, 0.6], [0.0, 0.0, 0.0, 0.1]) == 4
    assert choice.most_stable([2, 3, 4], [0.9, 0.88, 0.5], [0.05, 0.01, 0.01]) == 3
    assert choice.most_stable([2, 3, 4], [0.9, 0.88, 0.5], [0.01, 0.01, 0.01]) == 2
    assert choice.most_stable([1, 2], [NAN, NAN], [NAN, NAN]) is None


def test_a_lowest_value_at_the_end_of_the_range_is_no_dip():
    assert choice.dip([1, 2, 3], [5.0, 3.0, 4.0]) == 2
    assert choice.dip([1, 2, 3], [5.0, 4.0, 3.0]) is None
    assert choice.dip([1, 2, 3], [3.0, 4.0, 5.0]) == 1
    assert choice.dip([1, 2, 3], [5.0, 3.0, NAN]) is None


def test_the_count_that_most_criteria_choose_is_recommended_and_the_others_are_told():
    said = recommend(
        [2, 3, 4, 5],
        table(
            4,
            **clear(4) | {"silhouette": [0.7, 0.9, 0.8, 0.7]},
            davies_bouldin=[0.5, 0.2, 0.3, 0.4],
            calinski_harabasz=[1, 2, 3, 1],
            bic=[9, 7, 8, 9],
        ),
    )
    assert said.value == 3
    assert said.agreed
    assert said.reason == (
        "3 is chosen by 3 of 4 criteria (the silhouette, Davies–Bouldin and BIC); Calinski–Harabasz says 4."
    )
    assert said.bests == {"silhouette": 3, "davies_bouldin": 3, "calinski_harabasz": 4, "bic": 3}


def test_a_tie_goes_to_the_more_stable_count_and_the_disagreement_is_said():
    columns = clear(3) | {"silhouette": [0.9, 0.8, 0.7]}
    told = table(3, **columns, davies_bouldin=[0.1, 0.2, 0.3], calinski_harabasz=[1, 1, 2], bic=[3, 2, 1.0])
    told |= {"stability": [0.7, 0.8, 0.9], "stability_error": [0.0] * 3}
    said = recommend([2, 3, 4], told)
    assert said.value == 4
    assert not said.agreed
    assert said.reason == (
        "The criteria disagree: 4 has most behind it (Calinski–Harabasz and stability), "
        "but the silhouette and Davies–Bouldin say 2."
    )
    assert said.remarks == ("BIC still falls at 4, the end of the range: more may be better.",)


def test_a_model_of_the_likelihood_follows_its_own_bic():
    columns = clear(3) | {"silhouette": [0.9, 0.8, 0.7]}
    told = table(3, **columns, davies_bouldin=[0.1, 0.2, 0.3], bic=[3, 1, 2])
    assert recommend([2, 3, 4], told).value == 2
    said = recommend([2, 3, 4], told, likelihood=True)
    assert said.value == 3
    assert said.reason == "3 has the lowest BIC of the model; the silhouette and Davies–Bouldin say 2."


def test_rows_that_are_separated_no_better_than_by_chance_have_no_clear_number():
    told = table(
        3,
        silhouette=[0.40, 0.41, 0.39],
        silhouette_without_groups=[0.39, 0.38, 0.38],
        silhouette_deviation=[0.01, 0.01, 0.01],
        bic=[3, 1, 2],
    )
    for likelihood in (False, True):
        said = recommend([2, 3, 4], told, likelihood=likelihood)
        assert said.value is None
        assert said.reason.startswith("No clear number: ")
        assert "0.41 against 0.38, at 3" in said.reason
    wide = told | {"silhouette": [0.40, 0.5, 0.39], "silhouette_deviation": [0.05, 0.05, 0.05]}
    assert recommend([2, 3, 4], wide).value is None  # 0.12 more, but chance varies by 0.05
    assert recommend([2, 3, 4], told | {"silhouette": [0.40, 0.5, 0.39]}).value is not None


def test_nothing_is_recommended_before_anything_is_measured():
    said = recommend([1, 2, 3], table(3))
    assert said.value is None
    assert said.reason.startswith("Nothing can be told yet")
    assert said.bests == {}


def test_labels_have_no_vote_but_a_remark():
    told = table(2, **clear(2) | {"silhouette": [0.9, 0.8]}, ari=[0.3, 0.7], nmi=[0.3, 0.7])
    said = recommend([2, 3], told)
    assert said.value == 2
    assert said.remarks == ("The labels agree best with 3 (adjusted Rand index 0.70).",)


def test_every_criterion_reads_a_column_and_tells_its_rule():
    assert {criterion.name for criterion in CRITERIA} <= set(COLUMNS)
    assert all(criterion.title and criterion.rule for criterion in CRITERIA)

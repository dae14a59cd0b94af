"""What views compute, against scikit-learn, SciPy, brute force and the definitions."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest, entropy
from sklearn.metrics import confusion_matrix, precision_score, recall_score

from engines import Snapshot
from tests.views import scenes
from workbench.views import Scene, confusion, curves, projection, prototypes, relevance, render, theme, view
from workbench.views.canvas import plain
from workbench.views.confusion import count_confusions
from workbench.views.intervals import wilson
from workbench.views.model_answers import codes_of, nearest
from workbench.views.pictures import contact_sheet, ends_of, pictures
from workbench.views.wording import distinct, number, shorten


def moved(scene: Scene, **arrays: np.ndarray) -> Scene:
    """The same data, other arrays."""
    everything = dict(scene.snapshot.arrays) | arrays
    return replace(scene, snapshot=Snapshot(1, None, 1.0, {}, "", lambda: everything))


# Projection


def test_principal_components_hold_the_variance_that_the_eigenvalues_of_the_covariance_say() -> None:
    scene = scenes.iris()
    plane = projection.compute(scene).planes[0]
    eigenvalues = np.sort(np.linalg.eigvalsh(np.cov(scene.sample.X.T)))[::-1]
    np.testing.assert_allclose(plane.points.var(axis=0, ddof=1), eigenvalues[:2])
    assert f"{100 * eigenvalues[0] / eigenvalues.sum():.1f} %" in plane.x_label


def test_axes_do_not_move_while_prototypes_do() -> None:
    scene = scenes.iris()
    first = projection.compute(scene).planes[0]
    second = projection.compute(moved(scene, prototypes=scene.prototypes + 1.0)).planes[0]
    assert second.points is first.points
    assert second.limits == first.limits
    assert not np.allclose(first.prototypes, second.prototypes)


def test_a_prototype_that_is_a_row_lies_on_its_point() -> None:
    scene = scenes.digits()
    data = projection.compute(moved(scene, prototypes=np.asarray(scene.sample.X)[:10]))
    for plane in data.planes:
        np.testing.assert_allclose(plane.prototypes, plane.points[:10], atol=1e-6)


def test_distances_in_the_metric_plane_are_the_engines_own_for_a_metric_of_rank_two() -> None:
    scene = scenes.iris()
    omega = np.random.default_rng(1).normal(size=(2, 4))
    scene = moved(scene, omega=omega / np.linalg.norm(omega))
    plane = projection.compute(scene).planes[1]
    seen = np.linalg.norm(plane.points[:, None] - plane.prototypes[None], axis=2)
    np.testing.assert_allclose(seen, scene.model.transform(scene.sample.X), rtol=1e-6, atol=1e-9)


def test_distances_in_the_metric_plane_never_exceed_the_engines_own() -> None:
    scene = scenes.digits()
    plane = projection.compute(scene).planes[1]
    seen = np.linalg.norm(plane.points[:, None] - plane.prototypes[None], axis=2)
    assert (seen <= scene.model.transform(scene.sample.X) * (1 + 1e-6)).all()


def test_one_feature_is_shown_in_original_units() -> None:
    scene = scenes.one_feature()
    (plane,) = projection.compute(scene).planes
    np.testing.assert_allclose(plane.points[:, 0], 10 * scene.sample.X[:, 0] + 3)


# Prototypes


def test_prototypes_are_shown_in_original_units_and_sorted_by_class_then_use() -> None:
    scene = scenes.digits()  # the recipe belongs to the sample, so another one has a sample of its own
    scene = replace(scene, sample=replace(scene.sample), to_original=lambda W: 2 * W + 1)
    data = prototypes.compute(scene)
    np.testing.assert_allclose(data.values, 2 * scene.prototypes[data.index] + 1)
    keys = list(zip(data.codes.tolist(), (-data.counts).tolist(), strict=True))
    assert keys == sorted(keys)


def test_counts_are_those_of_the_nearest_prototypes_by_the_engines_distance() -> None:
    scene = scenes.iris()
    omega, X = np.asarray(scene.snapshot.arrays["omega"]), scene.sample.X
    squared = (((X[:, None] - scene.prototypes[None]) @ omega.T) ** 2).sum(axis=2)
    data = prototypes.compute(scene)
    np.testing.assert_array_equal(data.counts, np.bincount(squared.argmin(axis=1), minlength=3)[data.index])


def test_counts_of_the_engine_are_taken_where_it_has_counted() -> None:
    data = prototypes.compute(scenes.missing_values())
    assert sorted(data.counts.tolist()) == [10, 20]
    assert data.note == "counts of training rows"


def test_prototypes_that_differ_far_less_than_the_rows_are_seen_on_their_own_scale() -> None:
    low, high = np.zeros(4), np.full(4, 255.0)
    alike = np.tile(np.linspace(100, 130, 500)[:, None], 4)
    alike[0, 0] = 255  # one pixel of two thousand
    images, ends = pictures(alike, (2, 2), *ends_of(alike, low, high))
    assert ends == tuple(np.percentile(alike, (0.5, 99.5)))
    assert (images.min(), images.max()) == (0, 255)
    assert len(np.unique(images)) > 200
    for others in (np.linspace(0, 255, 40).reshape(10, 4), np.full((2, 4), 7.0), np.empty((0, 4))):
        assert pictures(others, (2, 2), *ends_of(others, low, high))[1] == (0, 255)


def test_pictures_share_one_scale_with_zero_in_the_middle_of_it() -> None:
    scene = scenes.color_patches()
    values = np.zeros((3, 60))
    values[1], values[2] = 1.0, np.linspace(-1, 1, 60)
    data = prototypes.compute(moved(scene, prototypes=values, counts=np.ones(3)))
    assert data.images is not None
    assert data.images.shape == (3, 4, 5, 3)
    at = {int(k): image for k, image in zip(data.index, data.images, strict=True)}
    assert abs(int(at[0][0, 0, 0]) - 127.5) < 1
    assert len(np.unique(at[1])) == 1
    assert data.image_range[0] == -data.image_range[1]


def test_bytes_keep_their_own_scale() -> None:
    data = prototypes.compute(scenes.many_tiles())
    assert data.image_range == (0.0, 255.0)
    np.testing.assert_array_equal(data.images.reshape(len(data.values), -1), data.values)


def test_a_contact_sheet_holds_every_picture_unchanged() -> None:
    images = np.random.default_rng(0).integers(0, 256, (7, 5, 4), dtype=np.uint8)
    sheet, places = contact_sheet(images, 3, 1.7, (9, 9, 9))
    cell = sheet.shape[1] // 3
    for image, (left, top, right, bottom) in zip(images, np.rint(places * cell).astype(int), strict=True):
        tile = sheet[top:bottom, left:right, 0]
        scale = tile.shape[1] // 4
        np.testing.assert_array_equal(tile[::scale, ::scale][:5, :4], image)


def test_constant_features_lie_in_the_middle() -> None:
    assert (prototypes.compute(scenes.constant_columns()).relative == 0.5).all()


# Relevance


def test_the_relevance_matrix_is_that_of_the_engine_and_its_parts_agree() -> None:
    scene = scenes.digits()
    data = relevance.compute(scene)
    np.testing.assert_allclose(data.matrix, scene.model.relevance_matrix_)
    np.testing.assert_allclose(data.relevances.sum(), 1)
    spectrum = np.linalg.eigvalsh(data.matrix)[::-1]
    np.testing.assert_allclose(data.eigenvalues, spectrum, atol=1e-12)
    assert (np.diff(data.relevances[data.order]) <= 0).all()
    np.testing.assert_allclose(np.log(data.n_effective), entropy(spectrum[:10]), rtol=1e-6)
    np.testing.assert_array_equal(data.image, data.relevances.reshape(8, 8))


def test_the_ranking_names_the_feature_that_the_metric_looks_at() -> None:
    scene = scenes.iris()
    omega = np.zeros((1, 4))
    omega[0, 2] = 1
    data = relevance.compute(moved(scene, omega=omega))
    assert data.names[data.order[0]] == "petal length"
    assert data.n_effective == pytest.approx(1)


def test_relevances_of_mixed_features_are_no_picture() -> None:
    scene = replace(scenes.digits(), feature_names=tuple(f"component {k}" for k in range(64)))
    assert relevance.compute(scene).image is None


# Confusion


def test_confusion_recall_and_precision_are_those_of_scikit_learn() -> None:
    scene = scenes.digits()
    data = confusion.compute(scene)
    assert [part.part for part in data.parts] == ["training", "test"]
    for part, code in zip(data.parts, (0, 2), strict=True):
        mine = scene.split == code
        true, predicted = scene.sample.codes[mine], scene.predicted[mine]
        np.testing.assert_array_equal(part.counts, confusion_matrix(true, predicted, labels=range(10)))
        options = {"labels": range(10), "average": None, "zero_division": np.nan}
        np.testing.assert_allclose(part.recall, recall_score(true, predicted, **options))
        np.testing.assert_allclose(part.precision, precision_score(true, predicted, **options))
        assert part.accuracy == pytest.approx((true == predicted).mean())


def test_rows_without_a_label_are_left_out() -> None:
    true, predicted = np.array([0, -1, 1, 1]), np.array([0, 1, -1, 1])
    counts = count_confusions(true, predicted, np.zeros(4, np.uint8), 2)
    assert counts.sum() == 2
    assert not confusion.compute(scenes.without_labels()).parts


@given(st.integers(1, 10_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_intervals_are_wilsons(pair: tuple[int, int]) -> None:
    right, rows = pair
    expected = binomtest(right, rows).proportion_ci(method="wilson")
    assert wilson(right, rows) == pytest.approx((expected.low, expected.high), abs=1e-9)


def test_there_is_no_interval_without_rows() -> None:
    assert np.isnan(wilson(0, 0)).all()


# Curves


def test_the_cost_comes_first_and_nothing_is_told_twice() -> None:
    scene = scenes.digits()
    history = dict(scene.history)
    history |= {"error_per_row": history["cost"] / 600, "n_empty": np.zeros(12), "shift": np.geomspace(1e-6, 1, 12)}
    data = curves.compute(replace(scene, history=history))
    names = [[curve.name for curve in panel.curves] for panel in data.panels]
    assert names == [["cost"], ["accuracy", "validation_accuracy"], ["shift"]]
    assert [panel.log for panel in data.panels] == [False, False, True]
    assert data.panels[1].limits == (0.0, 1.0)


def test_negative_costs_are_never_on_a_logarithmic_axis() -> None:
    scene = replace(scenes.iris(), history={"iteration": np.arange(3.0), "cost": np.array([-1e-6, -1.0, -500.0])})
    assert not curves.compute(scene).panels[0].log


# Scenes, words, pictures


def test_winners_are_found_alike_in_blocks_of_any_size(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = scenes.digits()
    whole = nearest(scene.model, scene.sample.X)
    monkeypatch.setattr("workbench.views.model_answers._BLOCK_CELLS", 70)
    winners, distances = nearest(scene.model, scene.sample.X)
    np.testing.assert_array_equal(winners, whole[0])
    np.testing.assert_allclose(distances, whole[1], rtol=1e-12)  # products of other shapes are summed in another order


@pytest.mark.parametrize("classes", [["b", "a"], [3, 1, 2], [True, False], [0.5, 0.25], ["1", "2"]])
def test_codes_are_positions_among_the_classes(classes: list[object]) -> None:
    codes = np.array([0, 1, 1, 0])
    np.testing.assert_array_equal(codes_of(np.asarray(classes)[codes], classes), codes)
    assert codes_of(np.array(["stranger"]), classes).tolist() == [-1]


@given(st.text(max_size=80), st.integers(6, 40))
def test_shortened_texts_are_one_line_and_short_enough(text: str, length: int) -> None:
    short = shorten(text, length)
    assert len(short) <= length
    assert short.splitlines() in ([], [short])


@given(st.lists(st.text(max_size=30), min_size=1, max_size=12, unique=True))
def test_as_many_names_come_out_as_went_in(names: list[str]) -> None:
    assert len(distinct(tuple(names), 12)) == len(names)


def test_names_that_only_differ_in_the_middle_stay_distinct() -> None:
    names = tuple(f"the same beginning {k} the same end" for k in range(5))
    assert len(set(distinct(names, 16))) == 5


@given(st.text(alphabet=st.sampled_from("$\\_{}^%ab \n"), max_size=20))
def test_no_text_is_taken_for_a_formula(text: str) -> None:
    from matplotlib.cbook import is_math_text

    assert not is_math_text(plain(text))


@pytest.mark.parametrize(
    ("value", "text"),
    [(float("nan"), "–"), (float("inf"), "∞"), (-2.0, "−2"), (1234567.0, "1,234,567"), (0.12345, "0.1235")],
)
def test_numbers_are_written_for_people(value: float, text: str) -> None:
    assert number(value) == text


def test_threads_draw_the_same_pictures_at_once() -> None:
    data = view("relevance").compute(scenes.iris())

    def draw(_: int) -> bytes:
        return render(view("relevance").figure(data, theme("dark")), "png")

    with ThreadPoolExecutor(3) as pool:
        assert len(set(pool.map(draw, range(4)))) == 1


def test_importing_views_neither_imports_pyplot_nor_any_window_library() -> None:
    code = "import sys, workbench.views; print([m for m in ('matplotlib', 'PySide6', 'pyqtgraph') if m in sys.modules])"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"


def test_an_unknown_view_is_answered_with_those_there_are() -> None:
    with pytest.raises(
        KeyError, match=r"curves, table, description, projection, picked, prototypes, .*relevance, .*confusion"
    ):
        view("nothing")

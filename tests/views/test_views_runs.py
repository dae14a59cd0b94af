"""Figures of several runs: what shares a panel, whose relevances are whose, and intervals of means and shares."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from engines.lvq.refits import metric_matrix
from tests.views.scenes import HOSTILE, digits, history, iris, iris_clusters, with_refits
from tests.views.trained import trained
from workbench.views import Page, Scene, canvas, comparison, render, run_curves, run_relevances, theme
from workbench.views.intervals import mean_interval

LOOKS = ("light", "dark", "print")
PAPER = Page(6.85, letters=6.5)


def named(scene: Scene, name: str, **measured: NDArray[np.float64]) -> Scene:
    return replace(scene, name=name, history=history(**measured))


def test_costs_of_one_engine_share_a_panel_and_those_of_two_engines_do_not() -> None:
    scenes = [named(iris(), "a"), named(iris_clusters(), "b"), named(iris(), "c")]
    panels = {panel.label: [line.run for line in panel.curves] for panel in run_curves.compute(scenes).panels}
    assert panels == {"cost of GMLVQ": [0, 2], "cost of KMeans": [1]}
    alone = run_curves.compute([scenes[0], scenes[2]]).panels
    assert [panel.label for panel in alone] == ["cost"]


def test_a_measure_is_shown_that_two_runs_have_and_its_numbers_are_theirs() -> None:
    rising, falling = np.linspace(0.5, 0.9, 12), np.linspace(0.7, 0.6, 12)
    scenes = [
        named(iris(), "a", accuracy=rising, gradient_norm=rising),
        named(iris(), "b", accuracy=falling, gradient_norm=rising, validation_accuracy=rising),
    ]
    panels = {panel.label: panel for panel in run_curves.compute(scenes).panels}
    assert list(panels) == ["cost", "accuracy, training"]  # no technicalities, and nothing of one run alone
    lines = panels["accuracy, training"].curves
    np.testing.assert_array_equal([line.values for line in lines], [rising, falling])
    np.testing.assert_array_equal(lines[0].iteration, np.arange(12))


def test_costs_of_very_different_size_have_a_logarithmic_axis() -> None:
    small, large = named(iris(), "a"), named(iris(), "b")
    large = replace(large, history={**large.history, "cost": 1e4 * np.asarray(large.history["cost"])})
    assert not run_curves.compute([small, small]).panels[0].log
    assert run_curves.compute([small, large]).panels[0].log


def test_profiles_are_those_of_the_metrics_and_runs_without_one_are_named() -> None:
    local = trained("LGMLVQ", "iris")
    scenes = [replace(scene, name=name) for name, scene in (("a", iris()), ("b", iris_clusters()), ("c", local))]
    data = run_relevances.compute(scenes)
    assert [(profile.run, profile.name) for profile in data.profiles] == [(0, "a"), (2, "c")]
    assert data.without == ("b",)
    omega = np.asarray(iris().omega)
    np.testing.assert_allclose(data.profiles[0].relevances, np.square(omega).sum(axis=0))
    metrics = [metric.T @ metric for metric in np.asarray(local.snapshot.arrays["omegas"])]
    np.testing.assert_allclose(data.profiles[1].relevances, np.mean(metrics, axis=0).diagonal(), rtol=1e-5)
    most = np.maximum(*(profile.relevances for profile in data.profiles))
    assert most[data.order].tolist() == sorted(most, reverse=True)


def test_bands_are_those_of_the_refits_where_stability_was_measured() -> None:
    scene = with_refits(iris())
    known, unknown = run_relevances.compute([scene, iris()]).profiles
    assert scene.stability is not None
    np.testing.assert_array_equal(known.bands, scene.stability.stability.relevance_bands[[0, 2]])
    assert unknown.bands is None


def test_relevances_of_pixels_are_pictures() -> None:
    data = run_relevances.compute([digits(), digits()])
    assert data.shape == (8, 8)
    expected = np.diag(metric_matrix(digits().model)).reshape(8, 8)
    np.testing.assert_allclose(data.picture(data.profiles[1]), expected)
    assert run_relevances.compute([iris()]).shape is None


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("base", ["iris", "digits"])
def test_figures_of_ten_runs_are_drawn_whatever_their_names(look: str, base: str) -> None:
    names = [*HOSTILE, "_hidden", ""]
    scene = {"iris": with_refits(iris()), "digits": digits()}[base]
    scenes = [named(scene, name, accuracy=np.linspace(0.5, 0.9, 12)) for name in names]
    for module in (run_curves, run_relevances):
        data = module.compute(scenes)
        dressed = theme(look)  # type: ignore[arg-type]
        assert render(module.figure(data, dressed), "svg").startswith(b"<?xml")
        canvas.paged(lambda look, m=module, d=data: m.figure(d, look), replace(dressed, page=PAPER))


def test_no_curve_is_told_where_nothing_was_recorded() -> None:
    nothing = replace(iris(), history={})
    data = run_curves.compute([nothing, nothing])
    assert data.panels == ()
    assert b"No iteration was recorded." in render(run_curves.figure(data, theme("light")), "svg")


def test_a_mean_has_the_interval_of_students_t() -> None:
    values = np.random.default_rng(0).exponential(size=23)
    expected = stats.t.interval(0.95, 22, loc=values.mean(), scale=stats.sem(values))
    mean, *ends = mean_interval(values)
    assert mean == pytest.approx(values.mean())
    assert ends == pytest.approx(expected)
    assert mean_interval(np.append(values, np.nan)) == (mean, *ends)


def test_of_fewer_than_two_values_there_is_no_interval() -> None:
    assert mean_interval(np.array([3.0])) == pytest.approx((3.0, np.nan, np.nan), nan_ok=True)
    assert np.isnan(mean_interval(np.empty(0))).all()


def test_a_parameter_of_one_engine_alone_is_told_where_it_was_changed() -> None:
    clusters = replace(iris_clusters(), parameters={"n_clusters": 5, "tol": 1e-3, "random_state": 0})
    metric = replace(iris(), parameters={"rank": 2, "tol": 1e-3, "random_state": 0})
    told = {name: values for name, *values in comparison.differing(clusters, metric)}
    assert told["engine"] == ["k-means", "Generalized matrix LVQ"]
    assert told["n_clusters"] == ["5", "–"]
    assert told["rank"] == ["–", "2"]
    assert not {"tol", "random_state", "omega_init", "algorithm"} & set(told)  # alike, or as they are by default
    assert comparison.differing(metric, metric, replace(metric, parameters={**metric.parameters, "rank": 3})) == (
        ("rank", "2", "2", "3"),
    )

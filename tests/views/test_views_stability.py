"""The view of a metric's stability: what it tells, and what it draws of features, pixels and directions."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from engines.lvq.refits import Resampling
from engines.lvq.stability import Stability
from tests.views.scenes import digits, iris, refits, with_refits
from workbench.session.stability import MeasuredStability
from workbench.views import Scene, stability, theme


def scene_with(matrices: Any, how: Resampling, accuracy: float = 0.9) -> Scene:
    """Iris with these Λ: the run's own, then those of refits."""
    found = Stability.of(matrices[0])
    for matrix in matrices[1:]:
        found = found.and_refit(matrix, accuracy)
    return replace(iris(), stability=MeasuredStability(how, found, 1))


def test_without_two_refits_there_is_nothing_to_see() -> None:
    assert not stability.applies(iris())
    assert not stability.applies(scene_with([np.eye(4) / 4] * 2, Resampling()))
    assert stability.applies(refits())


def test_bands_are_quantiles_over_refits_of_the_most_relevant_features() -> None:
    scene = refits()
    assert scene.stability is not None
    draws, data = scene.stability.stability.relevance_draws, stability.compute(scene)
    order = np.argsort(-scene.stability.stability.relevances)[: len(data.names)]
    np.testing.assert_allclose(data.relevance_bands, np.quantile(draws, (0.05, 0.5, 0.95), axis=0)[:, order])
    assert len(data.rows) == len(data.names)
    assert all(len(row) == len(stability.COLUMNS) for row in data.rows)


def test_it_says_how_many_refits_were_made_how_and_how_far_they_agree() -> None:
    steady = np.diag([0.4, 0.3, 0.2, 0.1])
    data = stability.compute(scene_with([steady] * 4, Resampling("bootstrap", 5)))
    assert data.headline == "The order of the features is stable (ρ = 1)"
    assert data.told[0] == (
        "Learned again 3 times of 5, as far as it has come, each time on rows drawn anew with replacement."
    )
    assert "in 100 %" in " ".join(data.told)
    assert "right by 90.0 % (90.0 % to 90.0 %)" in data.told[-1]
    swapped = np.diag([0.1, 0.2, 0.3, 0.4])
    assert "unstable" in stability.compute(scene_with([steady, swapped, swapped], Resampling(n_refits=2))).headline


def test_a_seed_that_makes_no_difference_is_told() -> None:
    data = stability.compute(scene_with([np.diag([0.4, 0.3, 0.2, 0.1])] * 3, Resampling("seeds", 2), float("nan")))
    assert any("The seed makes no difference" in sentence for sentence in data.told)
    assert not any("left out" in sentence for sentence in data.told)


def test_directions_that_are_not_told_apart_are_named_with_the_overlap_of_their_space() -> None:
    steady, other = np.diag([0.4, 0.31, 0.29, 0.0]), np.diag([0.4, 0.29, 0.31, 0.0])
    data = stability.compute(scene_with([steady, steady, other], Resampling(n_refits=2)))
    assert data.groups == ((0, 0), (1, 2))
    assert any("Directions 2 to 3 are not told apart" in sentence for sentence in data.told)
    np.testing.assert_allclose(data.overlap_bands, 1)


def test_equal_relevances_have_no_order() -> None:
    data = stability.compute(scene_with([np.eye(4) / 4] * 3, Resampling(n_refits=2)))
    assert data.headline == "All features are equally relevant"


@pytest.mark.parametrize("look", ["light", "dark"])
def test_pixels_are_drawn_as_pictures(look: Any) -> None:
    data = stability.compute(with_refits(digits(), n=3))
    assert data.low_image is not None
    assert data.low_image.shape == (8, 8)
    assert data.width_image is not None
    figure = stability.figure(data, theme(look))
    FigureCanvasAgg(figure).draw()
    assert [axes.get_title() for axes in figure.axes][:2] == [
        "Relevance that 95 % of the refits exceed",
        "Width of the band of 90 % of the refits",
    ]

"""What views show of SPD matrices: prototypes as pictures, a plane of logarithms, and nothing that misleads."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from engines.spd.matrices import logarithm, vectors_of
from tests.views.trained import trained, trained_with
from workbench.views import VIEWS, view
from workbench.views import planes as planes_module


def test_views_that_need_features_or_euclidean_cells_do_not_apply() -> None:
    scene = trained("LogEuclideanGLVQ", "matrices")
    shown = {view.name for view in VIEWS if view.applies(scene)}
    assert {"projection", "prototypes", "reconstructions", "usage", "confusion", "curves"} <= shown
    assert not shown & {"relevance", "energy", "contributions", "rate_distortion", "som", "mixture"}


def test_prototypes_are_pictures_of_their_entries_on_a_scale_with_zero_in_the_middle() -> None:
    scene = trained("LogEuclideanGLVQ", "matrices")
    data = view("prototypes").compute(scene)
    assert data.images.shape == (2, 4, 4)
    np.testing.assert_array_equal(data.values, scene.model.prototypes_.reshape(2, -1)[data.index])
    low, high = data.image_range
    assert low == -high
    assert high == np.abs(data.values).max()
    np.testing.assert_array_equal(data.images, data.images.transpose(0, 2, 1))


def test_the_plane_of_logarithms_keeps_the_engines_distances_as_far_as_two_directions_can() -> None:
    scene = trained("LogEuclideanGLVQ", "matrices")
    entries, plane = view("projection").compute(scene).planes
    assert (entries.name, plane.name, plane.title) == ("pca", "metric", "In logarithms of the matrices")
    X = np.asarray(scene.sample.X).reshape(-1, 4, 4)
    S = vectors_of(logarithm(X))
    axes = np.linalg.svd(S - S.mean(axis=0), full_matrices=False)[2][:2]
    expected = (S - S.mean(axis=0)) @ axes.T
    np.testing.assert_allclose(np.abs(plane.points), np.abs(expected), atol=1e-8)
    distances = np.linalg.norm(plane.points[:, None] - plane.prototypes[None], axis=2)
    assert np.all(distances <= scene.model.transform(X) + 1e-9)


def test_the_plane_of_logarithms_stays_while_prototypes_move_and_follows_regularization() -> None:
    first = trained("LogEuclideanGLVQ", "matrices")
    later = trained("LogEuclideanGLVQ", "matrices", 5)
    evened = trained_with("LogEuclideanGLVQ", "matrices", {"regularization": 0.5})
    later, evened = (replace(scene, sample=first.sample) for scene in (later, evened))
    planes = [view("projection").compute(scene).planes[1] for scene in (first, later, evened)]
    assert planes[1].points is planes[0].points
    assert not np.allclose(planes[2].points, planes[0].points)
    assert len(planes_module._logarithmic_axes(first)) == 2

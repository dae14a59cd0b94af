"""Every view of every engine of the catalog: it computes and draws for real models, on small, plain and odd data."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from engines import engine_info
from tests.views.trained import ENGINES, trained
from workbench.views import VIEWS, View, theme
from workbench.views.curves import compute as curves_of

BASES = ("iris", "digits")
CASES = [
    pytest.param(view, engine, id=f"{view.name}-{engine}")
    for view, engine in itertools.product(VIEWS, ENGINES)
    if view.applies(trained(engine, "iris"))
]
LABELLED = {
    "projection",
    "prototypes",
    "reconstructions",
    "usage",
    "contributions",
    "confusion",
    "reject",
    "label_desk",
}
WANTED = {
    "KMeans": {"projection", "prototypes", "reconstructions", "usage", "rate_distortion", "energy"},
    "SOM": {"som", "projection", "prototypes", "reconstructions", "usage", "rate_distortion", "energy"},
    "GaussianMixture": {"mixture", "projection", "prototypes", "reconstructions", "usage", "rate_distortion"},
    "DeepVQ": {"reconstructions", "code_atlas", "usage", "rate_distortion"},
    "ProductQuantizer": {"prototypes", "reconstructions", "usage", "rate_distortion"},
    "SphericalKMeans": {"projection", "prototypes", "reconstructions", "usage"},  # its errors are of directions
    "VQVAE": {"projection", "prototypes", "reconstructions", "usage", "rate_distortion"},
    "GLVQ": LABELLED,
    "GRLVQ": {"relevance", *LABELLED},
    "GMLVQ": {"relevance", *LABELLED},
    "LGMLVQ": {"local_relevance", *LABELLED},
    "MedianLVQ": LABELLED - {"contributions"},  # its dissimilarity may be any
    "PseudoLabelGLVQ": {"relevance", "projection", "prototypes", "reconstructions", "usage", "rate_distortion"},
    "LogEuclideanGLVQ": LABELLED - {"contributions"},  # its features are logarithms
}


@pytest.mark.parametrize("engine", WANTED)
def test_an_engine_has_the_views_that_mean_something_for_it(engine: str) -> None:
    shown = {view.name for view in VIEWS if view.applies(trained(engine, "iris"))}
    closely = {"closely"} if "projection" in WANTED[engine] else set()
    assert shown == WANTED[engine] | closely | {"curves", "table", "description", "picked"}


@pytest.mark.in_turn("engine")
@pytest.mark.parametrize(("view", "engine"), CASES)
def test_every_view_of_every_engine_computes_and_draws(view: View, engine: str) -> None:
    for base in BASES:
        data = view.compute(trained(engine, base))
        if base == "iris":
            FigureCanvasAgg(view.figure(data, theme("dark"))).draw()


@pytest.mark.parametrize("engine", ENGINES)
def test_every_view_takes_one_feature_and_constant_columns(engine: str) -> None:
    for base in ("one_feature", "constant_columns"):
        try:
            scene = trained(engine, base)
        except ValueError:
            continue  # an engine may refuse such data, in its own words
        for view in VIEWS:
            if view.applies(scene):
                view.compute(scene)


@pytest.mark.parametrize("engine", ENGINES)
def test_every_curve_of_every_engine_has_a_title_of_its_own(engine: str) -> None:
    scene = trained(engine, "iris")
    titles = [curve.title for panel in curves_of(scene).panels for curve in panel.curves]
    assert len(set(titles)) == len(titles)
    assert all("_" not in title for title in titles)


@pytest.mark.parametrize("engine", [name for name in ENGINES if not engine_info(name).supervised])
def test_reconstructions_are_what_the_engine_quantizes_to(engine: str) -> None:
    scene = trained(engine, "iris")
    X: Any = np.asarray(scene.sample.X)
    np.testing.assert_array_equal(scene.quantized, scene.model.quantize(X))
    np.testing.assert_array_equal(scene.codes.ravel(), scene.model.indices(scene.model.encode(X)).ravel())

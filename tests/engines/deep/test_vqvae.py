"""VQVAE: codewords that come back to life, and codewords on a grid."""

from __future__ import annotations

import pytest
from test_latent_codebooks import quick, rows

from engines.maps.grid import Grid
from engines.maps.inspection import topographic_error


@pytest.mark.parametrize("topology", ["rectangular", "hexagonal"])
def test_neighbours_on_the_grid_are_near_in_latent_space(topology):
    X = rows(600)
    shared = {"k": 36, "max_iter": 25, "gamma": 0.9, "n_latent": 2}
    alone, mapped = quick("VQVAE", **shared).fit(X), quick("VQVAE", topology=topology, **shared).fit(X)
    grid = Grid(6, 6, topology)
    assert mapped.grid == grid
    found = [topographic_error(model.latent(X), model.codebook_, grid, n_jobs=1) for model in (alone, mapped)]
    assert found[1] == pytest.approx(mapped.history_["topographic_error"][-1])
    assert "topographic_error" not in alone.history_
    assert found[1] < 0.25 < 0.5 < found[0]


def test_dead_codewords_come_back_to_life():
    X = rows(400)
    shared = {"k": 100, "gamma": 0.9, "max_iter": 12}
    still, revived = (quick("VQVAE", revive=share, **shared).fit(X).history_ for share in (0.0, 0.1))
    assert revived["n_dead"][-1] < 0.7 * still["n_dead"][-1]
    assert revived["perplexity"][-1] > still["perplexity"][-1]


def test_the_grid_is_as_square_as_can_be_unless_its_shape_is_given():
    assert quick("VQVAE").grid is None
    assert quick("VQVAE", k=12, topology="rectangular").grid == Grid(3, 4)
    assert quick("VQVAE", k=7, topology="hexagonal").grid == Grid(1, 7, "hexagonal")
    assert quick("VQVAE", k=12, topology="rectangular", shape=(6, 2)).grid == Grid(6, 2)


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"shape": (3, 4)}, "shape has no effect"),
        ({"sigma_start": 1.0}, "sigma_start has no effect"),
        ({"topology": "rectangular", "revive": 0.1}, "revive has no effect"),
        ({"topology": "rectangular", "shape": (3, 3)}, "make 12 codewords"),
        ({"topology": "rectangular", "shape": (12,)}, "make 12 codewords"),
    ],
)
def test_parameters_without_effect_or_sense_are_refused(parameters, words):
    with pytest.raises(ValueError, match=words):
        quick("VQVAE", **parameters).fit(rows())

"""Rows that are made different while learning, against moving pictures by hand."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from engines import DeepVQ
from engines.deep.augmentation import Augmentation


@pytest.mark.parametrize("shape", [(5, 4), (5, 4, 3)])
def test_pictures_move_by_whole_pixels_and_their_edges_are_drawn_out(shape):
    rng = np.random.default_rng(0)
    pictures = rng.normal(size=(200, *shape))
    moved = Augmentation(shift=2, image_shape=shape).moved(
        torch.from_numpy(pictures.reshape(200, -1)), torch.Generator().manual_seed(0)
    )
    ways = [(down, across) for down in range(-2, 3) for across in range(-2, 3)]
    seen = set()
    for before, after in zip(pictures, moved.numpy().reshape(pictures.shape), strict=True):
        padded = np.pad(before, [(2, 2), (2, 2), *[(0, 0)] * (len(shape) - 2)], mode="edge")
        same = [way for way in ways if np.array_equal(after, padded[2 - way[0] :, 2 - way[1] :][:5, :4])]
        assert len(same) == 1
        seen.update(same)
    assert seen == set(ways)


def test_noise_has_the_deviation_that_is_asked_for_and_none_leaves_rows_alone():
    Z, draw = torch.zeros(2000, 10, dtype=torch.float64), torch.Generator().manual_seed(0)
    assert Augmentation(noise=0.3).noisy(Z, draw).std() == pytest.approx(0.3, rel=0.03)
    assert Augmentation().noisy(Z, draw) is Z
    assert Augmentation().moved(Z, draw) is Z


@pytest.mark.parametrize(
    ("parameters", "sentence"),
    [
        ({"shift": 1}, "shift needs image_shape"),
        ({"shift": 1, "image_shape": (3, 3)}, r"of 6 values, got \(3, 3\)"),
        ({"shift": 1, "image_shape": (6,)}, "shift needs image_shape"),
        ({"image_shape": (2, 3)}, "image_shape has no effect without shift"),
    ],
)
def test_shapes_that_pictures_do_not_have_are_refused_in_a_sentence(parameters, sentence):
    with pytest.raises(ValueError, match=sentence):
        DeepVQ(device="cpu", **parameters).fit(np.random.default_rng(0).normal(size=(50, 6)))


def test_pictures_that_move_are_told_from_new_places_better():
    rng = np.random.default_rng(0)
    blobs = np.zeros((240, 8, 8))
    for picture, (row, column) in zip(blobs, rng.integers(1, 6, (240, 2)), strict=True):
        picture[row : row + 2, column : column + 2] = rng.uniform(0.7, 1.3)
    centred = blobs[(blobs[:, 3:5, 3:5].sum(axis=(1, 2)) > 0)].reshape(-1, 64)
    told = {"n_bits": 12, "hidden": (32,), "max_iter": 60, "learning_rate": 0.01, "batch_size": 32, "device": "cpu"}
    plain = DeepVQ(random_state=0, **told).fit(centred)
    moving = DeepVQ(random_state=0, shift=2, image_shape=(8, 8), **told).fit(centred)
    others = blobs.reshape(-1, 64)
    assert moving.quantization_error(others) < 0.9 * plain.quantization_error(others)

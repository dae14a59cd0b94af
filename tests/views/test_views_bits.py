"""What the views of bits compute, against the engine, the definitions and brute force."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from tests.views import scenes
from tests.views.trained import trained_with
from workbench.views import Scene, rate_distortion, reconstructions, theme, usage, view
from workbench.views.bit_flips import MOST_FLIPS
from workbench.views.bits import bits_of_numbers, cells_of, effects, flipped, numbers_of, text_of
from workbench.views.code_atlas import ALL_CODES, BY_HAND, compute, with_bit_flipped
from workbench.views.code_sheet import gray_sheet, sheet_image
from workbench.views.tiles import painted_changes


def scene_of(n_bits: int, base: str = "digits") -> Scene:
    return trained_with("DeepVQ", base, {"n_bits": n_bits, "device": "cpu"}, steps=1)


def decoded(scene: Scene, bits: np.ndarray) -> np.ndarray:
    return np.asarray(scene.model.decode(np.packbits(bits.astype(bool), axis=1, bitorder="little")))


# Bits


def test_codes_are_numbers_and_texts_and_cells_with_the_first_bit_first() -> None:
    bits = np.array([[1, 0, 1, 1, 0], [0, 0, 0, 0, 1]])
    assert numbers_of(bits).tolist() == [13, 16]
    np.testing.assert_array_equal(bits_of_numbers(numbers_of(bits), 5), bits)
    assert [text_of(row) for row in bits] == ["1011 0", "0000 1"]
    assert cells_of(bits)[0].tolist() == [[1, 0, 1], [1, 0, -1]]
    assert flipped(bits[0])[:3].tolist() == [[1, 0, 1, 1, 0], [0, 0, 1, 1, 0], [1, 1, 1, 1, 0]]


@pytest.mark.parametrize("n_bits", range(1, 11))
def test_neighbours_on_the_sheet_differ_by_one_bit_also_over_its_edges(n_bits: int) -> None:
    sheet = gray_sheet(n_bits)
    assert sorted(sheet.ravel().tolist()) == list(range(2**n_bits))
    for axis in (0, 1):
        apart = sheet ^ np.roll(sheet, 1, axis=axis)
        assert sheet.shape[axis] == 1 or all(bin(value).count("1") == 1 for value in apart.ravel().tolist())


def test_the_effect_of_a_bit_is_how_far_reconstructions_move() -> None:
    scene = scene_of(5, "iris")
    codes = scene.model.encode(np.asarray(scene.sample.X)).astype(np.int8)
    for j, effect in enumerate(effects(scene)):
        other = codes.copy()
        other[:, j] *= -1
        moved = np.mean((scene.model.decode(other) - scene.model.decode(codes)) ** 2)
        assert effect == pytest.approx(np.sqrt(moved), rel=1e-6)


# Atlas


def test_the_sheet_shows_what_each_code_decodes_to_and_how_many_rows_use_it() -> None:
    scene = scene_of(5, "iris")
    sheet = compute(scene).sheet
    assert sheet is not None
    codes = scene.model.encode(np.asarray(scene.sample.X), packed=True)[:, 0]
    np.testing.assert_array_equal(sheet.counts, np.bincount(codes, minlength=32)[sheet.codes])
    np.testing.assert_allclose(sheet.tiles.values, decoded(scene, bits_of_numbers(sheet.codes.ravel(), 5)))
    assert sheet.texts[1] == text_of(bits_of_numbers(sheet.codes.ravel()[1:2], 5)[0])


@pytest.mark.parametrize("look", ["light", "dark"])
def test_unused_codes_have_no_frame_and_the_most_used_the_strongest(look) -> None:
    colours = theme(look)
    sheet = compute(scene_of(4)).sheet
    assert sheet is not None
    image, places = sheet_image(sheet, colours)
    corners = [image[round(top * len(image)), round(left * image.shape[1])] for left, top, _, _ in places]
    counts = sheet.counts.ravel()
    assert tuple(corners[int(counts.argmax())]) == tuple(colours.sequential[255, :3])
    assert all(tuple(corners[k]) == tuple(colours.sequential[0, :3]) for k in np.flatnonzero(counts == 0))


@pytest.mark.parametrize("base", ["digits", "iris"])
def test_each_flip_is_decoded_and_the_strongest_comes_first(base: str) -> None:
    scene = scene_of(14, base)
    data = compute(scene)
    flips = data.flips
    assert flips is not None
    assert ALL_CODES not in data.choices
    place = int(data.current.split()[1].replace(",", "")) - 1
    X = np.asarray(scene.sample.X)[place : place + 1]
    np.testing.assert_array_equal(flips.bits, scene.model.indices(scene.model.encode(X))[0])
    np.testing.assert_allclose(flips.tiles.values[0], X[0])
    np.testing.assert_allclose(flips.tiles.values[1], scene.model.quantize(X)[0], rtol=1e-6)
    assert (np.diff(flips.effects[flips.order]) <= 0).all()
    for k, bit in enumerate(flips.order.tolist()):
        other = flips.bits.copy()
        other[bit] ^= 1
        row = decoded(scene, other[None])[0]
        np.testing.assert_allclose(flips.tiles.values[2 + k], row, rtol=1e-6)
        change = np.sqrt(np.mean((row - flips.tiles.values[1]) ** 2))
        assert flips.effects[bit] == pytest.approx(change, rel=1e-5)
    assert flips.captions[0].startswith(f"bit {flips.order[0] + 1}: {flips.bits[flips.order[0]]} →")


def test_what_a_person_asks_for_is_shown_and_anything_else_is_not() -> None:
    scene = scene_of(6)
    assert compute(scene).current == ALL_CODES
    row = compute(scene).choices[1]
    one = compute(scene.asking(row))
    assert one.current == row
    assert one.flips is not None
    assert one.flips.has_row
    asked = with_bit_flipped(one.flips.bits, 3)
    by_hand = compute(scene.asking(asked))
    assert by_hand.current == BY_HAND == by_hand.choices[-1]
    assert by_hand.flips is not None
    assert not by_hand.flips.has_row
    assert (by_hand.flips.bits != one.flips.bits).nonzero()[0].tolist() == [3]
    for stale in ("0101", "Row 999,999", "01010a"):  # of a run of other bits, or of other data
        assert compute(scene.asking(stale)).current == ALL_CODES


def test_asking_computes_nothing_again_that_is_known() -> None:
    scene = scene_of(6)
    codes = scene.codes
    assert scene.asking("x").codes is codes
    assert scene.asking("") is scene


def test_a_code_longer_than_can_be_shown_keeps_its_strongest_bits() -> None:
    flips = compute(scene_of(70)).flips
    assert flips is not None
    assert len(flips.order) == MOST_FLIPS
    assert flips.effects[flips.order].min() >= np.delete(flips.effects, flips.order).max()
    assert "the first 48 of them" in flips.note


QUICK = (("digits", 12), ("one_feature", 1), ("iris", 3))
DRAWN = [
    pytest.param(base, n_bits, marks=[] if (base, n_bits) in QUICK else [pytest.mark.slow])
    for base in ("digits", "iris", "hostile_names", "one_feature", "color_patches", "many_features")
    for n_bits in (1, 3, 12, 70)
]


@pytest.mark.parametrize(("base", "n_bits"), DRAWN)
def test_every_view_of_bits_is_drawn_of_any_data(base: str, n_bits: int) -> None:
    scene = scene_of(n_bits, base)
    for name in ("code_atlas", "usage", "reconstructions"):
        shown = view(name)
        FigureCanvasAgg(shown.figure(shown.compute(scene), theme("light"))).draw()


def test_no_change_is_drawn_in_the_middle_colour_and_rises_point_up() -> None:
    colours = theme("light")
    picture = painted_changes(np.array([[0.0, 1.0, -1.0]]), 1.0, colours)[0]
    wide = picture.shape[1] // 3
    upper, lower = picture[: len(picture) // 2], picture[len(picture) // 2 + 1 :]
    surface = upper[0, wide // 2]
    assert (upper[1:-1, wide + wide // 2] != surface).any(axis=1).all()
    assert (lower[:, wide + wide // 2] == surface).all()
    assert (lower[:-1, 2 * wide + wide // 2] != surface).any(axis=1).all()


# Usage, reconstructions, rate and distortion


def test_balance_is_that_of_the_training_rows_and_codes_are_counted_over_the_sample() -> None:
    few, many = scene_of(5), scene_of(40)
    for scene, n_codes in ((few, 32), (many, None)):
        data = usage.compute(scene)
        codes = scene.model.encode(np.asarray(scene.sample.X))
        np.testing.assert_allclose(data.ones, np.mean(codes > 0, axis=0))
        seen = np.unique(codes, axis=0, return_counts=True)[1]
        counts = data.books[0].counts
        np.testing.assert_array_equal(counts[: len(seen)], np.sort(seen)[::-1])
        assert len(counts) == (n_codes or len(seen))
        assert f"{len(seen):,} of {'32' if n_codes else '2^40'} codes" in data.headline
        assert data.even == (len(codes) / 32 if n_codes else 0)


def test_reconstructions_show_the_bits_of_each_row() -> None:
    scene = scene_of(10)
    data = reconstructions.compute(scene)
    assert data.cells is not None
    places = np.searchsorted(np.asarray(scene.sample.rows), data.rows)
    bits = (scene.model.encode(np.asarray(scene.sample.X)[places]) > 0).astype(int)
    np.testing.assert_array_equal(data.cells, cells_of(bits))
    assert data.codes == tuple(map(text_of, bits))


def test_a_run_of_bits_stands_at_its_bits_among_the_others() -> None:
    scene = scene_of(9)
    error = float(np.mean((np.asarray(scene.sample.X) - scene.quantized) ** 2))
    data = rate_distortion.compute(replace(scene, name="deep"))
    assert data.bits.tolist() == [9]
    assert data.errors[0] == pytest.approx(error, rel=1e-4)


def test_rows_that_lack_values_or_are_none_leave_a_code_by_hand() -> None:
    scene = scene_of(12, "iris")
    gaps = np.full((2, 4), np.nan)
    sample = replace(scene.sample, X=gaps, codes=None, rows=np.arange(2), n_total=2)
    data = compute(replace(scene, sample=sample))
    assert data.current == BY_HAND
    assert scenes.iris().asked == ""

"""Patches back in their pictures: against the pictures, scikit-learn's averages, and brute force."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.backends.backend_agg import FigureCanvasAgg
from numpy.typing import NDArray
from sklearn.feature_extraction.image import extract_patches_2d, reconstruct_from_patches_2d

from tests.views.scenes import make_scene
from workbench.data import Places
from workbench.views import Page, Scene, canvas, theme
from workbench.views.numbers import numbers_of
from workbench.views.patchwork import Patchwork, owners
from workbench.views.picking import Pick, rows_of
from workbench.views.scene_rows import Patches
from workbench.views.sources import NOT_KEPT, NOT_WHOLE, compute, figure, within
from workbench.views.sources_data import Asked, SourcesData, counted_for, covered_by, lit, pixels, shade
from workbench.views.theme import rgb

Corners = NDArray[np.int64]


def grid(size: tuple[int, int], side: tuple[int, int], step: tuple[int, int]) -> Corners:
    """(k, 2) upper left pixels of all patches of a grid, row by row."""
    tops, lefts = (np.arange(0, size[k] - side[k] + 1, step[k]) for k in range(2))
    return np.stack(np.meshgrid(tops, lefts, indexing="ij"), axis=-1).reshape(-1, 2)


def cut(image: NDArray[Any], corners: Corners, side: tuple[int, int]) -> NDArray[Any]:
    """(k, h, w) or (k, h, w, c), one by one."""
    return np.stack([image[y : y + side[0], x : x + side[1]] for y, x in corners.tolist()])


def scene_of(image: NDArray[Any], corners: Corners, side: tuple[int, int], **more: Any) -> Scene:
    """KMeans on the patches of one picture at these places."""
    patches = cut(image, corners, side)
    places = Places(
        ("a.png",),
        np.array([image.shape[:2]]),
        np.zeros(len(corners), np.int32),
        corners[:, 0].astype(np.int32),
        corners[:, 1].astype(np.int32),
    )
    made = make_scene(patches.reshape(len(patches), -1), image_shape=patches.shape[1:], **more)
    return replace(made, patches=Patches(lambda: places, lambda W, raw: W))


def show(scene: Scene, mode: str, picture: int = 0) -> SourcesData:
    return compute(scene.asking(str(Asked(picture, mode))))


@pytest.fixture
def scene() -> Scene:
    """Overlapping patches of a picture of noise, and codewords that are some of them."""
    image = np.random.default_rng(1).integers(0, 256, (23, 31), np.uint8)
    corners = grid(image.shape, (5, 4), (3, 2))
    rows = cut(image, corners, (5, 4)).reshape(len(corners), -1)
    return scene_of(image, corners, (5, 4), prototypes=rows[::9].astype(float))


@given(
    side=st.tuples(st.integers(1, 7), st.integers(1, 7)),
    times=st.tuples(st.integers(1, 6), st.integers(1, 6)),
    margin=st.tuples(st.integers(0, 6), st.integers(0, 6)),
    channels=st.sampled_from([0, 3]),
    seed=st.integers(0, 99),
)
@settings(max_examples=40, deadline=None)
def test_patches_side_by_side_give_the_picture_back_exactly(
    side: tuple[int, int], times: tuple[int, int], margin: tuple[int, int], channels: int, seed: int
) -> None:
    size = tuple(side[k] * times[k] + min(margin[k], side[k] - 1) for k in range(2))
    shape = size if not channels else (*size, channels)
    image = np.random.default_rng(seed).integers(0, 256, shape, np.uint8)
    corners = grid((size[0], size[1]), side, side)
    data = show(scene_of(image, corners, side), "original")
    full = (slice(side[0] * times[0]), slice(side[1] * times[1]))
    assert np.array_equal(data.original[full], image[full])
    covered = np.zeros(size, bool)
    covered[full] = True
    assert np.array_equal(data.owners >= 0, covered)
    drawn = pixels(data, "original", theme("light"))
    assert np.array_equal(drawn[..., 3] == 255, covered)


@pytest.mark.parametrize("channels", [0, 3])
def test_overlapping_patches_are_averaged_as_scikit_learn_averages_them(channels: int) -> None:
    shape = (14, 19, 3)[: 3 if channels else 2]
    image = np.random.default_rng(0).random(shape)
    patches = extract_patches_2d(image, (4, 6)) + np.random.default_rng(2).normal(size=(154, 4, 6, *shape[2:]))
    corners = grid((14, 19), (4, 6), (1, 1))
    work = Patchwork((14, 19), patches.shape[1:])
    for part in np.array_split(np.random.default_rng(3).permutation(len(corners)), 5):
        work.add(corners[part, 0], corners[part, 1], patches[part].reshape(len(part), -1))
    assert work.covered.all()
    assert np.allclose(work.picture, reconstruct_from_patches_2d(patches, shape), atol=1e-12)


def test_patches_at_random_places_are_averaged_as_one_by_one() -> None:
    random = np.random.default_rng(4)
    corners = np.column_stack([random.integers(0, 20, 30), random.integers(0, 33, 30)])
    values = random.random((30, 5 * 3))
    work = Patchwork((24, 35), (5, 3))
    work.add(corners[:, 0], corners[:, 1], values)
    sums, counts = np.zeros((24, 35)), np.zeros((24, 35))
    for (y, x), patch in zip(corners.tolist(), values.reshape(-1, 5, 3), strict=True):
        sums[y : y + 5, x : x + 3] += patch
        counts[y : y + 5, x : x + 3] += 1
    assert np.array_equal(work.covered, counts > 0)
    assert np.allclose(work.picture, np.divide(sums, counts, out=np.zeros_like(sums), where=counts > 0))


@given(seed=st.integers(0, 500), side=st.tuples(st.integers(1, 6), st.integers(1, 6)), n=st.integers(0, 12))
@settings(max_examples=40, deadline=None)
def test_a_pixel_counts_for_the_patch_whose_middle_is_nearest(seed: int, side: tuple[int, int], n: int) -> None:
    random = np.random.default_rng(seed)
    size = (side[0] + 7, side[1] + 9)
    top, left = random.integers(0, 8, n), random.integers(0, 10, n)
    owner = owners(size, side, top, left)
    for y in range(size[0]):
        for x in range(size[1]):
            over = np.flatnonzero((top <= y) & (y < top + side[0]) & (left <= x) & (x < left + side[1]))
            if not len(over):
                assert owner[y, x] == -1
                continue
            away = np.hypot(top + (side[0] - 1) / 2 - y, left + (side[1] - 1) / 2 - x)
            assert owner[y, x] in over
            assert away[owner[y, x]] == pytest.approx(away[over].min())


def test_lit_places_are_where_a_codeword_is_the_nearest_one(scene: Scene) -> None:
    data = show(scene, "codewords")
    X, W = np.asarray(scene.sample.X, float), scene.prototypes
    nearest = ((X[:, None] - W[None]) ** 2).sum(axis=2).argmin(axis=1)
    shown = lit(data, np.zeros(len(X), bool), frozenset({2, 5}))
    assert shown is not None
    assert np.array_equal(shown, np.isin(nearest, [2, 5]))
    over = shade(data, counted_for(data, shown), theme("light"))
    for y, x in np.argwhere(data.owners >= 0).tolist():
        assert (over[y, x, 3] == 0) == (nearest[data.owners[y, x]] in (2, 5))


def test_picked_rows_alone_are_in_the_light_and_without_picks_everything_is(scene: Scene) -> None:
    data = show(scene, "original")
    mask = np.zeros(len(data.rows), bool)
    assert lit(data, mask, frozenset()) is None
    mask[[3, 8]] = True
    shown = lit(data, mask, frozenset())
    assert shown is not None
    assert np.flatnonzero(shown).tolist() == [3, 8]
    light = np.zeros(data.owners.shape, bool)
    for y, x in data.corners[[3, 8]].tolist():
        light[y : y + 5, x : x + 4] = True
    assert np.array_equal(covered_by(data, shown), light)


def test_each_place_has_the_colour_of_its_codeword(scene: Scene) -> None:
    look = theme("dark")
    few = replace(scene, snapshot=make_scene(np.asarray(scene.sample.X), prototypes=scene.prototypes[:4]).snapshot)
    data = show(few, "codewords")
    drawn = pixels(data, "codewords", look)
    assert not len(data.likeness)
    for y, x in np.argwhere(data.owners >= 0)[::7].tolist():
        assert tuple(drawn[y, x, :3]) == rgb(look.class_color(int(data.winners[data.owners[y, x]])))
    many = show(scene, "codewords")
    assert len(many.likeness) == len(scene.prototypes) > 10
    assert sorted(many.likeness) == pytest.approx(np.linspace(0, 1, len(many.likeness)))


def test_reconstruction_errors_and_psnr_are_those_of_nearest_codewords(scene: Scene) -> None:
    data = show(scene, "reconstruction")
    X, W = np.asarray(scene.sample.X, float), scene.prototypes
    coded = W[((X[:, None] - W[None]) ** 2).sum(axis=2).argmin(axis=1)]
    assert data.errors == pytest.approx(np.sqrt(((coded - X) ** 2).mean(axis=1)))
    original, made = Patchwork((23, 31), (5, 4)), Patchwork((23, 31), (5, 4))
    for work, values in ((original, X), (made, coded)):
        work.add(data.corners[:, 0], data.corners[:, 1], values)
    over = original.covered
    mse = float(((original.picture - made.picture)[over] ** 2).mean())
    assert data.mse == pytest.approx(mse)
    assert data.psnr == pytest.approx(10 * np.log10(255**2 / mse))
    assert data.reconstruction is not None
    assert np.array_equal(data.reconstruction, np.rint(made.picture).astype(np.uint8))
    assert "PSNR" in data.quality


def test_a_codebook_of_all_patches_makes_no_error(scene: Scene) -> None:
    exact = scene_of_all(scene)
    data = show(exact, "error")
    assert not data.errors.any()
    assert data.mse == 0
    assert "∞" in data.quality


def scene_of_all(scene: Scene) -> Scene:
    rows = np.asarray(scene.sample.X)
    return replace(scene, snapshot=make_scene(rows, prototypes=np.unique(rows, axis=0).astype(float)).snapshot)


def test_a_place_is_its_row_and_the_row_has_its_pixels(scene: Scene) -> None:
    data = show(scene, "original")
    rows = np.asarray(scene.sample.X).reshape(-1, 5, 4)
    for y in range(23):
        for x in range(31):
            place = data.place_at(y, x)
            if place is None:
                assert data.owners[y, x] == -1
                continue
            top, left = data.corners[place].tolist()
            alone = Patchwork((23, 31), (5, 4))
            alone.add(data.corners[[place], 0], data.corners[[place], 1], rows[data.rows[[place]]].reshape(1, -1))
            assert top <= y < top + 5
            assert left <= x < left + 4
            assert alone.picture[y, x] == rows[data.rows[place], y - top, x - left]
    assert data.place_at(-1, 0) is None
    assert data.place_at(0, 31) is None


def test_an_outline_picks_the_patches_whose_middle_is_inside(scene: Scene) -> None:
    outline = np.array([[3.2, 4.1], [20.3, 4.1], [20.3, 15.6], [3.2, 15.6]])
    places = scene.patches.find() if scene.patches else None
    assert places is not None
    x, y = places.left + 2.0, places.top + 2.5
    inside = (x > 3.2) & (x < 20.3) & (y > 4.1) & (y < 15.6)
    assert inside.any()
    assert np.array_equal(rows_of(Pick(test=within(outline, 0)), scene), inside)
    assert not rows_of(Pick(test=within(outline, 1)), scene).any()


def test_dropped_rows_leave_their_places_empty(scene: Scene) -> None:
    kept = np.arange(len(scene.every.kept)) % 3 > 0
    sample = replace(scene.sample, rows=np.flatnonzero(kept), X=np.asarray(scene.sample.X)[kept], n_total=kept.sum())
    data = show(replace(scene, every=replace(scene.every, kept=kept), sample=sample), "codewords")
    assert data.rows.tolist() == np.flatnonzero(kept).tolist()
    work = Patchwork((23, 31), (5, 4))
    work.add(data.corners[:, 0], data.corners[:, 1], np.asarray(scene.sample.X)[kept])
    assert np.array_equal(work.covered, data.owners >= 0)
    assert "dropped" in data.note
    none = replace(scene, every=replace(scene.every, kept=np.zeros_like(kept)), sample=replace(sample))
    empty = show(none, "error")
    assert (empty.owners == -1).all()
    assert figure(empty, theme("light")).axes


def test_one_patch_is_a_picture(scene: Scene) -> None:
    image = np.arange(20, dtype=np.uint8).reshape(5, 4)
    one = scene_of(image, np.zeros((1, 2), np.int64), (5, 4))
    data = show(one, "reconstruction")
    assert np.array_equal(data.original, image)
    assert data.mse == 0
    assert figure(data, theme("light")).axes


def test_a_picture_of_several_is_chosen() -> None:
    image = np.random.default_rng(5).integers(0, 256, (12, 12), np.uint8)
    corners = grid((12, 12), (4, 4), (4, 4))
    one = scene_of(image, corners, (4, 4))
    picture = (np.arange(9) > 3).astype(np.int32)
    places = Places(("a", "b"), np.array([[12, 12], [12, 12]]), picture, *corners.T.astype(np.int32))
    both = replace(one, patches=Patches(lambda: places, lambda W, raw: W))
    first, second = show(both, "original"), show(both, "original", 1)
    assert (first.name, second.name) == ("a", "b")
    assert np.array_equal(np.maximum(first.original, second.original), image)
    assert not ((first.owners >= 0) & (second.owners >= 0)).any()
    assert show(both, "original", 99).shown == 0


def test_what_cannot_be_put_together_says_why(scene: Scene) -> None:
    assert scene.patches is not None
    lost = replace(scene, patches=replace(scene.patches, find=lambda: None))
    assert compute(lost).trouble == NOT_KEPT
    assert compute(replace(scene, image_shape=None)).trouble == NOT_WHOLE
    assert compute(replace(scene, image_shape=(3, 3))).trouble == NOT_WHOLE
    huge = Places(("x",), np.array([[10**6, 10**6]]), *np.zeros((3, len(scene.every.kept)), np.int32))
    data = compute(replace(scene, patches=replace(scene.patches, find=lambda: huge)))
    assert "too many" in data.trouble
    for told, width in itertools.product((compute(lost), data), (None, 3.35)):
        look = theme("print") if width is None else replace(theme("print"), page=Page(width))
        made = canvas.paged(lambda look, told=told: figure(told, look), look)  # type: ignore[misc]
        FigureCanvasAgg(made).draw()
        (text,) = made.axes[0].texts
        box = text.get_window_extent()
        assert box.x0 >= 0
        assert box.x1 <= made.bbox.x1


def test_numbers_count_the_places_of_each_codeword(scene: Scene) -> None:
    data = show(scene, "error")
    rows = numbers_of("sources", data)
    assert rows is not None
    counts = np.bincount(data.winners, minlength=data.n_codewords)
    assert [row[1] for row in rows[1:]] == counts.tolist()
    assert rows[1][-1] == pytest.approx(float(data.errors[data.winners == 0].mean()))

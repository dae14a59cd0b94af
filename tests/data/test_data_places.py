"""Where patches come from: rows of an import are the pixels of their pictures at the places that their names tell."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from workbench.data import DataError, Imported, guess, places_of, read
from workbench.data.places import place_name

NAMES = st.text(st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\x00"), min_size=1, max_size=9)


def imported(paths: Any, **options: Any) -> Imported:
    return read(guess(paths, options={"rows": "patches", **options}))


def noise(path: Path, shape: tuple[int, ...], seed: int = 0) -> np.ndarray:
    pixels = np.random.default_rng(seed).integers(0, 256, shape, np.uint8)
    path.parent.mkdir(exist_ok=True)
    Image.fromarray(pixels).save(path)
    return pixels


@given(st.lists(st.tuples(NAMES, st.integers(0, 9999), st.integers(0, 9999)), min_size=1, max_size=30))
@settings(max_examples=60, deadline=None)
def test_places_are_read_as_they_were_written(told: list[tuple[str, int, int]]) -> None:
    found = places_of(np.array([place_name(*each) for each in told]), (3, 5))
    assert found is not None
    assert [found.pictures[k] for k in found.picture] == [name for name, _, _ in told]
    assert found.top.tolist() == [top for _, top, _ in told]
    assert found.left.tolist() == [left for _, _, left in told]
    for k, name in enumerate(found.pictures):
        reach = [(top + 3, left + 5) for each, top, left in told if each == name]
        assert found.sizes[k].tolist() == np.max(reach, axis=0).tolist()


@pytest.mark.parametrize(
    "name", ["", "a", "a:1", "a:1,", "a:,1", ":1,1", "a:-1,2", "a:1.5,2", "a:1,2,3", "a:99999999,0"]
)
def test_other_names_tell_no_place(name: str) -> None:
    assert places_of(np.array(["a:1,2", name]), (3, 3)) is None
    assert places_of(None, (3, 3)) is None
    assert places_of(np.empty(0, np.str_), (3, 3)) is None


@pytest.mark.parametrize("colour", ["grey", "rgb"])
@pytest.mark.parametrize("placement", ["dense", "random"])
def test_every_row_is_cut_from_its_place(tmp_path: Path, colour: str, placement: str) -> None:
    folder = tmp_path / "in"
    known = {name: noise(folder / name, (21, 34, 3), seed) for seed, name in enumerate(("b.png", "a:7,7.png"))}
    with imported(folder, colour=colour, placement=placement, patch=5, stride=3, count=60) as data:
        assert data.image_shape is not None
        found = places_of(data.ids, (5, 5), data.provenance["pictures"])
        assert found is not None
        assert set(found.pictures) == set(known)
        assert found.sizes.tolist() == [[21, 34], [21, 34]]
        rows = data.X.read(0, data.n_rows).reshape(-1, *data.image_shape)
        for row, which, top, left in zip(rows, found.picture, found.top, found.left, strict=True):
            with Image.open(folder / found.pictures[which]) as image:
                pixels = np.asarray(image if colour == "rgb" else image.convert("L"))
            assert np.array_equal(row, pixels[top : top + 5, left : left + 5])


def test_pictures_of_one_name_in_two_folders_stay_apart(tmp_path: Path) -> None:
    paths = [tmp_path / "one" / "p.png", tmp_path / "two" / "p.png"]
    for seed, path in enumerate(paths):
        noise(path, (16, 16), seed)
    with imported(paths, placement="dense", patch=8, stride=8) as data:
        found = places_of(data.ids, (8, 8), data.provenance["pictures"])
    assert found is not None
    assert found.pictures == ("one/p.png", "two/p.png")


def test_a_picture_smaller_than_a_patch_is_left_out_and_told_of(tmp_path: Path) -> None:
    noise(tmp_path / "in" / "large.png", (16, 16))
    noise(tmp_path / "in" / "small.png", (4, 16))
    with imported(tmp_path / "in", placement="dense", patch=8, stride=8) as data:
        found = places_of(data.ids, (8, 8), data.provenance["pictures"])
        assert "small.png" in data.warnings[0]
    assert found is not None
    assert found.pictures == ("large.png",)
    with pytest.raises(DataError, match="smaller than a patch"):
        imported(tmp_path / "in" / "small.png", patch=8)


@pytest.mark.parametrize("scaling", ["none", "standard"])
@pytest.mark.parametrize("whitening", ["none", "zca"])
def test_a_recipe_gives_each_row_its_own_contrast_back(tmp_path: Path, scaling: str, whitening: str) -> None:
    from workbench.data import Recipe, fit_recipe
    from workbench.data.watch import Watch

    raw = np.random.default_rng(0).normal(50, 20, (60, 6)) * np.random.default_rng(1).uniform(0.2, 3, (60, 1))
    recipe = Recipe(scaling=scaling, contrast=True, whitening=whitening)
    names = tuple("abcdef")
    from engines.rows import ArrayRows

    fitted = fit_recipe(recipe, ArrayRows(raw), names, np.ones(60, bool), Watch())
    made = fitted.transform(raw)
    assert np.allclose(fitted.inverse(made, raw), raw, atol=1e-3 if whitening == "none" else 2.0)
    assert not np.allclose(fitted.inverse(made), raw, atol=1.0)

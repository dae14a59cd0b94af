"""Sheets of prototypes that are pictures: every pixel whole, in their places, with labels where there is room."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.reports.conftest import Shelf
from workbench.cli import main
from workbench.data import guess
from workbench.reports import EXPORTS, ReportError, export, parse_options
from workbench.reports.sheet import SheetOptions, drawn_sheet
from workbench.session import Session

GREY = np.random.default_rng(0).integers(0, 256, (7, 3, 5), np.uint8)
COLOURED = np.random.default_rng(1).integers(0, 256, (7, 3, 5, 3), np.uint8)


@pytest.mark.parametrize("images", [GREY, COLOURED], ids=["grey", "coloured"])
@pytest.mark.parametrize(("columns", "scale", "gap"), [(3, 1, 0), (3, 4, 2), (7, 2, 1), (20, 3, 5), (1, 1, 9)])
def test_every_pixel_is_a_square_at_its_place_and_the_rest_is_ground(
    images: np.ndarray, columns: int, scale: int, gap: int
) -> None:
    made = drawn_sheet(images, columns, SheetOptions(scale=scale, gap=gap, ground="grey"))
    assert made.mode == ("L" if images.ndim == 3 else "RGB")
    sheet = np.asarray(made)
    across, down = min(columns, 7), -(-7 // columns)
    assert sheet.shape[:2] == (down * (3 * scale + gap) - gap, across * (5 * scale + gap) - gap)
    is_ground = np.ones(sheet.shape[:2], bool)
    for k, image in enumerate(images):
        y, x = (k // columns) * (3 * scale + gap), (k % columns) * (5 * scale + gap)
        tile = sheet[y : y + 3 * scale, x : x + 5 * scale]
        np.testing.assert_array_equal(tile, np.kron(image, np.ones((scale, scale, *[1] * (image.ndim - 2)), np.uint8)))
        is_ground[y : y + 3 * scale, x : x + 5 * scale] = False
    assert np.all(sheet[is_ground] == 128)


@pytest.mark.parametrize(("ground", "shade"), [("white", 255), ("black", 0), ("grey", 128)])
def test_labels_stand_under_their_pictures_and_leave_them_as_they_are(ground: Any, shade: int) -> None:
    options = SheetOptions(scale=8, gap=4, ground=ground)
    plain = np.asarray(drawn_sheet(GREY, 4, options))
    names = ["0", "a very long name of a class", "W", "W", "W", "W", ""]
    named = np.asarray(drawn_sheet(GREY, 4, options, names))
    under = (named.shape[0] - plain.shape[0]) // 2
    for k in range(7):
        y, x = (k // 4) * (24 + under + 4), (k % 4) * 44
        picture, below = named[y : y + 24, x : x + 40], named[y + 24 : y + 24 + under, x : x + 40]
        np.testing.assert_array_equal(picture, GREY[k].repeat(8, axis=0).repeat(8, axis=1))
        assert np.any(below != shade) == bool(names[k])
    assert np.all(named[:, 40:44] == shade)  # a long name is cut at its picture


def test_the_shades_of_the_sheet_are_those_of_the_data(shelf: Shelf, tmp_path: Path) -> None:
    (path,) = export("sheet", shelf.session, shelf.pictures, tmp_path / "s.png", options={"scale": 1, "gap": 0})
    with Image.open(path) as made:
        sheet, about = np.asarray(made), made.info
    W = shelf.pictures.model().prototypes_
    assert sheet.shape == (3 * 8, 4 * 8)  # 12 of them
    expected = np.rint(W / 16 * 255).reshape(3, 4, 8, 8).swapaxes(1, 2).reshape(24, 32)
    np.testing.assert_allclose(sheet, expected, atol=1)
    assert about["Description"] == "4 in a row; 0 is 0, 255 is 16"
    assert about["Title"] == "pictures: 12 prototypes"


def test_bytes_stay_the_same_bytes_in_colour_and_a_map_keeps_its_rows(tmp_path: Path) -> None:
    X = np.random.default_rng(0).integers(0, 256, (6, 4, 4, 3), np.uint8)
    np.savez(tmp_path / "c.npz", X=X)
    with Session.create(tmp_path / "p.vqw") as session:
        data = session.import_data(guess(tmp_path / "c.npz")).result(60)
        np.save(tmp_path / "w.npy", X.astype(np.float64))
        run = session.start_from(tmp_path / "w.npy", data, "SOM", {"shape": [2, 3]})
        (path,) = export("sheet", session, run, tmp_path / "s.png", options={"scale": 1, "gap": 0})
    with Image.open(path) as made:
        sheet = np.asarray(made)
    np.testing.assert_array_equal(sheet.reshape(2, 4, 3, 4, 3).swapaxes(1, 2).reshape(6, 4, 4, 3), X)


def test_labels_are_classes_or_numbers(shelf: Shelf, tmp_path: Path) -> None:
    made = {}
    for run in ("pictures", "readers"):
        for labels in (False, True):
            path = tmp_path / f"{run}{labels}.png"
            export("sheet", shelf.session, getattr(shelf, run), path, options={"labels": labels})
            with Image.open(path) as picture:
                made[run, labels] = picture.size
    for run in ("pictures", "readers"):
        assert made[run, True][1] > made[run, False][1]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"scale": 0}, "Sheet of pictures: scale must be an integer"),
        ({"colour": 1}, "The export sheet has no option 'colour'; there are columns, scale, gap, labels, ground"),
        ({"columns": 0}, "columns must be"),
        ({"ground": "pink"}, "ground must be"),
        ({"labels": True, "scale": 2}, "Labels do not fit under pictures of 16 pixels: choose a scale of 3 at least"),
        ({"columns": 1, "scale": 64, "gap": 256}, None),
    ],
)
def test_options_that_cannot_be_are_told_in_one_sentence(
    shelf: Shelf, tmp_path: Path, options: dict[str, Any], sentence: str | None
) -> None:
    if sentence is None:
        assert export("sheet", shelf.session, shelf.pictures, tmp_path / "s.png", options=options)
        return
    with pytest.raises(ReportError, match=sentence):
        export("sheet", shelf.session, shelf.pictures, tmp_path / "s.png", options=options)
    assert not list(tmp_path.iterdir())


def test_a_sheet_that_is_too_large_is_refused() -> None:
    with pytest.raises(ReportError, match=r"A sheet of 12,800 × 16,000 pixels is too large"):
        drawn_sheet(np.zeros((2000, 5, 5), np.uint8), 40, SheetOptions(scale=64, gap=0))


def test_only_pictures_have_a_sheet_and_other_exports_have_no_options(shelf: Shelf, tmp_path: Path) -> None:
    sheet = next(kind for kind in EXPORTS if kind.name == "sheet")
    assert [sheet.applies(run) for run in (shelf.pictures, shelf.readers, shelf.flowers)] == [True, True, False]
    with pytest.raises(ReportError, match="cannot be exported as sheet, which needs prototypes that are pictures"):
        export("sheet", shelf.session, shelf.flowers, tmp_path / "s.png")
    with pytest.raises(ReportError, match="The export codebook has no option 'scale'; there are none"):
        export("codebook", shelf.session, shelf.flowers, tmp_path / "w.csv", options={"scale": 2})


def test_words_are_parsed_as_the_options_are_declared() -> None:
    texts = {"columns": "none", "scale": "8", "labels": "true", "ground": "black"}
    assert parse_options("sheet", texts) == {"columns": None, "scale": 8, "labels": True, "ground": "black"}
    with pytest.raises(ReportError, match="scale must be an integer"):
        parse_options("sheet", {"scale": "big"})


def test_the_command_line_writes_a_sheet(shelf: Shelf, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shelf.session.project.transact(lambda _: None).result()
    (tmp_path / "copy.vqw").write_bytes(shelf.session.path.read_bytes())
    words = ["export", "sheet", str(tmp_path / "copy.vqw"), "--run", "pictures", "-o", str(tmp_path / "s.png")]
    assert main([*words, "--set", "columns=6", "--set", "scale=2", "--set", "gap=1"]) == 0
    with Image.open(tmp_path / "s.png") as made:
        assert made.size == (6 * 17 - 1, 2 * 17 - 1)
    assert main([*words, "--set", "scale=big"]) == 1
    assert "scale must be an integer" in capsys.readouterr().err

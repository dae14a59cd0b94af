"""Arrays, IDX files and images: dtypes, keys, companions, pictures and patches."""

from __future__ import annotations

import gzip
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_sample_images

from workbench.data import Imported, Plan, Recipe, correct, guess, pictures, preview, read
from workbench.data import rows as row_module
from workbench.data.pictures import read_picture
from workbench.data.rows import KeptRows, Spool


def imported(path: Path | list[Path], **options: object) -> Imported:
    return read(guess(path, options=options))


@pytest.fixture
def photographs(tmp_path: Path) -> list[Path]:
    paths = []
    for name, pixels in zip(("temple", "flower"), load_sample_images().images, strict=True):
        paths.append(tmp_path / f"{name}.png")
        Image.fromarray(pixels[:120, :160]).save(paths[-1])
    return paths


@pytest.mark.parametrize(
    ("stored", "kept"),
    [
        ("u1", "uint8"),
        ("?", "uint8"),
        ("i1", "float32"),
        (">u2", "float32"),
        ("f2", "float32"),
        (">f4", "float32"),
        ("<i4", "float64"),
        (">i8", "float64"),
        (">f8", "float64"),
        ("longdouble", "float64"),
    ],
)
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("suffix", ["npy", "npz"])
def test_arrays_of_any_number_type_and_order_are_read_exactly(
    tmp_path: Path, stored: str, kept: str, order: str, suffix: str
) -> None:
    X = np.asarray(np.random.default_rng(0).integers(0, 2, (50, 3)) * 100, dtype=stored, order=order)  # type: ignore[call-overload]
    path = tmp_path / f"t.{suffix}"
    np.save(path, X) if suffix == "npy" else np.savez(path, x=X)
    with imported(path) as table:
        assert table.X.dtype == kept
        np.testing.assert_array_equal(np.asarray(table.X), X)
        assert table.recipe.dtype == ("float64" if kept == "float64" else "float32")


@pytest.mark.parametrize("suffix", ["npy", "npz"])
def test_a_column_of_an_array_can_be_the_label_and_another_the_id(tmp_path: Path, suffix: str) -> None:
    X = np.column_stack([np.arange(9), np.random.default_rng(0).normal(size=9), np.arange(9) % 2])
    path = tmp_path / f"t.{suffix}"
    np.save(path, X) if suffix == "npy" else np.savez(path, x=X)
    with read(guess(path).with_roles({"column 1": "id", "column 3": "label"})) as table:
        np.testing.assert_array_equal(np.asarray(table.X), X[:, 1:2])
        assert table.ids is not None
        assert table.ids.tolist() == [str(k) for k in range(9)]
        assert table.classes == (0, 1)


def test_arrays_of_pictures_keep_their_shape(tmp_path: Path) -> None:
    for shape, expected in [
        ((9, 4, 5), (4, 5)),
        ((9, 4, 5, 3), (4, 5, 3)),
        ((9, 4, 5, 1), (4, 5)),
        ((9, 2, 4, 5), None),
    ]:
        images = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
        np.save(tmp_path / "t.npy", images)
        plan = guess(tmp_path / "t.npy")
        with read(plan) as table:
            assert table.image_shape == expected
            np.testing.assert_array_equal(np.asarray(table.X), images.reshape(9, -1))
        shown = preview(plan).images
        assert (shown is None) == (expected is None)


def test_an_archive_with_training_and_test_arrays_takes_the_training_pair(tmp_path: Path) -> None:
    x, y = np.random.default_rng(0).normal(size=(9, 2)), np.arange(9) % 3
    np.savez(tmp_path / "t.npz", x_test=x[:4], y_test=y[:4], x_train=x, y_train=y)
    plan = guess(tmp_path / "t.npz")
    assert plan.options == {"features": "x_train", "labels": "y_train", "matrices": "none"}
    assert plan.columns[-1].name == "y_train"
    test = correct(plan, features="x_test", labels="auto")
    assert test.options == {"features": "x_test", "labels": "y_test", "matrices": "none"}
    with read(correct(plan, features="x_test", labels="none")) as table:
        assert table.X.shape == (4, 2)
        assert table.codes is None


def test_a_large_array_is_read_where_it_lies(tmp_path: Path) -> None:
    X = np.random.default_rng(0).normal(size=(1000, 4))
    np.save(tmp_path / "t.npy", X)
    with imported(tmp_path / "t.npy") as table:
        np.lib.format.open_memmap(tmp_path / "t.npy", mode="r+")[500] = 7
        np.testing.assert_array_equal(table.X.read(500, 501), [[7, 7, 7, 7]])


def test_mnist_is_imported_with_its_labels(mnist: Path) -> None:
    raw = gzip.decompress((mnist / "t10k-images-idx3-ubyte.gz").read_bytes())[16:]
    plan = guess(mnist / "t10k-images-idx3-ubyte.gz")
    assert plan.options == {"labels": "t10k-labels-idx1-ubyte.gz"}
    with read(plan) as table:
        assert np.asarray(table.X).tobytes() == raw
        assert table.image_shape == (28, 28)
        assert table.classes == tuple(range(10))
        assert table.codes is not None
        assert np.bincount(table.codes).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
        assert table.feature_names[29] == "pixel 1,1"


def test_idx_files_are_read_with_and_without_gzip(mnist: Path, tmp_path: Path) -> None:
    for kind in ("images-idx3", "labels-idx1"):
        packed = (mnist / f"t10k-{kind}-ubyte.gz").read_bytes()
        (tmp_path / f"t10k-{kind}-ubyte").write_bytes(gzip.decompress(packed))
    with imported(mnist / "t10k-images-idx3-ubyte.gz") as ours, imported(tmp_path / "t10k-images-idx3-ubyte") as plain:
        np.testing.assert_array_equal(np.asarray(ours.X), np.asarray(plain.X))
        np.testing.assert_array_equal(ours.codes, plain.codes)


def test_random_patches_say_where_they_were_cut(photographs: list[Path]) -> None:
    plan = guess(photographs)
    assert plan.options["rows"] == "patches"
    with read(correct(plan, count=300, patch=7, seed=5)) as table:
        assert table.X.shape == (300, 49)
        assert table.image_shape == (7, 7)
        assert table.ids is not None
        sources = {path.name: np.asarray(Image.open(path).convert("L")) for path in photographs}
        for k, identifier in enumerate(table.ids.tolist()):
            name, place = identifier.split(":")
            row, column = map(int, place.split(","))
            patch = sources[name][row : row + 7, column : column + 7]
            np.testing.assert_array_equal(table.X.read(k, k + 1)[0], patch.ravel())


def test_random_patches_repeat_with_their_seed_and_differ_with_another(photographs: list[Path]) -> None:
    ids = []
    for seed in (1, 1, 2):
        with imported(photographs, count=50, seed=seed) as table:
            ids.append(list(table.ids if table.ids is not None else []))
    assert ids[0] == ids[1] != ids[2]


def test_dense_patches_cover_the_grid_in_order(photographs: list[Path]) -> None:
    plan = guess(photographs[0], options={"placement": "dense", "stride": 20, "patch": 40, "colour": "rgb"})
    assert preview(plan).n_rows == 5 * 7
    with read(plan) as table:
        assert table.X.shape == (35, 40 * 40 * 3)
        assert table.ids is not None
        assert table.ids.tolist() == [f"temple.png:{r},{c}" for r in range(0, 81, 20) for c in range(0, 121, 20)]
        whole = np.asarray(Image.open(photographs[0]))
        np.testing.assert_array_equal(table.X.read(8, 9)[0].reshape(40, 40, 3), whole[20:60, 20:60])


def test_whitened_patches_have_flat_covariance_and_prototypes_map_back_to_pixels(photographs: list[Path]) -> None:
    plan = correct(guess(photographs), count=3000)
    plan = replace(plan, recipe=Recipe(contrast=True, whitening="zca", whitening_floor=1e-3))
    with read(plan) as table:
        raw = table.X.read(0, 3000)
        white = table.recipe.transform(raw)
        spectrum = np.linalg.eigvalsh(np.cov(white.T))
        before = np.linalg.eigvalsh(np.cov(raw.T.astype(float)))
        assert np.median(spectrum) / spectrum[-1] > 10 * np.median(before) / before[-1]
        back = table.recipe.inverse(white)
        correlation = [np.corrcoef(a, b)[0, 1] for a, b in zip(raw.astype(float), back, strict=True) if a.std() > 1]
        assert min(correlation) > 0.999


def test_images_of_other_sizes_and_modes_are_brought_to_one(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    for k, mode in enumerate(["L", "RGB", "RGBA", "P", "1", "CMYK", "LA"]):
        pixels = random.integers(0, 256, (20 + k, 30, 3), dtype=np.uint8)
        Image.fromarray(pixels).convert(mode).save(tmp_path / f"{k}.{'tif' if mode == 'CMYK' else 'png'}")
    Image.fromarray(random.integers(0, 65536, (20, 30), dtype=np.uint16)).save(tmp_path / "deep.png")
    with imported(tmp_path, height=12, width=10) as table:
        assert table.X.shape == (8, 12 * 10 * 3)
        assert table.image_shape == (12, 10, 3)
    with imported(tmp_path, height=12, width=10, colour="grey", fit="stretch") as table:
        assert table.image_shape == (12, 10)


def test_sixteen_bit_greys_are_scaled_and_transparency_is_white(tmp_path: Path) -> None:
    Image.fromarray(np.array([[0, 32768], [65535, 257]], np.uint16)).save(tmp_path / "deep.png")
    assert read_picture(tmp_path / "deep.png", colour=False).tolist() == [[0, 128], [255, 1]]
    Image.fromarray(np.zeros((2, 2, 4), np.uint8), "RGBA").save(tmp_path / "clear.png")
    assert (read_picture(tmp_path / "clear.png", colour=True) == 255).all()


def test_a_photograph_is_turned_as_its_camera_says(tmp_path: Path) -> None:
    image = Image.fromarray(np.zeros((40, 90), np.uint8))
    exif = image.getexif()
    exif[0x0112] = 6
    image.save(tmp_path / "t.jpg", exif=exif)
    assert read_picture(tmp_path / "t.jpg", colour=False).shape == (90, 40)


def test_a_broken_image_in_a_folder_is_left_out_and_told(tmp_path: Path) -> None:
    for k in range(5):
        pixels = np.random.default_rng(k).integers(0, 256, (20, 20), dtype=np.uint8)
        Image.fromarray(pixels).save(tmp_path / f"{k}.png")
    (tmp_path / "3.png").write_bytes((tmp_path / "3.png").read_bytes()[:-100])
    plan = guess(tmp_path)
    assert "3.png is damaged" in preview(plan).warnings[0]
    with read(plan) as table:
        assert table.ids is not None
        assert table.ids.tolist() == ["0.png", "1.png", "2.png", "4.png"]
        assert table.warnings == (
            "Images left out (1): 3.png is damaged or incomplete: it cannot be read as a picture.",
        )


def test_images_beside_sub_folders_have_no_label(tmp_path: Path) -> None:
    for name in ("loose.png", "oak/a.png", "elm/b.png", "oak/deep/c.png", ".hidden/d.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (8, 8)).save(tmp_path / name)
    with imported(tmp_path) as table:
        assert table.classes == ("elm", "oak")
        assert table.codes is not None
        assert table.ids is not None
        found = dict(zip(table.ids.tolist(), table.codes.tolist(), strict=True))
        assert found == {"loose.png": -1, "elm/b.png": 0, "oak/a.png": 1, "oak/deep/c.png": 1}


def test_a_plan_for_several_images_survives_json(photographs: list[Path]) -> None:
    plan = guess(photographs)
    assert Plan.from_json(plan.to_json()).paths == tuple(map(str, photographs))


def test_kept_rows_are_those_of_fancy_indexing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(row_module, "BLOCK_BYTES", 8 * 3 * 5)
    X = np.random.default_rng(0).normal(size=(100, 3))
    spool = Spool(3, np.float64)
    for start in range(0, 100, 7):
        spool.append(X[start : start + 7])
    kept = np.flatnonzero(np.random.default_rng(1).random(100) < 0.3)
    rows = KeptRows(spool, kept)
    for start, stop in [(0, len(kept)), (3, 9), (5, 6), (20, 999)]:
        np.testing.assert_array_equal(rows.read(start, stop), X[kept[start:stop]])
    np.testing.assert_array_equal(np.asarray(spool), X)
    spool.close()


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16", "I", "F"])
@pytest.mark.parametrize("colour", [False, True])
def test_a_picture_is_the_same_in_whatever_bands_it_is_converted(
    mode: str, colour: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "picture.tif"
    rng = np.random.default_rng(0)
    if mode in ("I;16", "I", "F"):
        image = Image.fromarray(rng.integers(0, 65_536, (23, 9)).astype({"I;16": "u2", "I": "i4", "F": "f4"}[mode]))
    else:
        image = Image.fromarray(rng.integers(0, 256, (23, 9, 4), dtype=np.uint8)).convert("RGB").convert(mode)
    image.save(path)
    whole = read_picture(path, colour)
    monkeypatch.setattr(pictures, "_BAND_PIXELS", 36)
    np.testing.assert_array_equal(read_picture(path, colour), whole)
    assert whole.shape == ((23, 9, 3) if colour else (23, 9))

"""HDF5 and MATLAB 7.3: the numbers are those that h5py wrote, in whatever layout, and labels belong to their rows."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.io import savemat

from workbench.data import DataError, Imported, Plan, guess, preview, read
from workbench.data import hdf5 as hdf5_module
from workbench.data.watch import Watch

N = 24
X = np.random.default_rng(0).normal(size=(N, 5))
TREES = [("Ölbaum", "elm", "yew")[k % 3] for k in range(N)]


def imported(path: Path, **options: object) -> Imported:
    return read(guess(path, options=options))


def matlab(path: Path, **arrays: Any) -> Path:
    """As MATLAB writes: a block of its own first, axes turned round, texts as numbers."""
    with h5py.File(path, "w", userblock_size=512) as file:
        for name, array in arrays.items():
            array = np.asarray(array)
            texts = array.dtype.kind == "U"
            if texts:
                width = array.dtype.itemsize // 4
                array = np.array([[ord(letter) for letter in text.ljust(width)] for text in array.tolist()], np.uint16)
            file[name] = np.ascontiguousarray(array.T)
            file[name].attrs["MATLAB_class"] = np.bytes_("char" if texts else "double")
    with path.open("r+b") as opened:
        opened.write(b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(508) + b"\0\2IM")
    return path


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    array=hnp.arrays(
        st.sampled_from(["u1", "<i2", ">i4", "<f4", ">f8", "<i8"]),
        hnp.array_shapes(min_dims=2, max_dims=3, min_side=2, max_side=9),
        elements=st.integers(0, 100),
    ),
    chunked=st.booleans(),
    packed=st.sampled_from([None, "gzip", "lzf"]),
    transposed=st.booleans(),
    data=st.data(),
)
def test_numbers_are_those_that_were_written_in_every_layout(
    tmp_path: Path, array: np.ndarray, chunked: bool, packed: str | None, transposed: bool, data: st.DataObject
) -> None:
    path = tmp_path / "any.h5"
    chunks = tuple(data.draw(st.integers(1, length)) for length in array.shape) if chunked or packed else None
    with h5py.File(path, "w") as file:
        file.create_dataset("a/b", data=array, chunks=chunks, compression=packed)
    options = hdf5_module.Options("a/b", "none", "yes" if transposed else "no", "none")
    seen = hdf5_module.sample([path], options)
    plan = Plan((str(path),), "hdf5", dict(vars(options)), seen.columns)
    table = hdf5_module.load(plan, options, Watch())
    rows = array.T if transposed else array
    np.testing.assert_array_equal(np.asarray(table.rows), rows.reshape(len(rows), -1))
    np.testing.assert_array_equal(np.array(seen.values).T, rows.reshape(len(rows), -1))
    table.rows.close()


@pytest.mark.parametrize(
    "stored",
    [
        TREES,
        np.array([tree.encode() for tree in TREES]),
        np.array([[tree.encode()] for tree in TREES]),
        np.array([[tree.encode() for tree in TREES]]),
    ],
    ids=["variable", "fixed", "column", "row"],
)
def test_texts_of_every_kind_are_labels(tmp_path: Path, stored: Any) -> None:
    with h5py.File(tmp_path / "trees.h5", "w") as file:
        file["X"], file["y"] = X, stored
    with imported(tmp_path / "trees.h5") as found:
        np.testing.assert_array_equal(np.asarray(found.X), X)
        assert found.y is not None
        assert found.y.tolist() == TREES


def test_a_file_of_matlab_has_its_rows_along_the_last_axis_as_stored(tmp_path: Path) -> None:
    y = (np.arange(N) % 3)[:, None]
    path = matlab(tmp_path / "m.mat", fea=X, gnd=y, labels=np.array(TREES))
    with imported(path) as found:
        assert found.plan.options["transposed"] == "yes"
        np.testing.assert_array_equal(np.asarray(found.X), X)
        assert found.y is not None
        assert found.y.tolist() == TREES
    with imported(path, labels="gnd") as found:
        assert found.y is not None
        assert found.y.tolist() == y[:, 0].tolist()
    with imported(path, transposed="no", labels="none") as found:
        np.testing.assert_array_equal(np.asarray(found.X), X.T)


def test_pictures_of_matlab_stand_upright(tmp_path: Path) -> None:
    pictures = np.random.default_rng(0).normal(size=(N, 4, 6))
    with imported(matlab(tmp_path / "m.mat", images=pictures)) as found:
        assert found.image_shape == (4, 6)
        np.testing.assert_array_equal(np.asarray(found.X), pictures.reshape(N, -1))


def test_symmetric_positive_definite_matrices_are_recognised(tmp_path: Path) -> None:
    A = np.random.default_rng(0).normal(size=(N, 3, 9))
    with h5py.File(tmp_path / "s.h5", "w") as file:
        file["covariances"] = A @ A.transpose(0, 2, 1)
    with imported(tmp_path / "s.h5") as found:
        assert (found.kind, found.image_shape) == ("spd", (3, 3))


def test_the_array_named_as_data_with_the_most_rows_is_chosen_with_the_labels_beside_it(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "t.h5", "w") as file:
        file["larger"] = np.ones((500, 9))
        for part, n in (("test", 10), ("train", 40)):
            file[f"{part}/x"], file[f"{part}/y"] = np.ones((n, 3)), np.arange(n) % 2
    plan = guess(tmp_path / "t.h5")
    assert (plan.options["array"], plan.options["labels"]) == ("train/x", "train/y")
    offers = preview(plan).offers
    assert [offer.value for offer in offers["array"]] == ["larger", "test/x", "test/y", "train/x", "train/y"]
    assert offers["array"][0].about == "500 × 9 float64"
    assert [offer.value for offer in offers["labels"]] == ["test/y", "train/y"]


def test_files_that_only_look_like_hdf5_are_refused_with_what_to_do(tmp_path: Path) -> None:
    savemat(tmp_path / "old.mat", {"X": X})
    with pytest.raises(DataError, match=r"old.mat is a MATLAB file of an older kind: save it again .* -v7.3"):
        guess(tmp_path / "old.mat")
    with h5py.File(tmp_path / "t.h5", "w") as file:
        file["X"] = X
    (tmp_path / "t.h5.gz").write_bytes(gzip.compress((tmp_path / "t.h5").read_bytes()))
    with pytest.raises(DataError, match=r"t.h5.gz is compressed as a whole: unpack it first"):
        guess(tmp_path / "t.h5.gz")


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"array": "nothing"}, 'has no array "nothing"'),
        ({"array": "X", "labels": "short"}, r"short in t.h5 has the shape \(3,\), but X has 24 rows"),
        ({"array": "names"}, "holds text"),
    ],
)
def test_a_choice_that_does_not_fit_is_refused(options: dict[str, str], word: str, tmp_path: Path) -> None:
    with h5py.File(tmp_path / "t.h5", "w") as file:
        file["X"], file["short"], file["names"] = X, np.arange(3), TREES
    with pytest.raises(DataError, match=word):
        guess(tmp_path / "t.h5", options=options)

"""Prototypes read from tables, arrays and JSON that others wrote: which columns, which labels, what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import polars as pl
import pytest

from workbench.data import DataError, Prototypes, read_prototypes
from workbench.data.prototypes import labels_among, matched

NAMES = ("length", "width", "weight")
ROWS = np.array([[1.0, 2.0, 3.0], [4.0, 5.5, 6.0], [0.1, 1 / 3, -2e-7]])
CLASSES = ("red", "green")


def table(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def as_rows(found: Prototypes, classes: tuple[Any, ...] = ()) -> np.ndarray:
    return matched(found, NAMES, ("cm", "", ""), classes, "dataset 'd'").rows


def as_labels(found: Prototypes, classes: tuple[Any, ...]) -> list[int] | None:
    there = matched(found, NAMES, ("cm", "", ""), classes, "dataset 'd'")
    codes = labels_among(found, there.columns.tolist(), classes, "dataset 'd'")
    return None if codes is None else codes.tolist()


def lines(names: tuple[str, ...], labels: tuple[str, ...] = (), place: int = 0) -> str:
    """A CSV with a row of names, and a column of labels at `place`."""
    rows = [list(names), *([repr(v) for v in row] for row in ROWS.tolist())]
    for row, label in zip(rows, ("kind", *labels), strict=False):
        if labels:
            row.insert(place, label)
    return "\n".join(",".join(row) for row in rows if any(row)) + "\n"


def test_columns_are_found_by_name_in_any_order_and_with_their_units(tmp_path: Path) -> None:
    data = pl.DataFrame({"weight": ROWS[:, 2], "other": ROWS[:, 0] + 9, "width": ROWS[:, 1], "length [cm]": ROWS[:, 0]})
    for name, write in {
        "a.csv": data.write_csv,
        "a.parquet": data.write_parquet,
        "a.xlsx": data.write_excel,
    }.items():
        write(tmp_path / name)
        found = read_prototypes(tmp_path / name)
        np.testing.assert_array_equal(as_rows(found), ROWS)
        assert found.are_original is None


def test_columns_of_other_names_are_taken_in_their_order_and_that_is_told(tmp_path: Path) -> None:
    found = read_prototypes(table(tmp_path / "a.csv", lines(("a", "b", "c"))))
    made = matched(found, NAMES, ("", "", ""), (), "dataset 'd'")
    np.testing.assert_array_equal(made.rows, ROWS)
    assert made.remarks == (
        "The columns are named otherwise than in dataset 'd', so they are taken in their order: \"a\" is "
        '"length", and so on to "c", which is "weight".',
    )


def test_a_table_without_names_is_taken_as_it_stands(tmp_path: Path) -> None:
    found = read_prototypes(table(tmp_path / "a.csv", lines(("", "", ""))))
    made = matched(found, NAMES, ("", "", ""), (), "dataset 'd'")
    np.testing.assert_array_equal(made.rows, ROWS)
    assert made.remarks == ()


def test_another_unit_is_told(tmp_path: Path) -> None:
    found = read_prototypes(table(tmp_path / "a.csv", lines(("length [mm]", "width", "weight"))))
    (remark,) = matched(found, NAMES, ("cm", "", ""), (), "dataset 'd'").remarks
    assert remark == "\"length\" is in mm there, but in cm in dataset 'd': it is taken as it stands."


@pytest.mark.parametrize("place", [0, 3])
@pytest.mark.parametrize("labels", [("green", "red", "green"), ("red", "red", "green")])
@pytest.mark.parametrize("names", [NAMES, ("a", "b", "c")])
def test_a_column_of_classes_is_the_label_wherever_it_stands(
    tmp_path: Path, place: int, labels: tuple[str, ...], names: tuple[str, ...]
) -> None:
    found = read_prototypes(table(tmp_path / "a.csv", lines(names, labels, place)))
    assert as_labels(found, CLASSES) == [CLASSES.index(label) for label in labels]
    np.testing.assert_array_equal(as_rows(found, CLASSES), ROWS)


@pytest.mark.parametrize("place", [0, 3])
def test_classes_that_are_numbers_are_found_too_with_names_or_without(tmp_path: Path, place: int) -> None:
    for names in (NAMES, ("", "", "")):
        text = lines(names, ("3", "7", "3"), place)
        text = text if any(names) else text.partition("\n")[2]
        found = read_prototypes(table(tmp_path / "a.csv", text))
        assert as_labels(found, (3, 7)) == [0, 1, 0]
        np.testing.assert_array_equal(as_rows(found, (3, 7)), ROWS)


def test_a_feature_that_is_named_like_a_label_stays_a_feature(tmp_path: Path) -> None:
    found = read_prototypes(table(tmp_path / "a.csv", "class,b,c\n1,2,3\n2,5,6\n1,8,9\n"))
    made = matched(found, ("class", "b", "c"), ("", "", ""), (1, 2), "dataset 'd'")
    np.testing.assert_array_equal(made.rows, [[1, 2, 3], [2, 5, 6], [1, 8, 9]])
    assert labels_among(found, made.columns.tolist(), (1, 2), "dataset 'd'") is None


def test_numbers_of_rows_are_no_feature(tmp_path: Path) -> None:
    text = "\n".join(f"{k - 1 if k else 'id'},{line}" for k, line in enumerate(lines(("a", "b", "c")).split("\n")[:-1]))
    np.testing.assert_array_equal(as_rows(read_prototypes(table(tmp_path / "a.csv", text))), ROWS)


def test_arrays_that_are_named_like_prototypes_are_taken_with_their_labels(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", ROWS)
    np.savez(tmp_path / "a.npz", x=np.zeros((9, 9)), cluster_centers_=ROWS, labels=np.array(["red", "red", "green"]))
    np.savez(tmp_path / "one.npz", any_name=ROWS, mean=np.zeros(3))
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["net/codebook"], file["net/y"] = ROWS, [b"red", b"green", b"red"]
        file["net/x"] = np.zeros((5, 3))
    for name, labels in {"a.npy": None, "a.npz": [0, 0, 1], "one.npz": None, "a.h5": [0, 1, 0]}.items():
        found = read_prototypes(tmp_path / name)
        np.testing.assert_array_equal(as_rows(found), ROWS)
        assert as_labels(found, CLASSES) == labels


def test_json_is_a_list_of_rows_or_has_prototypes_and_labels(tmp_path: Path) -> None:
    table(tmp_path / "a.json", json.dumps(ROWS.tolist()))
    table(tmp_path / "b.json", json.dumps({"prototypes": ROWS.tolist(), "labels": ["green", "red", "red"]}))
    for name, labels in {"a.json": None, "b.json": [1, 0, 0]}.items():
        found = read_prototypes(tmp_path / name)
        np.testing.assert_array_equal(as_rows(found), ROWS)
        assert as_labels(found, CLASSES) == labels


def test_pictures_are_matched_by_their_pixels(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.arange(12.0).reshape(3, 2, 2))
    names = tuple(f"pixel {i},{j}" for i in range(2) for j in range(2))
    found = read_prototypes(tmp_path / "a.npy")
    assert matched(found, names, ("",) * 4, (), "d").rows.tolist() == np.arange(12.0).reshape(3, 4).tolist()
    with pytest.raises(DataError, match=r"lacks the column \"pixel 0,2\" and 1 more of d"):
        matched(found, tuple(f"pixel {i},{j}" for i in range(1) for j in range(4)), ("",) * 4, (), "d")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("length,width\n1,2\n3,4\n", r'a.csv lacks the column "weight" of dataset .d.: choose'),
        ("a,b\n1,2\n3,4\n", r"a.csv has 2 columns of numbers, but dataset 'd' has 3 features"),
        ("length,width,weight\n1,2,3\n4,,6\n", r'Prototype 1 in a.csv has no value of "width": fill it in'),
        ("length,width,weight\n1,2,3\n4,inf,6\n", r'Prototype 1 in a.csv has no value of "width": fill it in'),
        ("length,width,weight\n1,2,3\n4,x,6\n", r'a.csv lacks the column "width" of dataset'),
    ],
)
def test_a_table_that_does_not_fit_is_refused_in_a_sentence(tmp_path: Path, text: str, sentence: str) -> None:
    found = read_prototypes(table(tmp_path / "a.csv", text))
    with pytest.raises(DataError, match=sentence):
        as_rows(found)


def test_a_class_that_is_not_known_is_named(tmp_path: Path) -> None:
    found = read_prototypes(table(tmp_path / "a.csv", lines(NAMES, ("red", "blue", "blue"))))
    with pytest.raises(DataError, match=r'of the class "blue", which dataset .d. does not have; its classes are red'):
        as_labels(found, CLASSES)


def test_a_file_that_holds_no_prototypes_is_refused_in_a_sentence(tmp_path: Path) -> None:
    np.savez(tmp_path / "many.npz", a=np.zeros((3, 2)), b=np.zeros((4, 2)))
    np.savez(tmp_path / "books.npz", book=np.zeros(4), word=np.arange(4), prototypes=np.zeros((4, 2)))
    table(tmp_path / "books.csv", "book,word,label,training rows,a\n0,0,,3,1.5\n0,1,,4,2.5\n")
    table(tmp_path / "broken.json", '{"prototypes": [[1, 2]')
    table(tmp_path / "odd.json", '{"prototypes": [[1, 2], [3]]}')
    table(tmp_path / "deep.json", "[" * 100_000)
    (tmp_path / "broken.npz").write_bytes(b"PK\x03\x04 .npy and no more")
    for name, sentence in {
        "nothing.csv": "There is no file",
        "many.npz": r'has no array called "prototypes": give that name to the one that holds them; there are a, b',
        "books.npz": "holds words of several books",
        "books.csv": "holds words of several books",
        "broken.json": "is no JSON, or is damaged",
        "odd.json": "holds no prototypes that can be read",
        "deep.json": "is no JSON, or is damaged",
        "broken.npz": "is a damaged archive",
    }.items():
        with pytest.raises(DataError, match=sentence):
            read_prototypes(tmp_path / name)


def test_a_file_of_more_rows_than_any_codebook_has_is_data(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.zeros((200_000, 1), np.uint8))
    with pytest.raises(DataError, match=r"200,000 rows, more than any codebook has prototypes: import it as data"):
        read_prototypes(tmp_path / "a.npy")

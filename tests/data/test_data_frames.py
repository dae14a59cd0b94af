"""Typed tables: what each kind of column becomes, nested columns, sheets and ranges, files larger than one batch."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import xlsxwriter

from workbench.data import DataError, Encoding, guess, preview, read

Writer = Callable[[pl.DataFrame, Path], Path]


def _parquet(frame: pl.DataFrame, folder: Path) -> Path:
    frame.write_parquet(folder / "t.parquet")
    return folder / "t.parquet"


def _arrow(frame: pl.DataFrame, folder: Path) -> Path:
    frame.write_ipc(folder / "t.feather")
    return folder / "t.feather"


def _excel(frame: pl.DataFrame, folder: Path) -> Path:
    frame.write_excel(folder / "t.xlsx")
    return folder / "t.xlsx"


every_kind = pytest.mark.parametrize("write", [_parquet, _arrow, _excel])
streamed = pytest.mark.parametrize("write", [_parquet, _arrow])

PLAIN = pl.DataFrame(
    {
        "whole": [1, 2, None, 4],
        "real": [0.5, float("nan"), 2.5, 3.5],
        "flag": [True, False, None, True],
        "day": [dt.date(2024, 1, k) for k in (1, 2, 3, 4)],
        "moment": [dt.datetime(2024, 1, 1, 6 * k) for k in range(4)],
        "colour": ["red", "blue", None, "red"],
    }
)
DAYS = np.array([(dt.date(2024, 1, k) - dt.date(1970, 1, 1)).days for k in (1, 2, 3, 4)], float)


@every_kind
def test_each_kind_of_column_becomes_what_it_means(write: Writer, tmp_path: Path) -> None:
    plan = guess(write(PLAIN, tmp_path))
    assert [c.type for c in plan.columns] == ["number", "number", "number", "date", "date", "text"]
    assert [c.role for c in plan.columns] == ["feature"] * 3 + ["ignore", "ignore", "label"]
    plan = plan.with_encodings({"colour": Encoding("one-hot"), "day": Encoding("date"), "moment": Encoding("date")})
    with read(plan) as imported:
        X = imported.X.read(0, 4)
    nan = np.nan
    moments = DAYS[0] + np.arange(4) / 4
    wanted = [[1, 2, nan, 4], [0.5, nan, 2.5, 3.5], [1, 0, nan, 1], DAYS, moments, [0, 1, nan, 0], [1, 0, nan, 1]]
    np.testing.assert_allclose(X, np.array(wanted).T, rtol=0, atol=1e-9)


@streamed
def test_kinds_of_columns_that_only_columnar_files_have(write: Writer, tmp_path: Path) -> None:
    frame = pl.DataFrame(
        {
            "kind": pl.Series(["b", "a", "b"], dtype=pl.Categorical),
            "price": pl.Series(["1.25", "2.50", "-3.75"]).cast(pl.Decimal(10, 2)),
            "took": [dt.timedelta(hours=12), dt.timedelta(days=2), dt.timedelta(0)],
            "at": [dt.time(6), dt.time(12), dt.time(18)],
            "big": pl.Series([2**40, 1, 2], dtype=pl.UInt64),
        }
    )
    plan = guess(write(frame, tmp_path))
    wished = {"kind": Encoding("one-hot"), "took": Encoding("date"), "at": Encoding("date")}
    with read(plan.with_encodings(wished)) as imported:
        X = imported.X.read(0, 3)
    wanted = [[0, 1, 0], [1, 0, 1], [1.25, 2.5, -3.75], [0.5, 2, 0], [0.25, 0.5, 0.75], [2**40, 1, 2]]
    np.testing.assert_array_equal(X, np.array(wanted).T)


@streamed
def test_nested_columns_are_taken_apart_or_told_of(write: Writer, tmp_path: Path) -> None:
    frame = pl.DataFrame(
        {
            "place": [{"x": 1.0, "y": 2.0}, {"x": 3.0, "y": 4.0}],
            "vector": pl.Series([[1.0, 2.0], [3.0, 4.0]], dtype=pl.Array(pl.Float32, 2)),
            "list": [[5, 6, 7], [8, 9, 10]],
            "ragged": [[1], [1, 2]],
            "blob": [b"1", b"2"],
        }
    )
    path = write(frame, tmp_path)
    plan = guess(path)
    assert [c.name for c in plan.columns] == [
        *("place.x", "place.y", "vector 1", "vector 2", "list 1", "list 2", "list 3")
    ]
    assert any('left out (2, "ragged" the first)' in warning for warning in preview(plan).warnings)
    with read(plan) as imported:
        np.testing.assert_array_equal(imported.X.read(0, 2), [[1, 2, 1, 2, 5, 6, 7], [3, 4, 3, 4, 8, 9, 10]])


def test_a_list_that_turns_out_longer_is_refused(tmp_path: Path) -> None:
    path = _parquet(pl.DataFrame({"v": [[1, 2]] * 1500 + [[1, 2, 3]], "x": range(1501)}), tmp_path)
    with pytest.raises(DataError, match="not all of one length"):
        read(guess(path))


@streamed
def test_more_rows_than_one_batch_come_in_their_order(write: Writer, tmp_path: Path) -> None:
    n = 150_000
    x = np.random.default_rng(0).normal(size=n)
    frame = pl.DataFrame({"x": x, "place": np.arange(n), "label": np.arange(n) % 7})
    with read(guess(write(frame, tmp_path))) as imported:
        np.testing.assert_array_equal(imported.X.read(0, n), np.stack([x, np.arange(n)], axis=1))
        assert imported.y is not None
        np.testing.assert_array_equal(imported.y, np.arange(n) % 7)


@streamed
def test_a_text_among_numbers_written_as_text_is_named(write: Writer, tmp_path: Path) -> None:
    texts = [str(k) for k in range(3000)] + ["many"]
    path = write(pl.DataFrame({"n": texts, "x": range(3001)}), tmp_path)
    assert guess(path).columns[0].type == "number"
    with pytest.raises(DataError, match=r'"n" of .* holds "many"'):
        read(guess(path).with_roles({"n": "feature"}))


def test_the_first_feather_format_is_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / "old.feather").write_bytes(b"FEA1" + bytes(100))
    with pytest.raises(DataError, match="first version"):
        guess(tmp_path / "old.feather")


def test_a_table_without_rows_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no rows"):
        guess(_parquet(pl.DataFrame({"a": pl.Series([], dtype=pl.Float64)}), tmp_path))


# spreadsheets


def _book(path: Path, sheets: dict[str, list[list[Any]]], at: tuple[int, int] = (0, 0)) -> Path:
    with xlsxwriter.Workbook(path, {"nan_inf_to_errors": True}) as book:
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            for i, row in enumerate(rows):
                for j, value in enumerate(row):
                    if value is not None:
                        sheet.write(at[0] + i, at[1] + j, value)
    return path


TREES = [["height", "age", "tree"], [1.5, 3, "oak"], [2.5, 4, "elm"], [3.5, 5, "oak"]]


def test_the_first_sheet_with_anything_in_it_is_taken_and_told(tmp_path: Path) -> None:
    path = _book(tmp_path / "t.xlsx", {"empty": [], "trees": TREES, "other": [["a"], [1]]})
    plan = guess(path)
    assert plan.options["sheet"] == "trees"
    assert any("trees" in warning for warning in preview(plan).warnings)
    assert [c.name for c in guess(path, None, {"sheet": "other"}).columns] == ["a"]
    with pytest.raises(DataError, match='no sheet "birds"; it has empty, trees, other'):
        guess(path, None, {"sheet": "birds"})
    with pytest.raises(DataError, match='nothing in sheet "empty"'):
        guess(path, None, {"sheet": "empty"})


def test_a_title_and_blank_rows_above_the_table_are_left_out(tmp_path: Path) -> None:
    path = _book(tmp_path / "t.xlsx", {"trees": [["Trees of 2024"], [], *TREES]}, at=(2, 3))
    plan = guess(path)
    assert [c.name for c in plan.columns] == ["height", "age", "tree"]
    assert any("above the table left out: 1" in warning for warning in preview(plan).warnings)
    with read(plan) as imported:
        np.testing.assert_array_equal(imported.X.read(0, 3), [[1.5, 3], [2.5, 4], [3.5, 5]])
        assert imported.y is not None
        assert imported.y.tolist() == ["oak", "elm", "oak"]


@pytest.mark.parametrize(
    ("range_", "names", "rows"),
    [
        ("B2:C4", ["height", "age"], [[1.5, 3], [2.5, 4]]),
        ("b2:b", ["height"], [[1.5], [2.5], [3.5]]),
        ("$C$2:$C$5", ["age"], [[3], [4], [5]]),
        ("B:C", ["height", "age"], [[1.5, 3], [2.5, 4], [3.5, 5]]),
        ("A1:Z4", ["height", "age", "tree"], [[1.5, 3], [2.5, 4]]),
    ],
)
def test_a_range_is_what_is_read(range_: str, names: list[str], rows: list[list[float]], tmp_path: Path) -> None:
    plan = guess(_book(tmp_path / "t.xlsx", {"trees": TREES}, at=(1, 1)), None, {"range": range_})
    assert [c.name for c in plan.columns] == names
    with read(plan) as imported:
        np.testing.assert_array_equal(imported.X.read(0, 9), rows)


@pytest.mark.parametrize(
    ("range_", "told"), [("B2-C4", "no range"), ("C2:B9", "before it begins"), ("X5:Y6", "nothing in")]
)
def test_a_range_that_is_none_is_refused(range_: str, told: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=told):
        guess(_book(tmp_path / "t.xlsx", {"trees": TREES}), None, {"range": range_})


def test_a_header_can_be_said_to_be_none(tmp_path: Path) -> None:
    path = _book(tmp_path / "t.xlsx", {"t": [[1, 2], [3, 4], [5, 6]]})
    assert [c.name for c in guess(path).columns] == ["column 1", "column 2"]
    with read(guess(path, None, {"header": "yes"})) as imported:
        assert imported.feature_names == ("1", "2")
        np.testing.assert_array_equal(imported.X.read(0, 9), [[3, 4], [5, 6]])


def test_formulas_give_their_stored_values_and_errors_are_missing(tmp_path: Path) -> None:
    path = tmp_path / "t.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet("t")
        sheet.write_row(0, 0, ["a", "b"])
        for row in range(1, 4):
            sheet.write(row, 0, row)
            sheet.write_formula(row, 1, f"=A{row + 1}*2", None, 2 * row if row < 3 else "#DIV/0!")
    with read(guess(path)) as imported:
        np.testing.assert_array_equal(imported.X.read(0, 3), [[1, 2], [2, 4], [3, np.nan]])


def test_a_zip_that_is_no_spreadsheet_is_refused_in_words(tmp_path: Path) -> None:
    path = tmp_path / "t.xlsx"
    path.write_bytes(b"PK\x03\x04" + bytes(200))
    with pytest.raises(DataError, match="no spreadsheet that can be read"):
        guess(path)


@every_kind
def test_numbers_can_be_kept_in_half_the_room(write: Writer, tmp_path: Path) -> None:
    path = write(PLAIN, tmp_path)
    for precision in ("float32", "float64"):
        with read(guess(path, None, {"precision": precision})) as imported:
            assert imported.X.dtype == precision

"""Several text tables with the same columns, and folders of them, are one table."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from workbench.data import DataError, guess, preview, read


def _part(path: Path, first: int, last: int, header: str = "x,z,kind") -> Path:
    rows = "".join(f"{k},{2 * k},{'ab'[k % 2]}\n" for k in range(first, last))
    data = f"{header}\n{rows}".encode()
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


def test_a_folder_of_tables_is_one_table_in_the_order_of_names(tmp_path: Path) -> None:
    folder = tmp_path / "parts"
    folder.mkdir()
    _part(folder / "2.csv", 40, 60)
    _part(folder / "1.csv", 0, 40)
    _part(folder / "3.csv.gz", 60, 61)
    _part(folder / ".hidden.csv", 90, 99)
    plan = guess(folder)
    assert plan.importer == "delimited"
    shown = preview(plan)
    assert not shown.exact
    assert shown.n_rows == pytest.approx(61, abs=15)
    with read(plan) as imported:
        np.testing.assert_array_equal(imported.X.read(0, 99), np.outer(np.arange(61), [1, 2]))
        assert imported.y is not None
        assert "".join(imported.y) == ("ab" * 31)[:61]


def test_files_named_one_by_one_are_one_table_in_that_order(tmp_path: Path) -> None:
    paths = [_part(tmp_path / "b.csv", 0, 3), _part(tmp_path / "a.csv", 3, 5)]
    with read(guess(paths)) as imported:
        np.testing.assert_array_equal(imported.X.read(0, 9)[:, 0], np.arange(5))
        assert len(imported.provenance["files"]) == 2


def test_progress_rises_over_all_files(tmp_path: Path) -> None:
    paths = [_part(tmp_path / f"{k}.csv", 0, 20 * (k + 1)) for k in range(4)]
    told: list[float] = []
    read(guess(paths), progress=told.append).close()
    assert told == sorted(told)


@pytest.mark.parametrize(
    ("header", "told"), [("x,w,kind", '"w" is in one of them alone'), ("z,x,kind", "their order differs")]
)
def test_a_file_with_other_columns_is_named(header: str, told: str, tmp_path: Path) -> None:
    paths = [_part(tmp_path / "a.csv", 0, 3), _part(tmp_path / "b.csv", 3, 5, header)]
    with pytest.raises(DataError, match=rf"b\.csv has not the columns of a\.csv \({told}\)"):
        read(guess(paths))


def test_a_fault_names_its_file(tmp_path: Path) -> None:
    paths = [_part(tmp_path / "a.csv", 0, 3), _part(tmp_path / "b.csv", 3, 5)]
    paths[1].write_text("x,z,kind\n1,2,a\nmany,3,b\n")
    with pytest.raises(DataError, match=r"row 2 of b\.csv"):
        read(guess(paths))


def test_a_list_beside_pictures_does_not_make_a_folder_a_table(tmp_path: Path) -> None:
    for name in ("a.png", "b.png"):
        Image.new("L", (8, 8), 100).save(tmp_path / name)
    (tmp_path / "labels.csv").write_text("file,label\na.png,1\nb.png,2\n")
    assert guess(tmp_path).importer == "images"

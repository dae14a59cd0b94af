"""Bad input: each gives one clear sentence, and nothing is left behind."""

from __future__ import annotations

import gzip
import io
import os
import shutil
import struct
import zlib
from collections import namedtuple
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from workbench.data import DataError, Plan, guess, npz, preview, read
from workbench.data import rows as row_module
from workbench.data.recipe import Recipe, Split


def refusal(
    path: Path, content: bytes | str | None = None, roles: dict[str, str] | None = None, **options: object
) -> str:
    """The one sentence that importing `path` ends with."""
    if content is not None:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(DataError) as caught:
        read(guess(path, options=options).with_roles(roles or {}))
    sentence = str(caught.value)
    assert sentence.endswith(".")
    assert "\n" not in sentence
    return sentence


def test_a_missing_file(tmp_path: Path) -> None:
    assert "There is no file" in refusal(tmp_path / "none.csv")


def test_an_empty_file(tmp_path: Path) -> None:
    assert "is empty" in refusal(tmp_path / "t.csv", "")
    assert "is empty" in refusal(tmp_path / "t.csv", "\n \n\n")


def test_a_header_alone(tmp_path: Path) -> None:
    assert "no row of data" in refusal(tmp_path / "t.csv", "a,b,c\n")


def test_one_row(tmp_path: Path) -> None:
    assert "at least two are needed" in refusal(tmp_path / "t.csv", "a,b\n1,2\n")


def test_a_wrong_delimiter(tmp_path: Path) -> None:
    content = "a;b;c\n1;2;3\n4;5;6\n"
    assert 'may be ";"' in refusal(tmp_path / "t.csv", content, delimiter=",")
    assert 'may be ";"' in preview(guess(tmp_path / "t.csv", options={"delimiter": ","})).warnings[0]


def test_text_in_a_feature_column(tmp_path: Path) -> None:
    rows = [f"{k},{k / 2}" for k in range(3000)]
    rows[2500] = "2500,n/v"
    sentence = refusal(tmp_path / "t.csv", "a,petal width\n" + "\n".join(rows))
    assert '"petal width", row 2,501 of t.csv, holds "n/v"' in sentence
    assert "give the column the role" in sentence


def test_nothing_but_missing_values(tmp_path: Path) -> None:
    assert "no number at all" in refusal(tmp_path / "t.csv", "a,b\nNA,\nnan,?\nNA,NA\n")
    np.save(tmp_path / "t.npy", np.full((5, 3), np.nan))
    assert "no number at all" in refusal(tmp_path / "t.npy", roles={"column 1": "feature"})


def test_a_column_of_missing_values_made_a_feature(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("a,b\n1,\n2,\n3,\n")
    plan = guess(path).with_roles({"b": "feature"})
    with pytest.raises(DataError, match='"b" has no number'):
        read(Plan.from_json({**plan.to_json(), "recipe": {"missing": "mean"}}))


def test_every_row_with_a_gap(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("a,b\n1,\n,2\n3,\n")
    with pytest.raises(DataError, match="Every row has a missing value"):
        read(Plan.from_json({**guess(path).to_json(), "recipe": {"missing": "drop"}}))


def test_an_infinite_value(tmp_path: Path) -> None:
    assert 'A value is infinite in column "a" (row 2' in refusal(tmp_path / "t.csv", "a,b\n1,2\ninf,4\n")


def test_one_class_is_imported_with_a_warning(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("a,kind\n1,x\n2,x\n3,x\n")
    with read(guess(path).with_roles({"kind": "label"})) as imported:
        assert "same label" in imported.warnings[0]


def test_a_label_column_without_labels(tmp_path: Path) -> None:
    assert "is empty" in refusal(tmp_path / "t.csv", "a,kind\n1,\n2,\n", {"kind": "label"})


@pytest.mark.parametrize(("row", "fields"), [("3,4", "2 fields"), ("3,4,5,6", "4 fields"), ("3", "1 field")])
def test_a_ragged_row(tmp_path: Path, row: str, fields: str) -> None:
    rows = ["1,2,3"] * 2000
    rows[1500] = row
    sentence = refusal(tmp_path / "t.csv", "a,b,c\n" + "\n".join(rows))
    assert f"Row 1,501 of t.csv has {fields}, but there are 3 columns" in sentence


def test_a_short_row_and_a_long_row_do_not_hide_each_other(tmp_path: Path) -> None:
    assert "Row 2 of t.csv has 2 fields" in refusal(tmp_path / "t.csv", "a,b,c\n1,2,3\n1,2\n1,2,3,4\n1,2,3\n")


def test_a_quotation_mark_that_is_never_closed(tmp_path: Path) -> None:
    rows = ["1,2,x"] * 50
    rows[20] = '1,2,"x'
    assert "opens in row 21" in refusal(tmp_path / "t.csv", "a,b,kind\n" + "\n".join(rows) + "\n")


@pytest.mark.parametrize("name", ["t.csv", "t.dat", "t"])
def test_binary_garbage(tmp_path: Path, name: str) -> None:
    sentence = refusal(tmp_path / name, np.random.default_rng(0).bytes(4000))
    assert "no kind of file" in sentence or "binary" in sentence


def test_a_text_that_is_not_in_the_stated_encoding(tmp_path: Path) -> None:
    content = b"a,b,kind\n" + b"1,2,x\n" * 100_000 + b"1,2,\xe9\n"
    assert "row 100,001 has a byte 0xE9" in refusal(tmp_path / "t.csv", content)
    assert 'no text encoding "klingon"' in refusal(tmp_path / "t.csv", encoding="klingon")


def test_a_truncated_gzip_file(tmp_path: Path) -> None:
    content = gzip.compress(np.random.default_rng(0).bytes(1000).hex().encode() + b"\n1,2\n" * 200_000)
    assert "incomplete gzip" in refusal(tmp_path / "t.csv.gz", content[:-200])


def test_a_lying_idx_header(tmp_path: Path) -> None:
    header = b"\0\0\x08\x03" + (2**31).to_bytes(4) * 3
    assert "ends early" in refusal(tmp_path / "a-images-idx3-ubyte", header + bytes(100))
    assert "ends early" in refusal(tmp_path / "a-images-idx3-ubyte.gz", gzip.compress(header + bytes(100)))
    plausible = b"\0\0\x08\x03" + (10).to_bytes(4) * 3
    assert "ends early" in refusal(tmp_path / "a-images-idx3-ubyte.gz", gzip.compress(plausible + bytes(999)))


def test_labels_that_do_not_fit_the_images(tmp_path: Path) -> None:
    (tmp_path / "labels").write_bytes(b"\0\0\x08\x01" + (9).to_bytes(4) + bytes(9))
    images = b"\0\0\x08\x03" + (10).to_bytes(4) * 3 + bytes(1000)
    assert "labels has the shape (9,)" in refusal(tmp_path / "images", images, labels="labels")
    assert "There is no file" in refusal(tmp_path / "images", labels="nowhere")


def test_labels_alone(tmp_path: Path) -> None:
    content = b"\0\0\x08\x01" + (9).to_bytes(4) + bytes(9)
    assert "labels alone" in refusal(tmp_path / "t-labels-idx1-ubyte", content)


@pytest.mark.parametrize(
    ("array", "word"),
    [
        (np.array([{}, 1], dtype=object), "pickle"),
        (np.ones((3, 2), complex), "complex"),
        (np.zeros(3, [("a", float), ("b", int)]), "records"),
        (np.zeros(3, "M8[s]"), "dates"),
        (np.array([["a"], ["b"]]), "text"),
        (np.zeros((0, 4)), "nothing to import"),
        (np.float64(1), "nothing to import"),
        (np.zeros((2, 300, 300), np.uint8), "90,000 values"),
    ],
)
def test_arrays_that_are_not_data(tmp_path: Path, array: np.ndarray, word: str) -> None:
    np.save(tmp_path / "t.npy", array)
    assert word in refusal(tmp_path / "t.npy")
    np.savez(tmp_path / "t.npz", x=array)
    assert word in refusal(tmp_path / "t.npz")


def test_a_pickle_is_never_run(tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple[object, ...]:
            return os.mkdir, (str(tmp_path / "sprung"),)

    np.save(tmp_path / "t.npy", np.array([Trap(), Trap()], dtype=object))
    np.savez(tmp_path / "t.npz", x=np.ones((3, 2)), y=np.array([Trap()] * 3, dtype=object))
    refusal(tmp_path / "t.npy")
    assert "pickle" in preview(guess(tmp_path / "t.npz")).warnings[0]
    read(guess(tmp_path / "t.npz")).close()
    assert not (tmp_path / "sprung").exists()


def test_a_zip_bomb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(npz, "_ALWAYS_ALLOWED", 1 << 20)
    np.savez_compressed(tmp_path / "t.npz", x=np.zeros((1_000_000, 1)))
    assert (tmp_path / "t.npz").stat().st_size < 10_000
    with pytest.raises(DataError, match="would swell"):
        npz.sample([tmp_path / "t.npz"], npz.Options())


def test_a_folder_without_pictures(tmp_path: Path) -> None:
    (tmp_path / "notes.md").write_text("nothing")
    assert "no picture in the folder" in refusal(tmp_path)


def test_a_truncated_picture(tmp_path: Path) -> None:
    whole = io.BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (90, 90), dtype=np.uint8)).save(whole, "PNG")
    assert "damaged or incomplete" in refusal(tmp_path / "t.png", whole.getvalue()[:-2000])


def test_a_gigapixel_picture(tmp_path: Path) -> None:
    header = b"IHDR" + struct.pack(">2I5B", 30_000, 40_000, 8, 0, 0, 0, 0)
    content = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header))
    (tmp_path / "t.png").write_bytes(content + struct.pack(">I", 0) + b"IDAT")
    assert "more than 89 million pixels" in refusal(tmp_path / "t.png")


def test_a_patch_larger_than_the_picture(tmp_path: Path) -> None:
    Image.new("L", (20, 20)).save(tmp_path / "t.png")
    assert "smaller than a patch" in refusal(tmp_path / "t.png", rows="patches", patch=32)


def test_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(1, 1, 1000))
    assert "is full" in refusal(tmp_path / "t.csv", "a,b\n1,2\n3,4\n")


def test_a_disk_that_fills_up_meanwhile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: object, n_bytes: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(row_module.Spool, "_check_room", full)
    assert "is full" in refusal(tmp_path / "t.csv", "a,b\n1,2\n3,4\n")


def test_a_file_that_changes_while_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("a,b\n1,2\n3,4\n")
    plan = guess(path)

    def meddle(done: float) -> None:
        if done > 0.9:
            path.write_text("a,b\n1,2\n3,4\n5,6\n")

    with pytest.raises(DataError, match="was changed while it was read"):
        read(plan, progress=meddle)


def test_a_file_whose_columns_are_no_longer_those_of_the_plan(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("a,b\n1,2\n3,4\n")
    plan = guess(path)
    path.write_text("a,c\n1,2\n3,4\n")
    for use in (preview, read):
        with pytest.raises(DataError, match="not those of the plan"):
            use(plan)


def test_two_labels_or_no_feature(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("a,b\n1,2\n3,4\n")
    plan = guess(path).to_json()
    for column in plan["columns"]:
        column["role"] = "label"
    with pytest.raises(DataError, match='"a" and "b" both have the role label'):
        read(Plan.from_json(plan))
    assert "No column" in refusal(path, roles={"a": "ignore", "b": "id"})


def test_a_plan_that_is_none() -> None:
    with pytest.raises(DataError, match="not an import plan"):
        Plan.from_json({"paths": ["a"]})
    with pytest.raises(DataError, match="not known"):
        Recipe.from_json({"spice": 1})
    with pytest.raises(DataError, match="cannot be made"):
        Split(0.5, 0.1, 0.1)

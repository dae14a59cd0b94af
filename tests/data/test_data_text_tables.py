"""Text tables: what is found out from the first rows, what is read, and laws of the round trip."""

from __future__ import annotations

import csv
import gzip
import io
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from workbench.data import DataError, Plan, correct, guess, preview, read, text_chunks
from workbench.data.parser import RecordParser


def table(folder: Path, content: str | bytes, name: str = "t.csv") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def roles(plan: Plan) -> dict[str, str]:
    return {column.name: column.role for column in plan.columns}


def values(path: Path, **options: object) -> list[list[float]]:
    with read(guess(path, options=options)) as imported:
        return np.asarray(imported.X).tolist()


finite = st.floats(allow_nan=False, allow_infinity=False)
words = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc", "Zl", "Zp", "Zs"]), min_size=1, max_size=8)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    hnp.arrays(np.float64, st.tuples(st.integers(2, 30), st.integers(1, 4)), elements=finite),
    st.lists(words, min_size=1, max_size=4),
    st.sampled_from([",", ";", "\t", "|"]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32"]),
    st.sampled_from(["\n", "\r\n"]),
    st.booleans(),
)
def test_written_numbers_and_labels_come_back_exactly(
    tmp_path: Path, X: np.ndarray, labels: list[str], delimiter: str, encoding: str, newline: str, packed: bool
) -> None:
    y = ["L" + labels[k % len(labels)] for k in range(len(X))]
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter, lineterminator=newline)
    writer.writerow([*(f"x{k}" for k in range(X.shape[1])), "class"])
    writer.writerows([*map(repr, map(float, row)), label] for row, label in zip(X, y, strict=True))
    data = text.getvalue().encode(encoding)
    path = table(tmp_path, gzip.compress(data) if packed else data)
    options = {
        "delimiter": {"\t": "tab"}.get(delimiter, delimiter),
        "header": "yes",
        "encoding": encoding.removesuffix("-sig"),
    }
    with read(guess(path, options=options)) as imported:
        assert np.asarray(imported.X).tobytes() == (X + 0.0).tobytes() or np.array_equal(np.asarray(imported.X), X)
        assert imported.y is not None
        assert imported.y.tolist() == y


cells = st.text(st.sampled_from("ab,;\"\n' é5"), max_size=6)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(finite, cells), min_size=2, max_size=20), st.integers(1, 40))
def test_quoted_fields_survive_wherever_the_chunks_are_cut(
    tmp_path: Path, rows: list[tuple[float, str]], chunk: int
) -> None:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_NONNUMERIC)
    writer.writerow(["x", "word", "z"])
    writer.writerows([number, f"<{word}>", 1] for number, word in rows)
    path = table(tmp_path, text.getvalue())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(text_chunks, "CHUNK_BYTES", chunk)
        plan = guess(path, options={"delimiter": ",", "header": "yes"}).with_roles({"word": "id"})
        with read(plan) as imported:
            assert np.asarray(imported.X)[:, 0].tolist() == [number for number, _ in rows]
            assert imported.ids is not None
            assert imported.ids.tolist() == [f"<{word}>" for _, word in rows]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["1.5", "-2", "NA", "", " 3", "1e3", "None", "nan"]), st.sampled_from(["u", "v", ""])
        ),
        min_size=3,
        max_size=30,
    )
)
def test_the_fast_way_and_the_careful_way_read_the_same(tmp_path: Path, rows: list[tuple[str, str]]) -> None:
    lines = ["x,z,class", "7,1,u", *(f"{number},2,{label}" for number, label in rows)]
    plan = guess(table(tmp_path, "\n".join(lines)), options={"header": "yes"})
    plan = plan.with_roles({"x": "feature", "class": "label"})
    plan = Plan.from_json({**plan.to_json(), "recipe": {"missing": "mean"}})
    with pytest.MonkeyPatch.context() as patch, read(plan) as fast:
        patch.setattr(RecordParser, "_by_polars", lambda self, chunk: None)
        with read(plan) as careful:
            np.testing.assert_array_equal(np.asarray(fast.X), np.asarray(careful.X))
            np.testing.assert_array_equal(fast.codes, careful.codes)
            assert fast.classes == careful.classes


@pytest.mark.parametrize(
    ("content", "delimiter"),
    [
        ("a,b\n1,2\n3,4\n", ","),
        ("a;b\n1;2\n3;4\n", ";"),
        ("a\tb\n1\t2\n3\t4\n", "tab"),
        ("a|b\n1|2\n3|4\n", "|"),
        ("a   b\n1  2\n 3 4\n", "space"),
        ("a;b\n1,5;2,5\n3,5;4,5\n", ";"),
        ('a,b\n"x;y;z",1\n"u;v;w",2\n', ","),
    ],
)
def test_the_delimiter_is_found(tmp_path: Path, content: str, delimiter: str) -> None:
    assert guess(table(tmp_path, content)).options["delimiter"] == delimiter


def test_a_decimal_comma_is_found_and_read(tmp_path: Path) -> None:
    path = table(tmp_path, "a;b\n1,5;-2,25\n3;1,5e2\n")
    assert guess(path).options["decimal"] == "comma"
    assert values(path) == [[1.5, -2.25], [3.0, 150.0]]


@pytest.mark.parametrize(
    ("content", "header"),
    [
        ("a,b\n1,2\n3,4\n", "yes"),
        ("1,2\n3,4\n", "no"),
        ("5.1,oak\n4.2,elm\n", "no"),
        ("size,tree\n5.1,oak\n4.2,elm\n", "yes"),
        ("oak,elm\nelm,oak\noak,oak\n", "no"),
    ],
)
def test_a_header_is_told_from_a_row_of_data(tmp_path: Path, content: str, header: str) -> None:
    assert guess(table(tmp_path, content)).options["header"] == header


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
def test_the_encoding_is_found_and_names_are_right(tmp_path: Path, encoding: str) -> None:
    path = table(tmp_path, "größe,art\n1,Käse\n2,Bär\n3,Bär\n".encode(encoding))
    with read(guess(path)) as imported:
        assert imported.feature_names == ("größe",)
        assert imported.classes == ("Bär", "Käse")


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("end", ["", "once", "blank"])
def test_any_line_ends_and_blank_lines_will_do(tmp_path: Path, newline: str, end: str) -> None:
    lines = ["a,b", "", "1,2", "", "", "3,4"] + {"": [], "once": [""], "blank": ["", "", ""]}[end]
    assert values(table(tmp_path, newline.join(lines))) == [[1, 2], [3, 4]]


@pytest.mark.parametrize("content", ["a\n1\n\n2\n", 'a\n"1"\n\n"2"\n', '"a"\n\n\n1\n"2"\n\n'])
def test_blank_lines_are_no_rows_of_a_single_column(tmp_path: Path, content: str) -> None:
    assert values(table(tmp_path, content)) == [[1], [2]]


def test_comments_before_the_table_are_skipped(tmp_path: Path) -> None:
    path = table(tmp_path, '# made by "someone\n#, 2024\n\na,b\n1,2\n3,4\n')
    assert guess(path).options["skip_lines"] == 3
    assert values(path) == [[1, 2], [3, 4]]


def test_a_header_without_a_name_for_the_row_names_is_understood(tmp_path: Path) -> None:
    plan = guess(table(tmp_path, '"a" "b" "kind"\n"1" 1 2 "x"\n"2" 2 3 "y"\n"3" 4 3 "y"\n'))
    assert roles(plan) == {"row": "id", "a": "feature", "b": "feature", "kind": "label"}


def test_a_delimiter_at_the_end_of_each_row_makes_no_feature(tmp_path: Path) -> None:
    plan = guess(table(tmp_path, "a,b\n1,2,\n3,4,\n"))
    assert list(roles(plan).values()) == ["feature", "feature", "ignore"]


def test_empty_and_repeated_names_become_unique_and_are_told(tmp_path: Path) -> None:
    plan = guess(table(tmp_path, "a,a,,a (2)\n1,2,3,4\n2,3,4,5\n"))
    assert len(set(roles(plan))) == 4
    assert "appeared twice" in preview(plan).warnings[0]


@pytest.mark.parametrize(
    ("header", "rows", "expected"),
    [
        ("id,a,class", ["1,0.5,x", "2,0.7,y", "3,0.1,x"], "id feature label"),
        ("a,b,species", ["1,2,x", "2,3,y", "4,4,x"], "feature feature label"),
        ("name,a,b", ["ann,1,2", "bob,2,3", "eve,1,9"], "id feature feature"),
        ("class,a,b", ["1,1.5,2", "2,2.5,3", "1,1.5,9"], "label feature feature"),
        ("a,b,town,kind", ["1,2,p,x", "2,3,q,y", "4,4,p,x"], "feature feature ignore label"),
        ("a,b,empty", ["1,2,", "2,3,", "4,4,NA"], "feature feature ignore"),
        ("target,a", ["0.25,1", "0.5,2", "0.75,3"], "feature feature"),
    ],
)
def test_roles_are_guessed_from_names_and_values(tmp_path: Path, header: str, rows: list[str], expected: str) -> None:
    plan = guess(table(tmp_path, "\n".join([header, *rows])))
    assert " ".join(column.role for column in plan.columns) == expected


def test_roles_can_be_corrected_and_one_label_replaces_another(tmp_path: Path) -> None:
    plan = guess(table(tmp_path, "a,town,kind\n1,p,x\n2,q,y\n3,p,x\n")).with_roles({"town": "label"})
    assert roles(plan) == {"a": "feature", "town": "label", "kind": "ignore"}
    with read(plan) as imported:
        assert imported.classes == ("p", "q")
    with pytest.raises(DataError, match='no column "city"'):
        plan.with_roles({"city": "label"})


def test_options_can_be_corrected_and_roles_stay(tmp_path: Path) -> None:
    plan = guess(table(tmp_path, "a,b,kind\n1,2,x\n2,3,y\n3,4,x\n")).with_roles({"b": "ignore"})
    assert roles(correct(plan, precision="float32")) == roles(plan)
    assert list(roles(correct(plan, header="no"))) == ["column 1", "column 2", "column 3"]
    with read(correct(plan, precision="float32")) as imported:
        assert imported.X.dtype == np.float32


@pytest.mark.parametrize(
    ("texts", "classes"),
    [
        (["2", "10", "2"], (2, 10)),
        (["01", "2", "01"], ("01", "2")),
        (["1.5", "1.50", "2"], (1.5, 2.0)),
        (["b", "a", "b"], ("a", "b")),
        (["-", "+", "-"], ("+", "-")),
        (["x", "NA", "y"], ("x", "y")),
    ],
)
def test_classes_are_typed_sorted_and_merged(tmp_path: Path, texts: list[str], classes: tuple[object, ...]) -> None:
    path = table(tmp_path, "a,class\n" + "\n".join(f"{k},{text}" for k, text in enumerate(texts)))
    with read(guess(path).with_roles({"class": "label"})) as imported:
        assert imported.classes == classes
        assert [type(value) for value in imported.classes] == [type(value) for value in classes]
        assert imported.codes is not None
        assert ((imported.codes < 0) == [text == "NA" for text in texts]).all()


def test_missing_values_are_filled_dropped_or_refused_as_the_recipe_says(tmp_path: Path) -> None:
    path = table(tmp_path, "a,b\n1,2\n?,3\nNA,None\n4,\n5,7\n")
    plan = guess(path)
    assert plan.recipe.missing == "mean"
    assert "Values are missing" in preview(plan).warnings[0]
    with read(plan) as imported:
        raw = np.asarray(imported.X)
        assert np.isnan(raw).sum() == 4
        assert imported.recipe.transform(raw)[1, 0] == pytest.approx(10 / 3)
    with read(Plan.from_json({**plan.to_json(), "recipe": {"missing": "drop"}})) as imported:
        assert np.asarray(imported.X).tolist() == [[1, 2], [5, 7]]
        assert "3 of 5" in imported.warnings[0]
    with pytest.raises(DataError, match=re.escape('missing in column "a" and 1 more (row 2 first, 3 of 5')):
        read(Plan.from_json({**plan.to_json(), "recipe": {"missing": "error"}}))


def test_own_words_for_missing_values_are_understood(tmp_path: Path) -> None:
    path = table(tmp_path, "a,b\n1,2\n-999,3\nlost,4\n4,5\n")
    assert np.isnan(values(path, missing="-999 lost")).sum() == 2


def test_the_preview_warns_of_columns_that_spread_a_hundredfold(tmp_path: Path) -> None:
    plan = guess(table(tmp_path, "a,b\n0.1,2000\n0.2,3000\n0.3,4000\n"))
    assert any("alone decides distances" in warning for warning in preview(plan).warnings)
    scaled = Plan.from_json({**plan.to_json(), "recipe": {"scaling": "standard"}})
    assert preview(scaled).warnings == ()


def test_ids_come_along_and_rows_that_are_dropped_take_theirs_with_them(tmp_path: Path) -> None:
    plan = guess(table(tmp_path, "id,a,class\nu1,1,x\nu2,,y\nu3,3,x\n"))
    with read(Plan.from_json({**plan.to_json(), "recipe": {"missing": "drop"}})) as imported:
        assert imported.ids is not None
        assert imported.ids.tolist() == ["u1", "u3"]
        assert imported.classes == ("x", "y")
        assert imported.codes is not None
        assert imported.codes.tolist() == [0, 0]


def test_a_stray_quotation_mark_inside_a_field_is_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_chunks, "CHUNK_BYTES", 64)
    lines = [f'{k},2,5" pipe' if k == 3 else f"{k},2,rod" for k in range(100)]
    with read(guess(table(tmp_path, "a,b,kind\n" + "\n".join(lines)))) as imported:
        assert imported.classes == ('5" pipe', "rod")
        assert imported.X.shape == (100, 2)


@pytest.mark.slow
def test_a_million_distinct_labels_are_imported_with_a_warning(tmp_path: Path) -> None:
    n = 1_000_000
    path = table(tmp_path, "a,label\n" + "\n".join(f"{k % 7},t{k}" for k in range(n)))
    with read(guess(path).with_roles({"label": "label"})) as imported:
        assert len(imported.classes) == n
        assert any("1,000,000 different labels" in warning for warning in imported.warnings)
        assert imported.codes is not None
        assert imported.classes[imported.codes[123_456]] == "t123456"


def test_a_table_of_four_thousand_columns_is_read(tmp_path: Path) -> None:
    X = np.random.default_rng(0).normal(size=(5, 4_000)).round(3)
    content = (
        ",".join(f"c{k}" for k in range(4_000)) + "\n" + "\n".join(",".join(map(repr, map(float, row))) for row in X)
    )
    assert values(table(tmp_path, content)) == X.tolist()


def test_the_recipe_is_fitted_on_the_training_rows_of_a_stratified_split(tmp_path: Path) -> None:
    X = np.random.default_rng(0).normal(size=(200, 2)).round(4)
    lines = ["a,b,kind", *(f"{a},{b},{'rare' if k % 10 == 0 else 'common'}" for k, (a, b) in enumerate(X.tolist()))]
    plan = guess(table(tmp_path, "\n".join(lines)))
    wished = {"scaling": "standard", "split": {"train": 0.6, "validation": 0.2, "test": 0.2, "seed": 3}}
    with read(Plan.from_json({**plan.to_json(), "recipe": wished})) as imported:
        assert np.bincount(imported.split).tolist() == [120, 40, 40]
        assert imported.codes is not None
        assert np.bincount(imported.split[imported.codes == 1]).tolist() == [12, 4, 4]
        np.testing.assert_allclose(imported.recipe.shift, X[imported.split == 0].mean(axis=0))
        np.testing.assert_array_equal(np.asarray(imported.X), X)


def test_the_number_of_rows_of_a_long_table_is_estimated_from_its_beginning(tmp_path: Path) -> None:
    content = ("a,b\n" + "1.25,7\n" * 200_000).encode()
    for data, tolerance in ((content, 0.01), (gzip.compress(content), 0.5)):
        shown = preview(guess(table(tmp_path, data)))
        assert not shown.exact
        assert shown.n_rows == pytest.approx(200_000, rel=tolerance)
        assert len(shown.rows) == 100


@pytest.mark.parametrize(
    ("text", "sign", "wanted"),
    [
        ('a,b\n"1,234",1\n"12,345,678",2\n-3,3\n', "comma", [1234, 12345678, -3]),
        ("a;b\n1,234.5;1\n12,345.25;2\n3;3\n", "comma", [1234.5, 12345.25, 3]),
        ("a;b\n1.234,5;1\n12.345.678;2\n3;3\n", "point", [1234.5, 12345678, 3]),
        ("a;b\n1 234,5;1\n12\u00a0345\u202f678;2\n3,5;3\n", "space", [1234.5, 12345678, 3.5]),
        ("a;b\n1'234.5;1\n12’345;2\n3.5;3\n", "apostrophe", [1234.5, 12345, 3.5]),
        ("a;b\n1,234;1\n2,345;2\n3,5;3\n", "none", [1.234, 2.345, 3.5]),
        ("a;b\n1.234;1\n2.345;2\n3.5;3\n", "none", [1.234, 2.345, 3.5]),
    ],
)
def test_signs_between_thousands_are_found_out_where_they_can_mean_nothing_else(
    text: str, sign: str, wanted: list[float], tmp_path: Path
) -> None:
    path = tmp_path / "t.csv"
    path.write_text(text, encoding="utf-8")
    plan = guess(path)
    assert plan.options["thousands"] == sign
    with read(plan) as imported:
        np.testing.assert_array_equal(imported.X.read(0, 9)[:, 0], wanted)


@pytest.mark.parametrize("fault", ["12,34", "1,2345", "1,234,", ",123", "1,,234", "one"])
def test_what_is_no_number_with_thousands_is_named(fault: str, tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text('a,b\n"1,234",1\n"1,234,567",2\n' * 1 + '"9,876",3\n' * 2000 + f'"{fault}",3\n')
    with pytest.raises(DataError, match=re.escape(f'holds "{fault}"')):
        read(guess(path))

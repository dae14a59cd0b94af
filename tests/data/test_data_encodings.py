"""Columns of categories, dates and angles become the numbers that mathematics and other libraries say."""

from __future__ import annotations

import datetime as dt
import string
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sklearn.feature_extraction import FeatureHasher
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder

from workbench.data import DataError, Encoding, Plan, Recipe, Split, guess, preview, read
from workbench.data.dates import days_of, format_of

LETTERS = st.text(string.ascii_letters, min_size=1, max_size=4).filter(
    lambda text: text.lower() not in ("na", "nan", "null", "inf")
)


def written(path: Path, **columns: list[object]) -> Path:
    pl.DataFrame(columns).write_csv(path)
    return path


def encoded(path: Path, recipe: Recipe | None = None, **encodings: str) -> tuple[tuple[str, ...], np.ndarray, Plan]:
    plan = guess(path).with_encodings({name: Encoding.parse(how) for name, how in encodings.items()})
    if recipe is not None:
        plan = Plan(**{**vars(plan), "recipe": recipe})
    with read(plan) as imported:
        return imported.feature_names, imported.X.read(0, imported.n_rows), imported.plan


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(levels=st.lists(LETTERS, min_size=2, max_size=40))
def test_one_hot_is_that_of_scikit_learn(tmp_path: Path, levels: list[str]) -> None:
    path = written(tmp_path / "t.csv", kind=levels, x=list(range(len(levels))))
    names, X, plan = encoded(path, kind="one-hot")
    peer = OneHotEncoder(categories=[sorted(set(levels))], sparse_output=False)
    np.testing.assert_array_equal(X[:, :-1], peer.fit_transform(np.array(levels, object)[:, None]))
    assert names == (*(f"kind = {level}" for level in sorted(set(levels))), "x")
    assert plan.encodings["kind"].levels == tuple(sorted(set(levels)))


@pytest.mark.parametrize("order", [["low", "mid", "high"], ["high", "low", "mid"]])
def test_an_order_is_that_of_scikit_learn(tmp_path: Path, order: list[str]) -> None:
    sizes = ["mid", "low", "high", "mid", "low"]
    path = written(tmp_path / "t.csv", size=sizes, x=[1, 2, 3, 4, 5])
    _, X, _ = encoded(path, size="ordinal:" + "<".join(order))
    peer = OrdinalEncoder(categories=[order]).fit_transform(np.array(sizes, object)[:, None])
    np.testing.assert_array_equal(X[:, :1], peer)


def test_hashing_is_that_of_scikit_learn_and_takes_any_number_of_levels(tmp_path: Path) -> None:
    texts = [f"city {k % 3000}" for k in range(4000)]
    path = written(tmp_path / "t.csv", city=texts, x=list(range(4000)))
    for n_buckets in (8, 64):
        names, X, plan = encoded(path, city=f"hash:{n_buckets}")
        peer = FeatureHasher(n_buckets, input_type="string").transform([text] for text in texts).toarray()
        np.testing.assert_array_equal(X[:, :-1], peer)
        assert len(names) == n_buckets + 1
        assert plan.encodings["city"].levels == ()


def test_numbers_can_be_categories(tmp_path: Path) -> None:
    path = written(tmp_path / "t.csv", code=[3, 1, 10, 3, 1], x=[1, 2, 3, 4, 5])
    names, X, _ = encoded(path, code="one-hot")
    assert names == ("code = 1", "code = 3", "code = 10", "x")
    np.testing.assert_array_equal(X[:, :3], [[0, 1, 0], [1, 0, 0], [0, 0, 1], [0, 1, 0], [1, 0, 0]])
    with pytest.raises(DataError, match="one-hot, ordinal or hash"):
        encoded(written(tmp_path / "u.csv", a=["p", "q", "p"], x=[1, 2, 3]), a="number")


@given(hours=st.lists(st.floats(-100, 100), min_size=3, max_size=20), period=st.sampled_from([24.0, 360.0, 7.0]))
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_cyclic_column_is_the_same_one_period_later(tmp_path: Path, hours: list[float], period: float) -> None:
    path = tmp_path / "t.npy"
    np.save(path, np.stack([hours, np.array(hours) + period], axis=1))
    _, X, _ = encoded(path, **{"column 1": f"cyclic:{period}", "column 2": f"cyclic:{period}"})
    np.testing.assert_allclose(X[:, :2], X[:, 2:], atol=1e-9)
    np.testing.assert_allclose(np.hypot(X[:, 0], X[:, 1]), 1, atol=1e-12)


@given(st.lists(st.datetimes(dt.datetime(1800, 1, 1), dt.datetime(2300, 1, 1)), min_size=2, max_size=12))
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_parts_of_dates_are_those_of_the_calendar(tmp_path: Path, moments: list[dt.datetime]) -> None:
    path = written(
        tmp_path / "t.csv", when=[m.isoformat(timespec="microseconds") for m in moments], x=list(range(len(moments)))
    )
    names, X, _ = encoded(path, when="date:days+day+week+year")
    assert names[0] == "when (days)"
    turns = np.arctan2(X[:, 1:7:2], X[:, 2:7:2]) / (2 * np.pi) % 1
    for row, moment, (day, week, year) in zip(X, moments, turns, strict=True):
        assert row[0] == pytest.approx((moment - dt.datetime(1970, 1, 1)) / dt.timedelta(days=1), abs=1e-9)
        midnight = moment.replace(hour=0, minute=0, second=0, microsecond=0)
        in_day = (moment - midnight) / dt.timedelta(days=1)
        first, last = dt.datetime(moment.year, 1, 1), dt.datetime(moment.year + 1, 1, 1)
        assert apart(day, in_day) < 1e-7
        assert apart(week, (moment.weekday() + in_day) / 7) < 1e-7
        assert apart(year, (moment - first) / (last - first)) < 1e-7


def apart(a: float, b: float) -> float:
    """Distance on a circle of length 1."""
    return abs((a - b + 0.5) % 1 - 0.5)


FORMATS = ("%Y-%m-%d", "%d.%m.%Y", "%m/%d/%Y", "%d %b %Y", "%Y-%m-%dT%H:%M:%S", "%d/%m/%Y %H:%M", "%H:%M", "%d.%m.%y")


@pytest.mark.parametrize("form", FORMATS)
def test_the_way_in_which_dates_are_written_is_found_out(form: str) -> None:
    moments = [dt.datetime(1999, 12, 31, 23, 59), dt.datetime(2024, 2, 29, 6, 30), dt.datetime(2001, 5, 17, 0, 1)]
    texts = [moment.strftime(form) for moment in moments]
    found = format_of(texts)
    origin = dt.datetime(1970, 1, 1) if "%d" in form else dt.datetime(1900, 1, 1)
    wanted = [(dt.datetime.strptime(text, form) - origin) / dt.timedelta(days=1) for text in texts]
    np.testing.assert_allclose(days_of(pl.Series(texts), found), wanted, atol=1e-9)


@pytest.mark.parametrize(
    "texts", [["1.2.3", "4.5.6"], ["10.0.0.1"], ["12-34-567"], ["x 1"], ["2024-13-01"], ["1999-02-30"], []]
)
def test_what_only_looks_like_a_date_is_none(texts: list[str]) -> None:
    assert format_of(texts) == ""


def test_days_and_months_that_could_be_swapped_are_told(tmp_path: Path) -> None:
    path = written(tmp_path / "t.csv", when=["01/02/2024", "03/04/2024"], x=[1, 2])
    assert any("the day first" in warning for warning in preview(guess(path)).warnings)
    path = written(tmp_path / "u.csv", when=["01/02/2024", "13/04/2024"], x=[1, 2])
    assert not any("the day first" in warning for warning in preview(guess(path)).warnings)
    _, X, _ = encoded(tmp_path / "t.csv", when="date:days@%m/%d/%Y")
    assert X[0, 0] == (dt.date(2024, 1, 2) - dt.date(1970, 1, 1)).days


def test_a_date_that_is_written_otherwise_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("when,x\n" + "2024-01-05,1\n" * 2000 + "5 May,2\n")
    with pytest.raises(DataError, match=r'"when" .* holds "5 May"'):
        encoded(path, when="date")


def test_missing_categories_and_dates_are_missing(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("kind,when,x\na,2024-01-01,1\n,2024-01-03,2\nb,NA,3\nb,2024-01-04,4\n")
    _, X, _ = encoded(path, Recipe(missing="mean"), kind="one-hot", when="date")
    np.testing.assert_array_equal(np.isnan(X), [[0] * 4, [1, 1, 0, 0], [0, 0, 1, 0], [0] * 4])
    _, kept, _ = encoded(path, Recipe(missing="drop"), kind="one-hot", when="date")
    np.testing.assert_array_equal(kept, X[[0, 3]])
    with pytest.raises(DataError, match='"kind" and 1 more \\(row 2 first'):
        encoded(path, Recipe(missing="error"), kind="one-hot", when="date")


def test_levels_are_those_of_the_training_rows(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    levels = [f"v{k}" for k in rng.integers(0, 60, 100)]
    path = written(tmp_path / "t.csv", kind=levels, x=list(range(100)))
    recipe = Recipe(split=Split(train=0.5, test=0.5))
    plan = guess(path).with_encodings({"kind": Encoding("one-hot")})
    with read(Plan(**{**vars(plan), "recipe": recipe})) as imported:
        X, split = imported.X.read(0, 100), imported.split
        known = {level for level, part in zip(levels, split, strict=True) if part == 0}
        assert imported.plan.encodings["kind"].levels == tuple(sorted(known))
        unknown = [row for row, level in enumerate(levels) if level not in known]
        assert len(unknown) > 0
        assert not X[unknown, :-1].any()
        np.testing.assert_array_equal(X[split == 0, :-1].sum(axis=1), 1)
        assert any("none of its levels" in warning for warning in imported.warnings)


def test_the_plan_that_was_carried_out_gives_the_same_again(tmp_path: Path) -> None:
    path = written(
        tmp_path / "t.csv",
        kind=["b", "a", "c", "a"],
        when=["1.2.2024", "3.4.2024", "13.5.2024", "1.1.2024"],
        x=[1, 2, 3, 4],
    )
    names, X, plan = encoded(path, kind="one-hot", when="date:days+week")
    with read(Plan.from_json(plan.to_json())) as again:
        assert again.feature_names == names
        np.testing.assert_array_equal(again.X.read(0, 4), X)
    other = written(tmp_path / "other.csv", kind=["c", "d"], when=["5.5.2025", "6.6.2025"], x=[5, 6])
    with read(Plan(**{**vars(plan), "paths": (str(other),)})) as new:
        assert new.feature_names == names
        np.testing.assert_array_equal(new.X.read(0, 2)[:, :3], [[0, 0, 1], [0, 0, 0]])


def test_text_that_is_made_a_feature_is_encoded_by_the_number_of_its_levels(tmp_path: Path) -> None:
    few = written(tmp_path / "few.csv", kind=["p", "q", "p"], x=[1, 2, 3])
    with read(guess(few).with_roles({"kind": "feature"})) as imported:
        assert imported.feature_names == ("kind = p", "kind = q", "x")
    many = written(tmp_path / "many.csv", kind=[f"t{k // 2}" for k in range(200)], x=list(range(200)))
    with read(guess(many).with_roles({"kind": "feature"})) as imported:
        assert imported.plan.encodings["kind"].kind == "hash"
        assert len(imported.feature_names) == 33


def test_an_unknown_level_has_no_place_in_an_order(tmp_path: Path) -> None:
    path = written(tmp_path / "t.csv", size=["S", "M", "XL"], x=[1, 2, 3])
    with pytest.raises(DataError, match='"XL", which is none of the levels'):
        encoded(path, size="ordinal:S<M<L")


def test_names_of_encoded_columns_are_distinct(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("kind,kind = a,x\na,1,1\nb,2,2\na,3,3\n")
    names, _, _ = encoded(path, kind="one-hot")
    assert len(set(names)) == 4


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("cyclic", "period"),
        ("cyclic:0", "period"),
        ("hash:1", "2 to"),
        ("hash:x", "no number"),
        ("date:month", "days, day, week, year"),
        ("ordinal:a<a", "twice"),
        ("two-hot", "there are number, one-hot"),
        ("number:3", "takes nothing"),
    ],
)
def test_an_encoding_that_is_none_is_refused_in_one_sentence(words: str, told: str) -> None:
    with pytest.raises(DataError, match=told):
        Encoding.parse(words)


@given(
    st.one_of(
        st.builds(Encoding, st.just("hash"), n_buckets=st.integers(2, 5000)),
        st.builds(Encoding, st.just("ordinal"), levels=st.lists(LETTERS, unique=True, max_size=5).map(tuple)),
        st.builds(Encoding, st.just("cyclic"), period=st.sampled_from([0.5, 24.0, 365.25])),
        st.builds(
            Encoding, st.just("date"), parts=st.sampled_from([("days",), ("day", "week")]), format=st.just("%H:%M")
        ),
        st.sampled_from([Encoding("number"), Encoding("one-hot")]),
    )
)
def test_an_encoding_survives_its_words_and_json(encoding: Encoding) -> None:
    assert Encoding.parse(str(encoding)) == encoding
    assert Encoding.from_json(encoding.to_json()) == encoding

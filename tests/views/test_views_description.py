"""The description of a dataset says what pandas says of the same table."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from workbench.data import Plan, Recipe, Split, guess
from workbench.session import Dataset, RowMask, drop, read_dataset
from workbench.views import render, scene_of_data, theme, view
from workbench.views.description import DescriptionData
from workbench.views.numbers import numbers_of


def described(data: Dataset) -> DescriptionData:
    found = view("description").compute(scene_of_data(data))
    assert isinstance(found, DescriptionData)
    return found


def dataset(frame: pd.DataFrame, folder: Path, **recipe: object) -> Dataset:
    frame.to_csv(folder / "t.csv", index=False)
    plan = guess(folder / "t.csv")
    return read_dataset(Plan(**{**vars(plan), "recipe": Recipe(**{"missing": "keep", **recipe})}))  # type: ignore[arg-type]


def table(n: int = 300) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    a = rng.normal(1e6, 1, n).round(3)
    frame = pd.DataFrame({"a": a, "b": 2 * a + rng.normal(0, 0.5, n).round(3), "c": rng.integers(0, 4, n), "d": 7.0})
    frame.loc[::9, "b"] = np.nan
    frame["kind"] = np.array(["x", "y", "z"])[rng.choice(3, n, p=[0.6, 0.3, 0.1])]
    return pd.concat([frame, frame.head(5)], ignore_index=True)


def test_figures_of_each_feature_are_those_of_pandas(tmp_path: Path) -> None:
    frame = table()
    data, peer = described(dataset(frame, tmp_path)), frame.drop(columns="kind")
    assert data.names == tuple(peer.columns)
    for ours, theirs in (
        (data.mean, peer.mean()),
        (data.deviation, peer.std(ddof=0)),
        (data.low, peer.min()),
        (data.high, peer.max()),
        (data.missing, peer.isna().sum()),
        (data.quartiles[1], peer.median()),
        (data.quartiles[0], peer.quantile(0.25)),
    ):
        np.testing.assert_allclose(ours, theirs.to_numpy(), rtol=1e-9, atol=1e-9)
    assert data.n_rows == len(frame)
    assert data.n_incomplete == int(peer.isna().any(axis=1).sum())
    assert data.n_doublets == int(peer.duplicated().sum())


def test_correlations_are_those_of_pandas_over_complete_rows(tmp_path: Path) -> None:
    frame = table()
    data = described(dataset(frame, tmp_path))
    peer = frame.drop(columns="kind").dropna().corr().to_numpy()
    assert set(data.correlated.tolist()) == {0, 1, 2}
    np.testing.assert_allclose(data.correlation, peer[np.ix_(data.correlated, data.correlated)], atol=1e-8)
    assert any("a and b" in sentence or "b and a" in sentence for sentence in data.told)


def test_classes_are_counted_in_each_part(tmp_path: Path) -> None:
    frame = table()
    frame.loc[:3, "kind"] = None
    source = dataset(frame, tmp_path, split=Split(0.5, 0.25, 0.25))
    data = described(source)
    assert data.classes == ("x", "y", "z", "no label")
    for k, name in enumerate(data.classes):
        here = frame["kind"].isna() if name == "no label" else frame["kind"] == name
        np.testing.assert_array_equal(data.class_counts[k], np.bincount(source.split[here.to_numpy()], minlength=3))


def test_dropped_rows_are_not_counted(tmp_path: Path) -> None:
    frame = table()
    source = dataset(frame, tmp_path)
    before = described(source)
    left = described(drop(source, RowMask.of_rows(range(100), len(frame))))
    peer = frame.drop(columns="kind").iloc[100:]
    assert (before.n_rows, left.n_rows) == (len(frame), len(peer))
    np.testing.assert_allclose(left.mean, peer.mean().to_numpy(), rtol=1e-9)
    assert left.n_doublets == int(peer.duplicated().sum())


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(*[st.one_of(st.just(np.nan), st.floats(-1e6, 1e6, width=32))] * 2), min_size=2, max_size=20
    ).filter(lambda rows: np.isfinite(np.array(rows)).any(axis=0).all())
)
def test_any_table_is_described_and_drawn(tmp_path: Path, rows: list[tuple[float, float]]) -> None:
    np.save(tmp_path / "t.npy", np.array(rows))
    plan = guess(tmp_path / "t.npy").with_roles({"column 1": "feature", "column 2": "feature"})
    data = described(read_dataset(replace(plan, recipe=Recipe(missing="keep"))))
    peer = pd.DataFrame(rows)
    np.testing.assert_allclose(data.mean, peer.mean().to_numpy(), rtol=1e-6, atol=1e-6)
    assert data.n_doublets == int(peer.duplicated().sum())
    assert render(view("description").figure(data, theme("light")), "svg")


@pytest.mark.parametrize("look", ["light", "dark"])
def test_pictures_show_their_mean_and_deviation(tmp_path: Path, look: str) -> None:
    images = np.random.default_rng(0).integers(0, 256, (40, 5, 6, 3), dtype=np.uint8)
    np.savez(tmp_path / "t.npz", X=images, y=np.arange(40) % 2)
    data = described(read_dataset(guess(tmp_path / "t.npz")))
    mean, deviation = data.pictures
    np.testing.assert_allclose(mean, images.mean(axis=(0, 3)))
    np.testing.assert_allclose(deviation, images.std(axis=0).mean(axis=2))
    assert render(view("description").figure(data, theme(look)), "png")  # type: ignore[arg-type]


def test_the_numbers_to_take_away_are_all_features(tmp_path: Path) -> None:
    data = described(dataset(table(), tmp_path))
    rows = numbers_of("description", data)
    assert rows is not None
    assert [row[0] for row in rows] == ["feature", "a", "b", "c", "d"]
    assert rows[1][2] == data.mean[0]


def test_notes_on_columns_are_told_and_copied(tmp_path: Path) -> None:
    frame = table()
    frame.to_csv(tmp_path / "t.csv", index=False)
    plan = guess(tmp_path / "t.csv").with_words("note", {"b": "twice a", "kind": "by eye"})
    noted = described(read_dataset(replace(plan, recipe=Recipe(missing="keep"))))
    assert noted.noted == "Notes. b: twice a; kind: by eye."
    told = numbers_of("description", noted)
    assert [line[-1] for line in told] == ["note", "", "twice a", "", ""]
    figure = view("description").figure(noted, theme("light"))
    assert "b: twice a" in figure.get_supxlabel()
    plain = described(dataset(frame, tmp_path))
    assert plain.noted == ""
    assert numbers_of("description", plain)[0][-1] == "missing"


def test_of_many_long_notes_the_first_are_told_in_short(tmp_path: Path) -> None:
    frame = pd.DataFrame({f"x{k}": np.arange(5.0) for k in range(9)})
    frame.to_csv(tmp_path / "t.csv", index=False)
    plan = guess(tmp_path / "t.csv").with_words("note", {f"x{k}": "word " * 99 for k in range(9)})
    noted = described(read_dataset(plan)).noted
    assert noted.endswith("(and 3 more).")
    assert len(noted) < 800


def test_encoded_columns_share_the_note_of_the_column_that_they_were(tmp_path: Path) -> None:
    frame = pd.DataFrame({"a": np.arange(20.0), "colour": ["red", "blue"] * 10})
    frame.to_csv(tmp_path / "t.csv", index=False)
    plan = guess(tmp_path / "t.csv").with_roles({"colour": "feature"}).with_words("note", {"colour": "of the cap"})
    data = read_dataset(plan)
    assert data.raw_notes == ("", "of the cap", "of the cap")
    assert data.notes == {"colour": "of the cap"}

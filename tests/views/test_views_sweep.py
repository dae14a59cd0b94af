"""The page of a sweep: its panels, marks and words at every stage, and figures in both themes."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, Literal

import numpy as np
import pytest

from engines import engine_info
from engines.choice import COLUMNS, recommend
from workbench.views import render, sweep, theme


def made(
    counts: tuple[int, ...] = (1, 2, 3, 4, 5),
    *,
    labels: bool = True,
    measured: int | None = None,
    failures: dict[int, str] | None = None,
    groups: bool = True,
) -> Any:
    """What a page reads of a sweep whose rows have three groups, or none."""
    k = np.asarray(counts, float)
    n_known = len(counts) if measured is None else measured
    bump = np.where(k == 3, 0.4, 0.0) if groups else np.zeros(len(k))
    table = {
        "error_per_row": np.where(k < 3, 100 / k, 10 / k) if groups else 100 / k,
        "silhouette": np.where(k == 1, np.nan, 0.4 + bump),
        "silhouette_without_groups": np.where(k == 1, np.nan, 0.39),
        "silhouette_deviation": np.where(k == 1, np.nan, 0.01),
        "davies_bouldin": np.where(k == 1, np.nan, 1 - bump),
        "calinski_harabasz": np.where(k == 1, np.nan, 200 + 100 * bump),
        "bic": 1000 - 900 * bump + k,
        "aic": 990 - 900 * bump + k,
        "stability": np.where(k == 1, np.nan, 0.6 + bump),
        "stability_error": np.where(k == 1, np.nan, 0.02),
        "ari": (0.5 + bump) if labels else np.full(len(k), np.nan),
        "nmi": (0.55 + bump) if labels else np.full(len(k), np.nan),
        "seconds": np.ones(len(k)),
    }
    assert set(table) == set(COLUMNS)
    for column in table.values():
        column[n_known:] = np.nan
    return SimpleNamespace(
        name="many $groups$ of\nrows",
        engine=engine_info("KMeans"),
        counts=counts,
        measured=counts[:n_known],
        table=table,
        recommendation=recommend(counts, table),
        has_likelihood=False,
        failures=failures or {},
        status="finished" if n_known == len(counts) else "running",
        dataset=SimpleNamespace(has_labels=labels, n_in=lambda part: 300),
    )


def test_each_criterion_has_a_panel_in_which_its_best_is_marked() -> None:
    data = sweep.compute(made())
    assert [panel.name for panel in data.panels] == [
        "error_per_row", "silhouette", "davies_bouldin", "calinski_harabasz", "bic", "stability", "ari", "votes",
    ]  # fmt: skip
    assert data.value == 3
    assert data.headline == "3 clusters"
    for panel in data.panels[:-1]:
        assert data.counts[panel.lines[0].best] == 3, panel.name
    votes = data.panels[-1].lines[0].values
    assert votes.tolist() == [0, 0, 6, 0, 0]


def test_without_labels_there_is_no_panel_and_no_column_of_them() -> None:
    data = sweep.compute(made(labels=False))
    assert "ari" not in [panel.name for panel in data.panels]
    assert "Rand index" not in data.columns


def test_the_table_in_words_has_a_row_for_each_count_and_a_dash_where_nothing_is_known() -> None:
    data = sweep.compute(made())
    assert len(data.rows) == 5
    assert all(len(row) == len(data.columns) for row in data.rows)
    assert data.rows[0][2] == "–"
    assert data.rows[2][:3] == ("3", "3.333", "0.8")


def test_a_page_that_is_not_complete_says_so() -> None:
    assert sweep.compute(made(measured=3)).headline == "3 clusters, by 3 of 5 so far"
    assert sweep.compute(made(measured=0)).headline == "Nothing measured yet, by 0 of 5 so far"
    assert sweep.compute(made(groups=False)).headline == "No clear number"
    assert "4: no room." in sweep.compute(made(failures={4: "no room."})).remarks


@pytest.mark.parametrize(
    ("counts", "words", "log"),
    [
        ((1, 2, 3, 4), "1 to 4", False),
        ((10, 20, 30), "10 to 30 by 10", False),
        ((2, 4, 8, 16, 64), "2, 4, 8, 16, 64", True),
        ((2, 3), "2, 3", False),
    ],
)
def test_counts_are_told_in_words_and_spread_as_they_lie(counts: tuple[int, ...], words: str, log: bool) -> None:
    assert sweep.counts_in_words(counts) == words
    assert sweep.compute(made(counts)).log_counts is log


@pytest.mark.parametrize(
    ("look", "stage"),
    [
        ("light", {"measured": 0}),
        ("dark", {"measured": 1, "labels": False}),
        ("dark", {"counts": (2, 4, 8, 16, 32, 64), "groups": False}),
        ("light", {"counts": tuple(range(1, 101))}),
    ],
)
def test_a_figure_is_drawn_at_every_stage_in_both_themes(look: Literal["light", "dark"], stage: Any) -> None:
    data = sweep.compute(made(**stage))
    figure = sweep.figure(data, theme(look))
    assert render(figure, "png").startswith(b"\x89PNG")
    shown = [axes for axes in figure.axes if axes.get_visible()]
    assert len(shown) == len(data.panels)
    assert all(axes.get_title(loc="left") for axes in shown)


def test_no_words_of_the_figure_overlap_or_leave_it() -> None:
    data = sweep.compute(made())
    figure = sweep.figure(data, theme("light"))
    render(figure, "png")
    whole = figure.bbox
    boxes = []
    for axes in figure.axes:
        if axes.get_visible():
            left, right = axes._left_title.get_window_extent(), axes._right_title.get_window_extent()
            assert left.x1 < right.x0, axes.get_title(loc="left")
            boxes += [left, right]
    boxes += [text.get_window_extent() for text in figure.texts]
    for box in boxes:
        assert box.x0 >= whole.x0
        assert box.x1 <= whole.x1
        assert box.y1 <= whole.y1

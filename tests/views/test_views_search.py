"""The page of a search: order, marks, axes and words at every stage, and figures in both themes."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, Literal

import numpy as np
import pytest
from sklearn.model_selection import ParameterGrid

from engines import engine_info
from workbench.session import Range
from workbench.session.search import Search
from workbench.views import render, search, theme
from workbench.views.numbers import numbers_of_study

SPACE = {"prototypes_per_class": [1, 2, 3], "learning_rate": [0.001, 0.01, 0.1], "transfer": ["sigmoid", "identity"]}


def made(
    space: dict[str, Any] = SPACE,
    *,
    trials: list[dict[str, Any]] | None = None,
    engine: str = "GMLVQ",
    measured: int | None = None,
    failures: tuple[int, ...] = (),
    status: Any = "finished",
) -> Search:
    """A search whose score rises to a best trial with two prototypes at a rate of 0.01."""
    listed = trials if trials is not None else list(ParameterGrid(space))
    rng = np.random.default_rng(0)
    dataset: Any = SimpleNamespace(name="rows", classes=("a", "b"))
    facts: Any = SimpleNamespace(remarks=("Some rows are left out.",))
    found = Search(
        "searches/s", "many $trials$ of\nrows", engine_info(engine), tuple(listed), {}, dataset, facts, None,  # type: ignore[arg-type]
        space=space, scheme="grid", folds=5, seed=0, status=status,
    )  # fmt: skip
    for k, trial in enumerate(listed[:measured]):
        if k + 1 in failures:
            found.put(k + 1, {"seconds": 1.0}, "no room.")
            continue
        away = abs(float(trial.get("prototypes_per_class", 2)) - 2) + abs(
            np.log10(trial.get("learning_rate", 0.01)) + 2
        )
        scores = 0.9 - 0.05 * away + 0.001 * (k % 2) + 0.01 * rng.standard_normal(5)
        found.put(k + 1, {"scores": scores if found.score.higher else 1 - scores, "seconds": 1.0 + k})
    return found


def test_trials_stand_in_the_order_of_their_means_and_failures_last() -> None:
    one = made(failures=(4, 9))
    data = search.compute(one)
    means = one.table["scores"].mean(axis=1)
    known = [int(k) + 1 for k in np.argsort(-means) if np.isfinite(means[k])]
    assert data.order == (*known, 4, 9)
    assert data.best == known[0]
    assert one.trials[data.best - 1]["prototypes_per_class"] == 2
    assert one.trials[data.best - 1]["learning_rate"] == 0.01
    assert "Trials 4, 9: no room." in data.remarks
    assert data.remarks[0] == "Some rows are left out."


def test_those_near_the_best_are_those_within_one_standard_error_of_it() -> None:
    one = made()
    data = search.compute(one)
    means = one.table["scores"].mean(axis=1)
    best = int(means.argmax())
    limit = means[best] - one.table["scores"][best].std(ddof=1) / np.sqrt(5)
    assert data.near.tolist() == (means >= limit).tolist()
    assert 1 <= data.near.sum() < len(means)


def test_a_lower_error_is_better() -> None:
    one = made({"n_clusters": [2, 3, 4]}, engine="KMeans")
    data = search.compute(one)
    assert data.score.name == "quantization_error"
    assert data.best == int(one.table["scores"].mean(axis=1).argmin()) + 1
    assert data.heat is None


def test_a_row_in_words_has_a_cell_for_each_head_and_numbers_to_sort_by() -> None:
    one = made(failures=(4,))
    data = search.compute(one)
    for trial in data.trials.tolist():
        assert len(data.row(trial)) == len(data.columns)
    assert data.row(4)[4:6] == ("–", "–")
    at = data.columns.index("accuracy")
    assert np.array_equal(data.sorted_by(at), data.means, equal_nan=True)
    assert np.array_equal(data.sorted_by(0), data.trials)
    assert np.array_equal(data.sorted_by(len(data.columns) - 1), data.seconds)
    assert data.sorted_by(1).tolist() == [trial["prototypes_per_class"] for trial in one.trials]


def test_axes_lie_as_the_values_do() -> None:
    count, rate, transfer = search.compute(made()).axes
    assert (count.log, rate.log, transfer.log) == (False, True, False)
    assert count.names == rate.names == ()
    assert transfer.names == ("sigmoid", "identity")
    assert sorted(set(transfer.places.tolist())) == [0.0, 1.0]
    drawn = [{"learning_rate": value} for value in (0.2, 0.3, 0.4)]
    assert search.compute(made({"learning_rate": Range(0.1, 1.0, log=True)}, trials=drawn)).axes[0].log
    assert not search.compute(made({"learning_rate": Range(0.1, 1.0)}, trials=drawn)).axes[0].log
    mixed = [{"prototypes_per_class": value} for value in (1, 2)]
    shapes = made(
        {"prototypes_per_class": [1, 2, "auto"]}, trials=[*mixed, {"prototypes_per_class": "auto"}], measured=0
    )
    assert search.compute(shapes).axes[0].names == ("1", "2", "auto")


def test_a_cell_of_the_heat_map_is_the_best_of_its_trials() -> None:
    one = made()
    for pair in (None, ("learning_rate", "transfer")):
        heat = search.compute(one, pair).heat
        assert heat is not None
        assert (heat.x, heat.y) == (pair or ("prototypes_per_class", "learning_rate"))
        for row, of_row in enumerate(heat.rows):
            for column, of_column in enumerate(heat.columns):
                inside = [
                    k for k, trial in enumerate(one.trials)
                    if search.value_in_words(trial[heat.x]) == of_column
                    and search.value_in_words(trial[heat.y]) == of_row
                ]  # fmt: skip
                best = max(inside, key=lambda k: one.means[k])
                assert heat.trials[row, column] == best + 1
                assert heat.values[row, column] == one.means[best]


def test_many_drawn_numbers_are_taken_together_in_the_heat_map() -> None:
    rng = np.random.default_rng(1)
    drawn = [
        {"learning_rate": float(10**x), "prototypes_per_class": int(n)}
        for x, n in zip(rng.uniform(-4, 0, 40), rng.integers(1, 4, 40), strict=True)
    ]
    space = {"learning_rate": Range(1e-4, 1.0, log=True), "prototypes_per_class": Range(1, 3, integer=True)}
    heat = search.compute(made(space, trials=drawn)).heat
    assert heat is not None
    assert heat.values.shape == (3, search.MOST_CELLS - 4)
    best = search.compute(made(space, trials=drawn)).best
    assert best in heat.trials
    assert np.nanmax(heat.values) == made(space, trials=drawn).means.max()


def test_a_page_that_is_not_complete_says_so() -> None:
    assert search.compute(made(measured=0, status="running")).headline == "Nothing measured yet, by 0 of 18 so far"
    headline = search.compute(made(measured=5, status="stopped")).headline
    assert headline.startswith("Trial ")
    assert headline.endswith(", by 5 of 18 so far")
    assert search.compute(made()).headline.startswith("Trial ")
    assert "so far" not in search.compute(made()).headline


def test_the_reason_names_the_trial_with_the_fewest_prototypes_among_those_that_are_as_good() -> None:
    one = made({"prototypes_per_class": [1, 2, 3]}, measured=0)
    rows = {1: [0.88, 0.90, 0.92, 0.90, 0.90], 2: [0.80] * 5, 3: [0.85, 0.95, 0.91, 0.93, 0.88]}
    for trial, row in rows.items():
        one.put(trial, {"scores": np.array(row), "seconds": 1.0})
    data = search.compute(one)
    assert data.best == 3
    assert "1 other trial is within one standard error of it: of these, trial 1 needs the fewest" in data.reason
    assert "(2 in place of 6)" in data.reason


def test_the_numbers_to_take_away_are_the_measured_ones_in_the_order_of_the_page() -> None:
    one = made(failures=(4,))
    data = search.compute(one)
    heads, *rows = numbers_of_study(one)
    assert heads == data.columns
    assert [row[0] for row in rows] == list(data.order)
    scores = np.array([row[-6:-1] for row in rows])
    np.testing.assert_array_equal(scores, one.table["scores"][np.array(data.order) - 1])
    assert {len(row) for row in rows} == {len(heads)}


@pytest.mark.parametrize(
    ("look", "stage"),
    [
        ("light", {"measured": 0}),
        ("dark", {"measured": 1}),
        ("dark", {}),
        ("light", {"failures": tuple(range(1, 19))}),
        ("light", {"space": {"n_clusters": [2, 3]}, "engine": "KMeans"}),
    ],
)
def test_a_figure_is_drawn_at_every_stage_in_both_themes(look: Literal["light", "dark"], stage: Any) -> None:
    data = search.compute(made(**stage))
    figure = search.figure(data, theme(look))
    assert render(figure, "png").startswith(b"\x89PNG")
    titles = [axes.get_xlabel() for axes in figure.axes if axes.get_visible()]
    assert [axis.name for axis in data.axes] == titles[: len(data.axes)]
    whole = figure.bbox
    for text in figure.texts:
        assert text.get_window_extent().x1 <= whole.x1

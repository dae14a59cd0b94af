"""The report of several runs: its figures against brute force, its form, and a sentence for runs that it refuses."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import adjusted_rand_score

from tests.reports.conftest import Shelf
from tests.reports.printed import Headings, Printed
from tests.reports.test_reports_html import Page
from workbench.cli import main
from workbench.data import guess
from workbench.reports import ReportError, export_together, trained
from workbench.reports.learned import Watch
from workbench.reports.outcomes import assess_rows
from workbench.reports.runs_content import Assessed, runs_content
from workbench.session import Run, Session
from workbench.views import run_relevances
from workbench.views.intervals import wilson
from workbench.views.wording import number, percent


@dataclass(frozen=True)
class Learned:
    """A project with five runs on three groups that overlap, and one on other data."""

    session: Session
    runs: dict[str, Run]

    def told(self, *names: str) -> dict[str, Any]:
        """The words of a report of these runs."""
        assessed = []
        for name in names:
            run = trained(self.runs[name])
            assessed.append(Assessed(run, *assess_rows(run, Watch())))
        scenes = [run.run.scene for run in assessed]
        has_metric = any(map(run_relevances.has_metric, scenes))
        return runs_content(self.session, assessed, run_relevances.compute(scenes) if has_metric else None)


@pytest.fixture(scope="module")
def learned(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Learned]:
    folder = tmp_path_factory.mktemp("together")
    rng = np.random.default_rng(0)
    y = np.arange(240) % 3
    X = rng.normal(size=(240, 3)) + np.array([[0, 0, 0], [2, 0, 0], [0, 2, 0]])[y]
    lines = ["a,b,c,kind", *(f"{a:.5f},{b:.5f},{c:.5f},k{k}" for (a, b, c), k in zip(X, y, strict=True))]
    for name in ("groups", "others"):
        (folder / f"{name}.csv").write_text("\n".join(lines) + "\n")
    path = folder / "learned.vqw"
    words = ["--project", str(path), "--scale", "standard", "--split", "0.5/0/0.5", "--label", "kind"]
    assert main(["import", str(folder / "groups.csv"), *words]) == 0
    with Session.open(path) as session:
        session.import_data(guess(folder / "others.csv"), name="others").result(60)
        quick = {"random_state": 0, "max_iter": 4}
        runs = [
            session.add_run("groups", "GMLVQ", quick, name="metric"),
            session.add_run("groups", "LVQ1", quick, name="plain"),
            session.add_run("groups", "KMeans", quick | {"n_clusters": 3}, name="three"),
            session.add_run("groups", "KMeans", quick | {"n_clusters": 6}, name="six"),
            session.add_run("groups", "ProductQuantizer", quick | {"n_subspaces": 3, "n_bits": 2}, name="codes"),
            session.add_run("others", "KMeans", quick, name="elsewhere"),
        ]
        assert [run.wait(120) for run in runs] == ["finished"] * 6, [run.error for run in runs]
        session.show_test_part("groups")
        yield Learned(session, {run.name: run for run in runs})


def test_accuracies_name_their_part_and_are_those_of_the_models_with_wilsons_interval(learned: Learned) -> None:
    told = learned.told("metric", "plain", "three")["accuracy"]
    assert told["heading"] == ["run", "training part, 120 rows", "test part, 120 rows"]
    for name, *cells in told["lines"][:2]:
        run = learned.runs[name]
        for part, cell in zip(("train", "test"), cells, strict=True):
            right = run.model().predict(np.asarray(run.dataset.rows(part))) == run.dataset.labels(part)
            low, high = wilson(int(right.sum()), len(right))
            assert cell == f"{percent(float(right.mean()))} ({percent(low)} to {percent(high)})"
    assert told["lines"][2] == ["three", "–", "–"]


def test_classifiers_are_compared_on_the_test_part_by_mcnemars_test(learned: Learned) -> None:
    told = learned.told("metric", "plain", "three")["accuracy"]["pairs"]
    rows, labels = (f("test") for f in (learned.runs["metric"].dataset.rows, learned.runs["metric"].dataset.labels))
    one, other = (learned.runs[name].model().predict(np.asarray(rows)) == labels for name in ("metric", "plain"))
    alone = int((one & ~other).sum()), int((other & ~one).sum())
    p = stats.binomtest(alone[0], sum(alone), 0.5).pvalue
    assert told["part"] == "test"
    assert sum(alone) > 0
    (line,) = told["lines"]
    assert line[:4] == ["metric", "plain", *map(str, alone)]
    assert float(line[4].replace("−", "-").removesuffix(" %")) == pytest.approx(
        100 * (alone[1] - alone[0]) / 120, abs=0.05
    )
    assert line[5] == number(p, 3)
    assert ("is not shown" in told["said"]) == (p >= 0.05)


def test_the_level_of_the_test_is_shared_among_the_pairs(learned: Learned) -> None:
    assert "against 0.05" in learned.told("metric", "plain")["accuracy"]["pairs"]["said"]
    again = learned.session.add_run("groups", "GLVQ", {"random_state": 0, "max_iter": 2}, name="again")
    assert again.wait(60) == "finished"
    learned.runs["again"] = again
    said = learned.told("metric", "plain", "again")["accuracy"]["pairs"]
    assert "0.05 / 3 pairs = 0.017" in said["said"]
    assert [line[:2] for line in said["lines"]] == [["metric", "plain"], ["metric", "again"], ["plain", "again"]]


def test_errors_are_measured_alike_whatever_the_metric(learned: Learned) -> None:
    names = ("metric", "six", "codes")
    told = learned.told(*names)["errors"]
    squares = {}
    for name, *cells in told["lines"]:
        model = learned.runs[name].model()
        for part, cell in zip(("train", "test"), cells, strict=True):
            X = np.asarray(learned.runs[name].dataset.rows(part), float)
            stands = model.decode(model.encode(X)) if name == "codes" else model.prototypes_[_cells(model, X)]
            squares[name] = ((X - stands) ** 2).sum(axis=1)
            low, high = stats.t.interval(0.95, len(X) - 1, squares[name].mean(), stats.sem(squares[name]))
            assert cell == f"{number(float(squares[name].mean()))} ({number(low)} to {number(high)})"
    differences = squares["metric"] - squares["six"]  # of the test part
    low, high = stats.t.interval(0.95, 119, differences.mean(), stats.sem(differences))
    assert told["part"] == "test"
    assert told["pair_lines"][0] == [
        "metric",
        "six",
        number(float(differences.mean())),
        f"{number(low)} to {number(high)}",
    ]
    assert learned.told("metric", "plain")["errors"] is None  # of classifiers alone


def _cells(model: Any, X: Any) -> Any:
    return model.transform(X).argmin(axis=1)


def test_cells_of_pairs_are_compared_on_all_rows(learned: Learned) -> None:
    told = learned.told("three", "six", "codes")["cells"]
    X = np.asarray(learned.runs["three"].dataset.rows("all"))
    three, six = (learned.runs[name].model().predict(X) for name in ("three", "six"))
    ((*names, rand, _),) = told["lines"]  # codes are no cells
    assert names == ["three", "six"]
    assert rand == number(adjusted_rand_score(three, six), 3)


def test_parameters_that_differ_are_told_beside_one_another_and_the_others_once(learned: Learned) -> None:
    told = learned.told("three", "six")
    (table,) = told["parameters"]
    assert table == {"heading": ["parameter", "three", "six"], "lines": [["n_clusters", "3", "6"]]}
    assert "max_iter 4" in told["same"]
    assert "n_clusters" not in told["same"]


def test_of_many_runs_the_parameters_go_into_tables_that_can_be_read(learned: Learned) -> None:
    names = ["metric", "plain", "three", "six", "codes"] + ["three"] * 3
    tables = learned.told(*names)["parameters"]
    assert [table["heading"][1:] for table in tables] == [names[:4], names[4:]]
    assert [line[0] for line in tables[0]["lines"]] == [line[0] for line in tables[1]["lines"]]


def test_what_is_true_of_some_runs_is_said_with_their_names_and_of_all_without(learned: Learned) -> None:
    elsewhere = learned.runs["elsewhere"]
    before = elsewhere.dataset.as_of(elsewhere.dataset.correction)
    learned.session.drop(elsewhere.dataset, [0, 1, 2])
    assert len(trained(elsewhere, before).numbers) == len(trained(elsewhere).numbers) + 3 == 240
    later = learned.session.add_run("others", "KMeans", {"n_clusters": 2, "max_iter": 2}, name="later")
    assert later.wait(60) == "finished"
    learned.runs["later"] = later
    (note,) = learned.told("elsewhere", "later")["notes"]
    assert note.startswith("elsewhere: Labels were corrected or rows dropped since the run was made")
    assert learned.told("elsewhere", "elsewhere")["notes"] == [note.removeprefix("elsewhere: ")]


def test_the_page_is_whole_loads_nothing_and_shows_hostile_names_as_they_are(shelf: Shelf, tmp_path: Path) -> None:
    (path,) = export_together(shelf.session, [shelf.flowers, shelf.clusters], tmp_path / "pair.html")
    page = Page(path)
    assert not page.open
    assert not [tag for tag, _ in page.tags if tag in ("script", "link", "iframe", "object", "form")]
    assert all(address.startswith(("data:image/", "#")) for address in page.addresses())
    assert {address[1:] for address in page.addresses() if address.startswith("#")} == page.ids
    assert "<script" not in page.source
    assert "<script>run()</script> beside clusters" in page.texts
    assert page.ids == {
        "runs",
        "accuracy",
        "errors",
        "cells",
        "relevance",
        "training",
        "run-1",
        "run-2",
        "data",
        "again",
    }
    assert sum(tag == "img" for tag, _ in page.tags) == 4  # curves, relevances, and the prototypes of each


def test_in_print_the_headings_are_bookmarks_and_every_run_has_its_own(learned: Learned, tmp_path: Path) -> None:
    runs = [learned.runs[name] for name in ("metric", "three", "codes")]
    done: list[float] = []
    (paper,) = export_together(learned.session, runs, tmp_path / "runs.pdf", progress=done.append)
    (page,) = export_together(learned.session, runs, tmp_path / "runs", format="html")
    printed, headings = Printed(paper.read_bytes()), Headings(page.read_text(encoding="utf-8"))
    assert [title for title, _ in printed.outline] == [" ".join(text.split()) for _, text in headings.found]
    assert printed.outline[0] == ("3 runs on groups", 0)
    for title, number_ in printed.outline:
        assert title in printed.texts[number_]
    assert {"metric", "three", "codes"} <= {title for title, _ in printed.outline}
    assert printed.texts[-1].endswith(f"{len(printed.file)} of {len(printed.file)}")
    assert done == sorted(done)
    assert done[-1] == 1


@pytest.mark.parametrize(
    ("names", "ending", "said"),
    [
        (
            ["three", "elsewhere"],
            "html",
            "'three' learned from groups and 'elsewhere' from others: only runs on the same",
        ),
        (["three"], "html", "needs at least two"),
        ([], "html", "needs at least two"),
        (["three", "six", "three"], "html", "Run 'three' is named twice"),
        (["three"] * 11, "html", "11 runs are too many for one report: name at most 10"),
        (["three", "six"], "csv", "a file ending in .html or .pdf can be written, but not .csv"),
    ],
)
def test_what_cannot_go_into_one_report_is_told_in_a_sentence(
    learned: Learned, tmp_path: Path, names: list[str], ending: str, said: str
) -> None:
    with pytest.raises(ReportError, match=said):
        export_together(learned.session, [learned.runs[name] for name in names], tmp_path / f"page.{ending}")
    assert list(tmp_path.iterdir()) == []

"""What leaves the workbench of a test part that nobody has looked at, and what is said of it once somebody has."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_iris

from workbench.cli import main
from workbench.data import Derivation, Recipe, Split, guess
from workbench.reports import EXPORTS, export, export_together, trained
from workbench.reports.assessment import assess
from workbench.reports.content import content
from workbench.reports.learned import Watch
from workbench.reports.script import script
from workbench.session import Run, Session
from workbench.views import VIEWS, scene_of
from workbench.views.confusion import compute as confusion_of
from workbench.views.first_look import NOT_YET, caution
from workbench.views.picking import Pick, rows_of, taken_for
from workbench.views.table import Asked, texts
from workbench.views.table import compute as table_of

PARTS = Recipe(scaling="standard", split=Split(0.6, 0.1, 0.3))


@pytest.fixture(scope="module")
def iris(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("iris") / "iris.csv"
    data = load_iris()
    lines = [
        "a,b,c,d,kind",
        *(",".join(map(str, [*x, f"kind {y}"])) for x, y in zip(data.data, data.target, strict=True)),
    ]
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture(scope="module")
def runs(iris: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Session, Run, Run]]:
    """Two classifiers on iris, of which 45 rows are a test part that stays sealed."""
    with Session.create(tmp_path_factory.mktemp("sealed") / "p.vqw") as session:
        data = session.import_data(replace(guess(iris), recipe=PARTS), name="iris").result(60)
        made = [session.add_run(data, "GLVQ", {"random_state": k, "max_iter": 2}, name=f"run {k}") for k in (0, 1)]
        assert [run.wait(120) for run in made] == ["finished"] * 2
        yield session, made[0], made[1]


def lines_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def words(text: str) -> str:
    """Without the breaks of lines, also of comments."""
    return " ".join(text.replace("\n#", "\n").split())


def told(session: Session, run: Run) -> dict[str, Any]:
    learned = trained(run)
    return content(session, learned, assess(learned, learned.blocks(Watch())))


def test_no_view_of_a_sealed_dataset_counts_or_shows_a_test_row(runs: tuple[Session, Run, Run]) -> None:
    _, run, _ = runs
    scene = scene_of(run)
    assert scene is not None
    test = run.dataset.split == 2
    assert scene.is_whole
    assert set(scene.sample.rows) == set(np.flatnonzero(~test))
    assert [part.part for part in confusion_of(scene).parts] == ["training", "validation"]
    everything = Pick(rows=tuple(range(150)), test=taken_for(0, 0, 2))
    np.testing.assert_array_equal(rows_of(everything, scene), ~test)
    where = f"without the 45 of the test part ({NOT_YET})"
    for view in VIEWS:
        if view.name in ("confusion", "reject", "label_desk", "comparison", "projection"):
            assert where in view.compute(scene).note, view.name
    description = next(view for view in VIEWS if view.name == "description")
    assert any(where in sentence for sentence in description.compute(scene).told)


def test_two_runs_are_compared_without_the_sealed_part_whose_figures_say_so(runs: tuple[Session, Run, Run]) -> None:
    _, run, _ = runs
    scene = scene_of(run)
    assert scene is not None
    data = next(view for view in VIEWS if view.name == "comparison").compute(scene)
    assert [part.part for part in data.parts] == ["training", "validation"]
    assert {name: words for name, *words in data.figures if "test" in name} == {
        "squared error, test rows": [NOT_YET, NOT_YET],
        "accuracy, test rows": [NOT_YET, NOT_YET],
    }


def test_the_table_lists_sealed_rows_without_what_the_run_says_of_them(runs: tuple[Session, Run, Run]) -> None:
    _, run, _ = runs
    scene = scene_of(run)
    assert scene is not None
    data = table_of(scene.asking(str(Asked())))
    assert data.note == f"150 rows, 45 of them of the test part ({NOT_YET})"
    kinds = [column.kind for column in data.columns]
    rows = [dict(zip(kinds, line, strict=False)) for line in texts(scene, data.columns, data.order)]
    for row, code in zip(rows, run.dataset.split.tolist(), strict=True):
        assert row["part"] == ("training", "validation", "test")[code]
        assert (row["predicted"] == "–") == (row["prototype"] == "–") == (code == 2)


def test_a_sealed_part_is_in_no_report_and_no_table_of_rows_and_its_absence_is_told(
    runs: tuple[Session, Run, Run], tmp_path: Path
) -> None:
    session, run, _ = runs
    found = told(session, run)
    assert not any("test" in name for name, _ in found["metrics"])
    assert [part["part"] for part in found["confusion"]] == ["training", "validation"]
    assert ("–", "accuracy, test part", NOT_YET) in found["highlights"]
    assert ("test part", NOT_YET) in found["data"]
    assert "The test part of iris, 45 rows, has not been looked at yet." in " ".join(found["notes"])
    (path,) = export("assignments", session, run, tmp_path / "rows.csv")
    assert {line["part"] for line in lines_of(path)} == {"training", "validation"}
    assert len(lines_of(path)) == 105
    remarks = {kind.name: kind.remark(run) for kind in EXPORTS}
    assert {name for name, words in remarks.items() if words} == {"assignments", "codes"}
    assert remarks["assignments"].endswith("has not been looked at yet. Its rows are left out.")
    text = words(script(session, run))
    assert "X_test" not in text
    assert "nothing is measured on the rows to test on" in text


def test_a_report_of_several_runs_leaves_a_sealed_part_out_and_says_so(
    runs: tuple[Session, Run, Run], tmp_path: Path
) -> None:
    session, *both = runs
    (path,) = export_together(session, both, tmp_path / "both.html")
    text = path.read_text(encoding="utf-8")
    assert "validation part, 15 rows" in text
    assert "test part, 45 rows" not in text
    assert text.count("The test part of iris, 45 rows, has not been looked at yet.") == 2


def test_the_report_tells_when_the_test_part_was_first_looked_at_and_what_came_after(
    iris: Path, tmp_path: Path
) -> None:
    quick = {"random_state": 0, "max_iter": 2}
    with Session.create(tmp_path / "p.vqw") as session:
        data = session.import_data(replace(guess(iris), recipe=PARTS), name="iris").result(60)
        before = session.add_run(data, "GLVQ", quick, name="before")
        before.wait(120)
        session.show_test_part(data)
        after = session.add_run(data, "GLVQ", quick, name="after")
        after.wait(120)
        when = data.first_look.time[:16].replace("T", " ")
        sentence = (
            f"The test part was first looked at on {when}, when 1 run on these data had been started; 1 run was "
            "started or changed after it, with knowledge of the test part."
        )
        for run, notes in ((before, []), (after, [caution(after)])):
            found = told(session, run)
            assert ("test part", sentence) in found["data"]
            assert found["notes"] == notes
            assert [part["part"] for part in found["confusion"]] == ["training", "validation", "test"]
        assert caution(after).startswith("Run 'after' was started after the test part was first looked at")
        text = words(script(session, after))
        assert f"The test part was first looked at on {when}." in text
        assert "after.score(X_test, y_test)" in text
        half = session.derive(data, Derivation(recipe=Recipe(split=Split(0.5, 0.0, 0.5))), name="half").result(60)
        again = session.add_run(half, "GLVQ", quick)
        again.wait(120)
        assert (
            f"Some of its rows may have been seen before, in a test part that was looked at: that of iris ({when})."
            in told(session, again)["notes"]
        )


def test_the_command_line_shows_no_test_figure_before_it_is_asked_for(
    iris: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def said(*words: object) -> str:
        capsys.readouterr()
        assert main([str(word) for word in words]) == 0
        return capsys.readouterr().out

    project = tmp_path / "p.vqw"
    said("import", iris, "--project", project, "--split", "0.7/0/0.3", "--label", "kind")
    learned = said("train", project, "--engine", "GLVQ", "--set", "max_iter=2", "--name", "first")
    assert "accuracy_test" not in learned
    assert f"45 rows, has not been looked at yet. It is shown by 'vq-workbench show-test {project}'." in learned
    known = json.loads(said("info", project, "--json"))
    assert known["datasets"][0]["test_part"] == {"rows": 45, "sealed": True, "first_look": None}
    assert "accuracy_test" not in known["runs"][0]["metrics"]
    seen = json.loads(said("show-test", project, "--json"))
    assert (seen["dataset"], seen["rows"]) == ("iris", 45)
    (run,) = seen["runs"]
    assert run["interval"][0] < run["value"] < run["interval"][1] or run["value"] == 1
    known = json.loads(said("info", project, "--json"))
    assert known["datasets"][0]["test_part"] == {"rows": 45, "sealed": False, "first_look": seen["first_look"]}
    assert known["runs"][0]["metrics"]["accuracy_test"] == run["value"]
    assert "when 1 run on these data had been started; none was started or changed after it." in said(
        "show-test", project
    )

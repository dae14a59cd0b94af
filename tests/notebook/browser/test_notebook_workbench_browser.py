"""The whole job in one real JupyterLab: import by the form, train live, pause, look, stop, restart, go on."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sklearn.datasets import load_iris

from tests.notebook.browser.lab import Lab, Notebook

pytestmark = pytest.mark.slow
Opened = Callable[..., Notebook]
OPEN = "bench = nb.Workbench('whole.vqw')\nbench"


@pytest.fixture
def table(lab: Lab) -> Path:
    """Iris as a file of the server."""
    iris = load_iris()
    path = lab.folder / "flowers.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*iris.feature_names, "species"])
        for row, code in zip(iris.data.tolist(), iris.target.tolist(), strict=True):
            writer.writerow([*row, iris.target_names[code]])
    return path


def desk(notebook: Notebook) -> Any:
    return notebook.page.locator("section.vqw-desk").last


def until(notebook: Notebook, status: str) -> None:
    """Wait until the bar of the run says so."""
    desk(notebook).locator(".vqw-bar", has_text=f"{status} · iteration").wait_for()


def picture(notebook: Notebook, pictures: Path | None, name: str) -> None:
    """Keep what is to be seen, in both themes, if anybody wants to look at it."""
    if pictures is None:
        return
    pictures.mkdir(parents=True, exist_ok=True)
    for look in ("light", "dark"):
        notebook.theme(look)
        notebook.page.wait_for_timeout(700)
        desk(notebook).screenshot(path=str(pictures / f"workbench {name} {look}.png"))
    notebook.theme("light")


def frame(notebook: Notebook) -> int:
    words = desk(notebook).locator(".vqw-host >> text=/^frame /").inner_text()
    return int(words.split("·")[0].removeprefix("frame ").replace(",", ""))


def open_by_form(notebook: Notebook, pictures: Path | None) -> None:
    """Import the table, with a split and scaling."""
    shown = desk(notebook)
    shown.get_by_label("Path of a file").fill("nothing.csv")
    shown.get_by_role("button", name="Open").click()
    shown.get_by_text("There is no file nothing.csv: check the name.").wait_for()
    shown.get_by_label("Path of a file").fill("flowers.csv")
    shown.get_by_role("button", name="Open").click()
    shown.get_by_text("150 rows, 4 features").wait_for()
    shown.get_by_label("Scaling").select_option("standard")
    shown.get_by_label("Test part [%]").fill("20")
    shown.get_by_text("Training part 80 %").wait_for()
    picture(notebook, pictures, "import")
    shown.get_by_role("button", name="Import", exact=True).click()
    shown.get_by_role("treeitem", name="flowers: 150 rows, 4 features").wait_for()


def start_by_form(notebook: Notebook, pictures: Path | None) -> None:
    """Start a long run of a map."""
    shown = desk(notebook)
    shown.get_by_role("button", name="New run…").click()
    shown.get_by_label("Engine").select_option("SOM")
    shown.get_by_label("Max iter").fill("0")
    shown.get_by_text("SOM: max_iter must be an integer of at least 1, got 0.").wait_for()
    picture(notebook, pictures, "run")
    shown.get_by_label("Max iter").fill("1000000")
    shown.get_by_role("button", name="Start training").click()
    until(notebook, "running")


def test_the_whole_job_in_a_cell(notebook: Opened, table: Path, pictures: Path | None) -> None:
    made = notebook(OPEN, "print(bench.session.run('SOM on flowers').status)", "print(6 * 7)")
    made.page.set_viewport_size({"width": 1280, "height": 1400})
    made.run(1)
    open_by_form(made, pictures)
    picture(made, pictures, "dataset")
    start_by_form(made, pictures)
    made.page.wait_for_timeout(1000)
    before = frame(made)
    made.run(3)
    assert made.output(3).strip() == "42", "the kernel is free"
    made.page.wait_for_timeout(1500)
    assert frame(made) >= before + 3
    picture(made, pictures, "curves")
    shown = desk(made)
    shown.get_by_role("button", name="Pause").click()
    until(made, "paused")
    shown.get_by_role("tab", name="Map").click()
    shown.locator(".vqw-host section[aria-label^='Map']").wait_for()
    assert shown.locator(".vqw-host section").count() == 1, "the view before has left the page"
    picture(made, pictures, "map")
    shown.get_by_role("button", name="Stop").click()
    until(made, "stopped")
    made.run(2)
    assert made.output(2).strip() == "stopped"
    restart_and_go_on(made)


def restart_and_go_on(made: Notebook) -> None:
    """With a new kernel the same cell opens the same project, and the run goes on; undo takes it away."""
    made.page.evaluate("() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()")
    made.until_idle()
    made.run(0)
    made.run(1)
    shown = desk(made)
    shown.get_by_role("treeitem", name="SOM on flowers: Self-organizing map, stopped").click()
    shown.get_by_role("button", name="Resume").click()
    until(made, "running")
    shown.get_by_role("button", name="Stop").click()
    until(made, "stopped")
    shown.get_by_role("button", name="Undo").click()
    shown.get_by_role("treeitem", name="SOM on flowers").wait_for(state="detached")
    shown.get_by_role("button", name="Redo").click()
    shown.get_by_role("treeitem", name="SOM on flowers").wait_for()


def test_a_file_of_ones_own_is_uploaded(notebook: Opened, table: Path) -> None:
    made = notebook("bench = nb.Workbench('sent.vqw')\nbench")
    made.run(1)
    shown = desk(made)
    with table.open("a") as file:  # of several pieces
        file.writelines("5.1,3.5,1.4,0.2,setosa\n" for _ in range(100_000))
    shown.locator("input[type=file]").set_input_files(str(table))
    shown.get_by_text("features", exact=False).and_(shown.locator(".vqw-note")).last.wait_for()
    shown.get_by_role("button", name="Import", exact=True).click()
    shown.get_by_role("treeitem", name="flowers: 100,150 rows, 4 features").wait_for()


def test_the_list_and_the_tabs_are_reached_with_the_keyboard(notebook: Opened) -> None:
    made = notebook(
        "session, data = project('keys', 600)\n"
        "for k in (3, 5): session.add_run(data, 'KMeans', {'n_clusters': k}).wait()\n"
        "nb.Workbench(session)"
    )
    made.run(1)
    shown = desk(made)
    last = shown.get_by_role("treeitem").last
    last.focus()
    last.press("ArrowUp")
    shown.get_by_role("heading", name="KMeans on clouds", exact=True).wait_for()
    front = shown.locator('[role=tab][aria-selected="true"]')
    front.focus()
    front.press("ArrowRight")
    shown.locator('[role=tab][aria-selected="true"]', has_text="Rows").wait_for()

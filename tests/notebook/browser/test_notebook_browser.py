"""Widgets in a real JupyterLab: live while a run learns, obedient, linked, in the theme of the page, no complaints."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.notebook.browser.lab import Notebook

Opened = Callable[..., Notebook]
RUN = "session, data = project('{name}')\nrun = session.add_run(data, 'SOM', {{'shape': [8, 8], 'max_iter': 100_000}})"

PICKED_IN_BOTH = """n => [...document.querySelectorAll(".vqw button")]
    .filter(button => parseInt(button.textContent.replace(/^\\D+/, "")) > n).length === 2"""
"""Whether two widgets say that more than n rows are picked."""


def started(name: str) -> str:
    """A cell that starts a run, which goes on until it is stopped."""
    return RUN.format(name=name)


def frames(notebook: Notebook, title: str) -> int:
    """The frame counter of a monitor."""
    words = notebook.widget(title).locator("text=/^frame /").inner_text()
    return int(words.split("·")[0].removeprefix("frame ").replace(",", ""))


def canvas(notebook: Notebook, title: str) -> Any:
    return notebook.widget(title).locator("canvas").last


def test_a_run_is_watched_paused_stepped_and_stopped(notebook: Opened) -> None:
    made = notebook(
        started("watched"),
        "monitor = nb.RunMonitor(run)\nmonitor",
        "print(run.status, run.latest.iteration, monitor.n_drawn == monitor.n_frames)",
    )
    made.run(1)
    made.run(2)
    monitor = made.widget("Learning curves")
    made.page.wait_for_function("() => /iteration \\d/.test(document.querySelector('.vqw-words').textContent)")
    before = frames(made, "Learning curves")
    made.page.wait_for_timeout(2000)
    assert frames(made, "Learning curves") >= before + 2
    monitor.get_by_role("button", name="Pause").click()
    monitor.locator("text=/^paused · iteration/").wait_for()
    monitor.get_by_role("button", name="Step").click()
    made.page.wait_for_timeout(500)
    monitor.get_by_role("button", name="Stop").click()
    monitor.locator("text=/^stopped · iteration/").wait_for()
    made.page.wait_for_timeout(1000)
    words = monitor.locator("text=/^stopped · iteration/").inner_text()
    made.run(3)
    status, iteration, is_drawn = made.output(3).split()
    assert status == "stopped"
    assert is_drawn == "True"
    assert f"iteration {int(iteration):,} of" in words, "the last frame shows the last snapshot"


@pytest.mark.slow
def test_frames_go_on_while_another_cell_computes(notebook: Opened) -> None:
    made = notebook(
        started("busy"),
        "monitor = nb.RunMonitor(run)\nmonitor",
        "before = monitor.n_drawn\nend = time.monotonic() + 5\nwhile time.monotonic() < end: sum(range(10_000))\n"
        "print(monitor.n_frames - before)",
        "run.stop(); print(run.wait())",
    )
    made.run(1)
    made.run(2)
    made.page.wait_for_timeout(1000)
    before = frames(made, "Learning curves")
    made.run(3, wait=False)
    made.page.wait_for_timeout(4000)
    shown = frames(made, "Learning curves") - before
    made.until_done(3)
    print(f"\n{shown} frames in 4 s while another cell computed")
    assert shown >= 3
    assert int(made.output(3)) >= 4
    made.run(4)
    assert made.output(4).strip() == "stopped"


@pytest.mark.slow
def test_frames_of_a_background_run_are_counted(notebook: Opened) -> None:
    made = notebook(
        started("counted"),
        "widget = nb.Projection(run)\nwidget",
        "first, began = widget.n_drawn, time.monotonic()",
        "print((widget.n_drawn - first) / (time.monotonic() - began))",
        "run.stop(); run.wait(); time.sleep(0.5)\n"
        "print(widget._sent == widget._wanted(), widget.n_drawn == widget.n_frames)",
    )
    made.run(1)
    made.run(2)
    made.page.wait_for_timeout(1500)
    made.run(3)
    made.page.wait_for_timeout(5000)
    made.run(4)
    print(f"\n{float(made.output(4)):.1f} frames/s of a projection of 3,000 rows and 64 prototypes")
    assert float(made.output(4)) > 1
    made.run(5)
    made.page.wait_for_timeout(500)
    made.run(5)
    assert made.output(5).split() == ["True", "True"], "the last frame was sent and drawn"


@pytest.mark.slow
def test_what_is_picked_in_one_widget_is_seen_in_the_other(notebook: Opened) -> None:
    made = notebook(
        "session, data = project('picked', 600)\n"
        "runs = [session.add_run(data, 'KMeans', {'n_clusters': k, 'random_state': 0}) for k in (5, 9)]\n"
        "for run in runs: run.wait()",
        "first = nb.Projection(runs[0], height=300, name='first')\nfirst",
        "second = nb.Projection(runs[1], height=300)\nsecond",
        "print(sorted(session.selection.prototypes(runs[0].id)), len(session.selection.rows(data.id, data.n_rows)))",
    )
    for cell in (1, 2, 3):
        made.run(cell)
    plot = made.page.locator("canvas.vqw-plane").first
    plot.focus()
    plot.press("ArrowRight")
    plot.press("Enter")
    made.page.wait_for_function(PICKED_IN_BOTH, arg=0)
    made.run(4)
    prototypes, n_rows = made.output(4).strip().rsplit(" ", 1)
    assert prototypes == "[0]"
    assert 0 < int(n_rows) < 600
    made.widget("Projection").last.get_by_role("button", name="Rectangle").click()
    box = made.page.locator("canvas.vqw-plane").last.bounding_box()
    made.page.mouse.move(box["x"] + 80, box["y"] + 20)
    made.page.mouse.down()
    made.page.mouse.move(box["x"] + box["width"] - 30, box["y"] + box["height"] - 60, steps=5)
    made.page.mouse.up()
    made.page.wait_for_function(PICKED_IN_BOTH, arg=int(n_rows))
    made.page.keyboard.press("Escape")


@pytest.mark.slow
def test_an_interrupt_stops_the_run_that_a_cell_waits_for(notebook: Opened) -> None:
    made = notebook(started("interrupted"), "run.wait()", "print(run.status, run.latest.iteration > 0)")
    made.run(1)
    made.run(2, wait=False)
    made.page.wait_for_timeout(2000)
    made.command("notebook:interrupt-kernel")
    made.until_done(2)
    assert "KeyboardInterrupt" in made.output(2)
    made.run(3)
    assert made.output(3).split() == ["stopped", "True"]


@pytest.mark.slow
def test_a_hundred_thousand_points_are_drawn_fluidly(notebook: Opened) -> None:
    made = notebook(
        "from engines import KMeans\nX, y = blobs(100_000)\nmodel = KMeans(n_clusters=8, random_state=0).fit(X)",
        "widget = nb.Projection(model, X, y)\nwidget",
    )
    made.run(1)
    made.run(2)
    made.page.wait_for_selector("canvas.vqw-plane")
    made.page.wait_for_timeout(3000)
    plot = made.page.locator("canvas.vqw-plane")
    assert "100000 rows" in plot.get_attribute("aria-label")
    plot.focus()
    seconds = made.page.evaluate(
        """async () => {
            const plot = document.querySelector("canvas.vqw-plane");
            const began = performance.now();
            for (let k = 0; k < 10; k += 1) {
                plot.dispatchEvent(new KeyboardEvent("keydown", { key: k % 2 ? "-" : "+" }));
                await new Promise(requestAnimationFrame);
            }
            return (performance.now() - began) / 10000;
        }"""
    )
    print(f"\n{1000 * seconds:.0f} ms a picture of 100,000 points while zooming")


@pytest.mark.slow
@pytest.mark.parametrize("look", ["light", "dark"])
def test_widgets_follow_the_theme_of_the_page(look: str, notebook: Opened, pictures: Path | None) -> None:
    made = notebook(
        f"session, data = project('{look}', 900)\n"
        "run = session.add_run(data, 'GMLVQ', {'random_state': 0, 'max_iter': 40})\n"
        "run.wait()\nmonitor, plane = nb.RunMonitor(run), nb.Projection(run, plane='metric')",
        "monitor",
        "plane",
        "run",
        "run.model()",
    )
    made.theme(look)
    made.page.set_viewport_size({"width": 1280, "height": 2600})  # so that nothing has to be scrolled to
    for cell in range(1, 6):
        made.run(cell)
    made.page.locator("canvas.vqw-plane").wait_for()
    made.page.wait_for_timeout(1000)
    colour = made.widget("Projection").evaluate("element => getComputedStyle(element).backgroundColor")
    channels = [int(part) for part in colour.removeprefix("rgb(").removesuffix(")").split(",")]
    assert (min(channels) > 200) is (look == "light")
    if pictures is not None:
        for k, place in enumerate([".vqw >> nth=0", ".vqw >> nth=1", ".vqw-shown >> nth=0", ".vqw-shown >> nth=1"]):
            made.page.locator(place).screenshot(path=pictures / f"{look}{k}.png")
    made.theme("dark" if look == "light" else "light")
    made.page.wait_for_timeout(500)
    turned = made.widget("Projection").evaluate("element => getComputedStyle(element).backgroundColor")
    assert turned != colour

"""Views as widgets in a real JupyterLab: drawn in light and dark, told under the pointer, and picked from."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.notebook.browser.lab import Notebook

pytestmark = pytest.mark.slow

Opened = Callable[..., Notebook]

MODELS = "\n".join(
    [
        "from sklearn.datasets import load_digits, load_iris, load_wine",
        "from engines import GLVQ, GMLVQ, LGMLVQ, SOM, KMeans, ProductQuantizer",
        "iris, wine, digits = load_iris(), load_wine(), load_digits()",
        "Z = (wine.data - wine.data.mean(axis=0)) / wine.data.std(axis=0)",
        "cm = {'feature_names': ['sepal length', 'sepal width', 'petal length', 'petal width'], 'units': ['cm'] * 4}",
        "named = {'feature_names': wine.feature_names}",
        "lvq = GLVQ(random_state=0, max_iter=5).fit(iris.data, iris.target)",
        "pixels = GLVQ(random_state=0, max_iter=3, prototypes_per_class=2).fit(digits.data, digits.target)",
        "means = KMeans(n_clusters=12, random_state=0).fit(digits.data)",
        "few = KMeans(n_clusters=5, random_state=0).fit(iris.data)",
        "codes = ProductQuantizer(n_subspaces=4, n_bits=4, random_state=0).fit(digits.data)",
        "one = GMLVQ(random_state=0, max_iter=10).fit(Z, wine.target)",
        "each = LGMLVQ(random_state=0, max_iter=5).fit(Z, wine.target)",
        "som = SOM(shape=(6, 8), topology='hexagonal', random_state=0, max_iter=10).fit(Z)",
        "torus = SOM(shape=(6, 8), toroidal=True, random_state=0, max_iter=10).fit(Z)",
        "several = {f'{k} prototypes': KMeans(n_clusters=k, random_state=0).fit(iris.data) for k in (2, 4, 8, 16)}",
    ]
)
WIDGETS = {
    "pictures": "nb.PrototypeGallery(pixels, digits.data, digits.target, image_shape=(8, 8))",
    "bars": "nb.PrototypeGallery(lvq, iris.data, iris.target, **cm)",
    "curves": "nb.PrototypeGallery(means, digits.data)",
    "matrix": "nb.RelevanceMatrix(one, Z, wine.target, **named)",
    "metrics": "nb.RelevanceMatrix(each, **named)",
    "metric": "nb.RelevanceMatrix(each, **named, metric='1')",
    "map": "nb.SOMMap(som, Z, wine.target, **named)",
    "torus": "nb.SOMMap(torus, Z, wine.target, **named, panel='U-matrix', search='alcohol high')",
    "tiles": "nb.Reconstructions(codes, digits.data, image_shape=(8, 8))",
    "marks": "nb.Reconstructions(few, iris.data, **cm)",
    "lines": "nb.Reconstructions(means, digits.data)",
    "rates": "nb.RateDistortion(several, iris.data)",
    "figure": "nb.Figure(lvq, iris.data, iris.target, view='confusion')",
}
"""What makes each kind of picture."""

SHADES = """canvas => {
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    const shades = new Set();
    for (let k = 0; k < data.length; k += 4) shades.add(data[k] << 16 | data[k + 1] << 8 | data[k + 2]);
    return [shades.size, data[0]];
}"""
"""How many colours a canvas has, and how red its first pixel is."""


def sheet(notebook: Notebook, which: int = 0) -> Any:
    """The canvas of a widget, once there is something on it to go to."""
    from playwright.sync_api import expect

    found = notebook.page.locator("canvas.vqw-sheet").nth(which)
    expect(found).to_have_attribute("aria-label", re.compile("Arrow keys"), timeout=60_000)
    return found


def picked(notebook: Notebook, which: int = 0) -> Any:
    """The button of a widget that says what is picked."""
    return notebook.page.locator("section.vqw").nth(which).locator("button.vqw-picked")


@pytest.mark.parametrize("look", ["light", "dark"])
def test_every_kind_of_picture_is_drawn(look: str, notebook: Opened, pictures: Path | None) -> None:
    made = notebook(MODELS, *WIDGETS.values())
    made.theme(look)
    made.run(1)
    for cell, name in enumerate(WIDGETS, 2):
        made.run(cell)
        widget = made.page.locator("section.vqw").nth(cell - 2)
        widget.scroll_into_view_if_needed()
        widget.locator(".vqw-foot > *, img.vqw-figure[src]").first.wait_for()
        made.page.wait_for_timeout(400)
        if name != "figure":
            n_shades, first = widget.locator("canvas.vqw-sheet").evaluate(SHADES)
            assert n_shades > 8, name
            assert (first > 200) is (look == "light"), name
            assert len(widget.locator("canvas.vqw-sheet").get_attribute("aria-label")) > 30
        if pictures is not None:
            widget.screenshot(path=pictures / f"{name}_{look}.png")


def test_a_prototype_that_is_picked_by_keys_is_seen_in_the_other_widgets(notebook: Opened) -> None:
    made = notebook(
        MODELS,
        "first, second = (nb.PrototypeGallery(lvq, iris.data, iris.target, **cm, height=200) for _ in range(2))\n"
        "plane = nb.Projection(lvq, iris.data, iris.target, height=200)\nnb.link(first, second, plane)\nfirst",
        "second",
        "plane",
        "print(sorted(plane.subject.selection.prototypes(plane.subject.shown.id)))",
    )
    for cell in (1, 2, 3, 4):
        made.run(cell)
    gallery = sheet(made)
    gallery.focus()
    gallery.press("ArrowRight")
    gallery.press("ArrowRight")
    made.page.locator(".vqw-tip", has_text="prototype").first.wait_for()
    gallery.press("Enter")
    for which in (0, 1, 2):
        picked(made, which).filter(has_text="1 prototype picked").wait_for()
    gallery.press("ArrowRight")
    gallery.press("Shift+Enter")
    picked(made, 2).filter(has_text="2 prototypes picked").wait_for()
    made.run(5)
    assert len(made.output(5).strip().split()) == 2
    gallery.press("Escape")
    picked(made, 2).wait_for(state="hidden")


def test_a_unit_is_clicked_and_a_feature_is_seen_in_the_matrix(notebook: Opened) -> None:
    made = notebook(
        MODELS,
        "one_map = nb.SOMMap(som, Z, wine.target, **named, panel='U-matrix', height=300)\n"
        "matrix = nb.RelevanceMatrix(one, Z, wine.target, **named, height=300)\nnb.link(one_map, matrix)\none_map",
        "matrix",
    )
    for cell in (1, 2, 3):
        made.run(cell)
    units = sheet(made)
    units.hover(position={"x": 30, "y": 52})
    made.page.locator(".vqw-tip", has_text="unit 0 (row 0, column 0)").wait_for()
    units.click(position={"x": 30, "y": 52})
    picked(made, 0).filter(has_text="1 prototype picked").wait_for()
    picked(made, 1).filter(has_text="row").wait_for()
    matrix = sheet(made, 1)
    matrix.focus()
    matrix.press("ArrowDown")
    matrix.press("Enter")
    picked(made, 0).filter(has_text="1 feature picked").wait_for()
    picked(made, 0).click()
    picked(made, 1).wait_for(state="hidden")


def test_a_torus_is_cut_elsewhere_by_keys_and_by_dragging(notebook: Opened) -> None:
    made = notebook(
        MODELS, "widget = nb.SOMMap(torus, **named, panel='U-matrix', height=360)\nwidget", "print(widget.origin)"
    )
    for cell in (1, 2):
        made.run(cell)
    units = sheet(made)
    units.focus()
    units.press("Shift+ArrowRight")
    made.page.wait_for_timeout(500)
    made.run(3)
    assert made.output(3).strip() == "(0, -1)"
    box = units.bounding_box()
    made.page.mouse.move(box["x"] + 100, box["y"] + 100)
    made.page.mouse.down()
    made.page.mouse.move(box["x"] + 190, box["y"] + 100, steps=6)
    made.page.mouse.up()
    made.page.wait_for_timeout(500)
    made.run(3)
    down, right = made.output(3).strip("( )\n").split(",")
    assert int(down) == 0
    assert int(right) < -1
    assert picked(made).is_hidden()


def test_a_row_that_is_clicked_is_looked_at_alone(notebook: Opened) -> None:
    made = notebook(MODELS, "nb.Reconstructions(few, iris.data, **cm)")
    made.run(1)
    made.run(2)
    rows = sheet(made)
    rows.focus()
    rows.press("ArrowDown")
    rows.press("Enter")
    picked(made).filter(has_text="1 row picked").wait_for()
    made.page.locator(".vqw-foot", has_text="1 picked one").wait_for()


def test_a_figure_is_as_sharp_and_as_wide_as_its_place(notebook: Opened) -> None:
    made = notebook(
        MODELS, "widget = nb.Figure(lvq, iris.data, iris.target, view='confusion')\nwidget", "widget.width = 500"
    )
    for cell in (1, 2):
        made.run(cell)
    fits = """() => {
        const image = document.querySelector("img.vqw-figure");
        const room = image.parentElement.clientWidth * devicePixelRatio;
        return image.complete && Math.abs(image.naturalWidth - room) <= 2 * devicePixelRatio && room;
    }"""
    before = made.page.wait_for_function(fits).json_value()
    made.run(3)
    made.page.wait_for_function(f"() => (({fits})() || Infinity) < {before} - 100")


def test_frames_of_live_views_are_counted(notebook: Opened) -> None:
    made = notebook(
        "session, data = project('live', 1500)\n"
        "run = session.add_run(data, 'SOM', {'shape': [8, 8], 'max_iter': 100_000, 'tol': 0.0})",
        "one_map = nb.SOMMap(run)\none_map",
        "gallery = nb.PrototypeGallery(run, height=300)\ngallery",
        "first, began = (one_map.n_drawn, gallery.n_drawn), time.monotonic()",
        "seconds = time.monotonic() - began\n"
        "print((one_map.n_drawn - first[0]) / seconds, (gallery.n_drawn - first[1]) / seconds)",
        "run.stop(); print(run.wait())",
    )
    for cell in (1, 2, 3):
        made.run(cell)
    made.page.wait_for_timeout(2000)
    made.run(4)
    made.page.wait_for_timeout(5000)
    made.run(5)
    rates = [float(rate) for rate in made.output(5).split()]
    print(f"\n{rates[0]:.1f} frames/s of a map, {rates[1]:.1f} of a gallery, side by side")
    assert min(rates) > 1
    made.run(6)
    assert made.output(6).strip() == "stopped"

"""Figures at a chosen size: they have it, their texts fit and stay texts, and what cannot be is told."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from tests.views.scenes import SCENES, beside
from tests.views.trained import trained
from workbench.cli import main
from workbench.data import guess
from workbench.reports import ReportError, drawn, write_figure
from workbench.reports.figures import FORMS, MM, page
from workbench.session import Session
from workbench.session.selection import RowMask, Selection
from workbench.views import VIEWS, NoRoom, Page, Scene, View, canvas, scene_of_data, theme, view
from workbench.views.picking import picked_of
from workbench.views.som_panels import panel_names

COLUMN, PAGE = 85.0, 178.0


def picked(scene: Scene) -> Scene:
    """The scene with another run beside it, and some rows and a prototype picked."""
    selection = Selection()
    selection.pick_rows("data", RowMask.of_rows([1, 60, 70, 120], scene.sample.n_total))
    selection.pick_prototypes("run", [1])
    other = trained("KMeans", "iris")
    return replace(scene, find_others=lambda: (beside(other, "other"),)).asking(
        "", picked_of(selection, "run", "data", scene)
    )


SCENES_DRAWN = {
    "iris": lambda: picked(SCENES["iris"]()),
    "mixture": lambda: trained("GaussianMixture", "iris"),
    "map": lambda: trained("SOM", "iris"),
    "patches": SCENES["source_patches"],
}
ON_PICKS = ("picked", "closely", "comparison")
TWO_WIDTHS = ("relevance", "confusion", "mixture", "som", "comparison", "closely", "table", "sources")
QUICK = {("projection", "iris", COLUMN), ("confusion", "iris", COLUMN), ("som", "map", COLUMN)}
CASES = [
    pytest.param(
        shown,
        name,
        width,
        id=f"{shown.name}-{name}-{width:g}",
        marks=() if (shown.name, name, width) in QUICK else pytest.mark.slow,
    )
    for name, scene in SCENES_DRAWN.items()
    for shown in VIEWS
    if shown.name not in ("energy", "contributions") and shown.applies(scene())
    if name == "iris" or shown.name not in ON_PICKS
    for width in ((COLUMN, PAGE) if shown.name in TWO_WIDTHS else (COLUMN,))
]


def figure(shown: View, scene: Scene, place: Page) -> Figure:
    data = shown.compute(scene)
    return canvas.paged(lambda look: shown.figure(data, look), replace(theme("print"), page=place))


def iris_bytes(form: Any, place: Page, **options: Any) -> bytes:
    shown = view("relevance")
    return drawn(shown, shown.compute(SCENES["iris"]()), place, form, **options)


def boxes(made: Figure) -> list[tuple[str, Any]]:
    """Every text that is drawn of titles, axes, ticks and legends, with its box in pixels."""
    FigureCanvasAgg(made).draw()
    texts = list(made.texts)
    for axes in made.axes:
        legend = axes.get_legend()
        texts += [axes.title, *(legend.get_texts() if legend is not None else ())]
        if axes.axison:
            for axis in (axes.xaxis, axes.yaxis):
                low, high = sorted(axis.get_view_interval())
                ticks = [t for t in axis.get_major_ticks() if low - 1e-9 <= t.get_loc() <= high + 1e-9]
                texts += [axis.label, *(t.label1 for t in ticks)]
    shown = [text for text in texts if text.get_visible() and text.get_text().strip()]
    return [(text.get_text(), text.get_window_extent()) for text in shown]


@pytest.mark.parametrize(("shown", "name", "width"), CASES)
def test_texts_of_a_column_neither_overlap_nor_leave_the_page(shown: View, name: str, width: float) -> None:
    made = figure(shown, SCENES_DRAWN[name](), page(width, letters=7))
    assert made.get_figwidth() == pytest.approx(width / MM)
    found = boxes(made)
    assert found
    cut = [text for text, b in found if b.x0 < -1 or b.y0 < -1 or b.x1 > made.bbox.x1 + 1 or b.y1 > made.bbox.y1 + 1]
    assert not cut
    over = [
        (one, other)
        for k, (one, a) in enumerate(found)
        for other, b in found[k + 1 :]
        if min(a.x1, b.x1) - max(a.x0, b.x0) > 2 and min(a.y1, b.y1) - max(a.y0, b.y0) > 2
    ]
    assert not over


@pytest.mark.parametrize("form", FORMS)
def test_a_figure_has_the_size_that_was_asked_for(form: Any) -> None:
    made = iris_bytes(form, page(120, 130), dpi=200)
    if form == "png":
        with Image.open(BytesIO(made)) as image:
            assert image.size == pytest.approx((120 / MM * 200, 130 / MM * 200), abs=1.01)
            assert image.info["dpi"] == pytest.approx((200, 200), abs=0.1)
    elif form == "svg":
        root = ET.fromstring(made)
        points = [float(root.attrib[side].removesuffix("pt")) for side in ("width", "height")]
        assert points == pytest.approx([120 / MM * 72, 130 / MM * 72], abs=0.01)
    else:
        box = re.search(rb"/MediaBox \[ 0 0 ([0-9.]+) ([0-9.]+) \]", made)
        assert box is not None
        assert [float(side) for side in box.groups()] == pytest.approx([120 / MM * 72, 130 / MM * 72], abs=0.01)


def test_letters_stay_letters() -> None:
    root = ET.fromstring(iris_bytes("svg", page(178)))
    words = {"".join(text.itertext()).strip() for text in root.iter("{http://www.w3.org/2000/svg}text")}
    assert {"eigenvalue of Λ", "direction"} <= words
    made = iris_bytes("pdf", page(178))
    assert b"/Type3" not in made
    assert b"/FontFile2" in made


@pytest.mark.parametrize("form", FORMS)
def test_the_same_figure_has_the_same_bytes(form: Any) -> None:
    place = page(178, letters=8)
    assert iris_bytes(form, place, dpi=80) == iris_bytes(form, place, dpi=80)


def test_letters_have_the_size_that_was_asked_for() -> None:
    for letters in (6.0, 11.0):
        made = figure(view("curves"), SCENES["iris"](), page(178, letters=letters))
        ticks = [label for axes in made.axes for label in axes.get_xticklabels() if label.get_text()]
        assert ticks
        assert [label.get_fontsize() for label in ticks] == pytest.approx([letters] * len(ticks))


def test_title_legend_and_note_come_and_go() -> None:
    scene, shown = SCENES["iris"](), view("projection")
    full = figure(shown, scene, page(178, title="What $x$ is"))
    bare = figure(shown, scene, page(178, with_legend=False, with_note=False))
    assert full.get_suptitle() == r"What \$x\$ is"
    assert any(axes.get_legend() for axes in full.axes)
    assert full.get_supxlabel()
    assert not bare.get_suptitle()
    assert not any(axes.get_legend() for axes in bare.axes)
    assert not bare.get_supxlabel()


def test_one_part_is_drawn_alone() -> None:
    scene, shown = SCENES["iris"](), view("projection")
    data = shown.compute(scene)
    every = figure(shown, scene, page(178))
    titles = [axes.get_title() for axes in every.axes]
    assert len(titles) == len(data.planes) > 1
    one = figure(shown, scene, page(178, part=data.planes[1].title))
    assert [axes.get_title() for axes in one.axes] == [titles[1]]
    other = figure(shown, scene, page(178, part="no such part"))
    assert len(other.axes) == len(titles)


def test_each_panel_of_a_map_is_drawn_alone() -> None:
    scene, shown = trained("SOM", "iris"), view("som")
    data = shown.compute(scene)
    for name, title in zip(
        panel_names(data), ("U-matrix", "Hits", "Classes", "Topographic", *data.plane_names), strict=True
    ):
        one = figure(shown, scene, page(COLUMN, part=name))
        titles = [axes.get_title() for axes in one.axes if axes.get_title()]
        assert len(titles) == 1
        assert titles[0].startswith(title)
        assert any(axes.get_legend() for axes in one.axes) == (name == "Classes")


def test_print_is_black_on_white() -> None:
    look = theme("print")
    assert (look.text, look.surface, look.background) == ("#000000", "#FFFFFF", "#FFFFFF")
    with Image.open(BytesIO(iris_bytes("png", page(85), dpi=60))) as image:
        assert image.convert("RGB").getpixel((0, 0)) == (255, 255, 255)
    with Image.open(BytesIO(iris_bytes("png", page(85), dpi=60, look="dark"))) as image:
        assert max(image.convert("RGB").getpixel((0, 0))) < 64  # type: ignore[arg-type]


def test_what_cannot_be_drawn_is_told(tmp_path: Path) -> None:
    shown = view("relevance")
    data = shown.compute(SCENES["iris"]())
    with pytest.raises(NoRoom, match="too little room on 85 × 25 mm"):
        drawn(shown, data, page(85, 25), "png")
    with pytest.raises(ReportError, match="width of a figure is from 20 to 1200 mm, not 3"):
        page(3)
    with pytest.raises(ReportError, match="from 4 to 40 points"):
        page(85, letters=60)
    with pytest.raises(ReportError, match="pixels are too many"):
        drawn(shown, data, page(1200, 1200), "png", dpi=600)
    with pytest.raises(ReportError, match=r"written as \.pdf, \.svg or \.png, not as '\.gif'"):
        write_figure(shown, data, tmp_path / "x.gif", page(85))
    with pytest.raises(ReportError, match="resolution is from 36 to 1200"):
        write_figure(shown, data, tmp_path / "x.png", page(85), dpi=5)


def test_a_file_is_replaced_whole_or_stays(tmp_path: Path) -> None:
    shown = view("curves")
    data = shown.compute(SCENES["iris"]())
    path = tmp_path / "curves.pdf"
    path.write_text("before")
    with pytest.raises(NoRoom):
        write_figure(shown, data, path, page(85, 20))
    assert path.read_text() == "before"
    write_figure(shown, data, path, page(85))
    assert path.read_bytes().startswith(b"%PDF")
    assert [file.name for file in tmp_path.iterdir()] == ["curves.pdf"]


@pytest.mark.parametrize("name", ["table", "projection", "picked"])
def test_rows_that_nothing_was_learned_from_have_figures_too(name: str, tmp_path: Path) -> None:
    table = tmp_path / "rows.csv"
    table.write_text("a,b,kind\n" + "".join(f"{k % 7},{k % 5},{'xy'[k % 2]}\n" for k in range(30)))
    with Session.create(tmp_path / "p.vqw") as session:
        scene = scene_of_data(session.import_data(guess(table)).result(60))
        assert scene is not None
        made = figure(view(name), scene, page(COLUMN))
    assert made.axes
    legend = made.axes[-1].get_legend()
    assert (legend is not None) == (name == "projection")
    assert legend is None or [text.get_text() for text in legend.get_texts()] == ["x", "y"]


def test_the_command_line_draws_a_figure(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = tmp_path / "flowers.csv"
    table.write_text("a,b,kind\n" + "".join(f"{k % 7},{k % 5},{'xy'[k % 2]}\n" for k in range(30)))
    project = tmp_path / "p.vqw"
    with Session.create(project) as session:
        data = session.import_data(guess(table)).result(60)
        run = session.add_run(data, "KMeans", {"n_clusters": 2, "random_state": 0, "max_iter": 3}, name="two")
        assert run.wait(60) == "finished"
    out = tmp_path / "x.pdf"
    words = ["export", "figure", str(project), "--run", "two", "-o", str(out)]
    assert main([*words, "--view", "usage", "--width", "85", "--height", "60"]) == 0
    box = re.search(rb"/MediaBox \[ 0 0 ([0-9.]+) ([0-9.]+) \]", out.read_bytes())
    assert box is not None
    assert [float(side) for side in box.groups()] == pytest.approx([85 / MM * 72, 60 / MM * 72], abs=0.01)
    capsys.readouterr()
    for wrong, said in (
        (["--view", "relevance"], "has no view called 'relevance': there are curves"),
        ([], "Say which view with --view"),
        (["--view", "usage", "--look", "blue"], "There is no look called 'blue': there are print, light, dark"),
        (["--view", "usage", "--width", "5"], "not 5"),
    ):
        assert main([*words, *wrong]) == 1
        assert said in capsys.readouterr().err

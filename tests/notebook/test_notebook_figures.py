"""Views without a canvas of their own: as wide as the page says, in its theme, and made no oftener than is good."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_iris

import workbench.notebook as nb
from engines import GLVQ, LGMLVQ, SOM, KMeans
from tests.notebook.page import Page, looked_at
from workbench.notebook.tabs import WIDGETS
from workbench.session import Dataset, Session
from workbench.views import VIEWS
from workbench.views.model_scene import NotToBeSeen

IRIS = load_iris()


@pytest.fixture(scope="module")
def model() -> GLVQ:
    return GLVQ(random_state=0, max_iter=5).fit(IRIS.data, IRIS.target)


def image(page: Page) -> Image.Image:
    return Image.open(io.BytesIO(page.arrays["png"].tobytes()))


@pytest.mark.parametrize("name", [known.name for known in VIEWS])
def test_every_view_has_a_widget(name: str, model: GLVQ) -> None:
    widget = nb.widget_for(name, model, IRIS.data, IRIS.target)
    assert isinstance(widget, WIDGETS.get(name, nb.Figure))
    page = looked_at(widget)
    assert page.facts["name"] == widget.subject.name
    assert not page.facts["say"].startswith("This view could not be drawn")


@pytest.mark.parametrize("name", [known.name for known in VIEWS])
def test_every_view_that_applies_is_drawn_as_a_figure(name: str, model: GLVQ) -> None:
    fitted = {
        "som": SOM(shape=(3, 3), random_state=0, max_iter=3).fit(IRIS.data),
        "local_relevance": LGMLVQ(random_state=0, max_iter=2).fit(IRIS.data, IRIS.target),
        "usage": KMeans(n_clusters=4, random_state=0).fit(IRIS.data),
    }
    widget = nb.Figure(fitted.get(name, model), IRIS.data, IRIS.target, view=name)
    page = looked_at(widget)
    applies = widget.view.applies(widget.subject.shown.scene())
    assert ("png" in page.arrays) is applies
    assert (page.facts["say"] == "") is applies


def test_a_figure_is_as_wide_as_the_page_has_room(model: GLVQ) -> None:
    page = looked_at(nb.Figure(model, IRIS.data, IRIS.target, view="confusion"))
    page.tell(kind="choose", width=500, ratio=2)
    page.until(lambda: page.facts["size"][0] == 500)
    assert image(page).size[0] == pytest.approx(1000, abs=2)
    assert image(page).size[1] == pytest.approx(2 * page.facts["size"][1], abs=3)
    page.tell(kind="choose", width=3, ratio=90)
    page.until(lambda: page.facts["size"][0] == 200)
    assert image(page).size[0] == pytest.approx(600, abs=2)


def test_a_figure_is_in_the_theme_of_the_page(model: GLVQ) -> None:
    page = looked_at(nb.Figure(model, IRIS.data, IRIS.target, view="confusion"))
    assert np.asarray(image(page))[0, 0, :3].min() > 200
    page.tell(kind="theme", dark=True)
    page.until(lambda: np.asarray(image(page))[0, 0, :3].max() < 80)


def test_a_part_of_a_view_is_shown_alone() -> None:
    som = SOM(shape=(3, 3), random_state=0, max_iter=3).fit(IRIS.data)
    whole = looked_at(nb.Figure(som, IRIS.data, view="som"))
    widget = nb.Figure(som, IRIS.data, view="som", part="Hits")
    part = looked_at(widget)
    assert part.facts["size"][1] != whole.facts["size"][1]
    assert widget.picture("png") != nb.Figure(som, IRIS.data, view="som").picture("png")


def test_a_view_is_asked_in_its_own_words(session: Session, iris: Dataset) -> None:
    runs = [session.add_run(iris, "KMeans", {"n_clusters": k, "random_state": 0}) for k in (2, 3, 4)]
    for run in runs:
        run.wait()
    pages = [looked_at(nb.Figure(runs[0], view="comparison", wanted=run.name)) for run in runs[1:]]
    assert not np.array_equal(pages[0].arrays["png"], pages[1].arrays["png"])


def test_a_view_that_there_is_not_is_refused_in_a_sentence(model: GLVQ) -> None:
    with pytest.raises(NotToBeSeen, match="no view 'confusions'; there are curves, table"):
        nb.Figure(model, view="confusions")
    with pytest.raises(NotToBeSeen, match="no view"):
        nb.widget_for("nothing", model)


def test_while_a_run_learns_a_figure_rests_and_the_last_one_is_of_the_end(session: Session, iris: Dataset) -> None:
    run = session.add_run(iris, "SOM", {"shape": [4, 4], "max_iter": 3000, "tol": 0.0}, paused=True)
    widget: Any = nb.Figure(run, view="curves")
    page = looked_at(widget)
    run.resume()
    run.wait()
    page.until(lambda: widget._sent == widget._wanted())
    drawn = [second - first for first, second in zip(page.times[2:], page.times[3:], strict=False)]
    assert all(gap > 0.1 for gap in drawn[:-1])
    assert widget._wanted()[0].sequence == run.sequence

"""Widgets on pages without a browser: what they show of runs and models, what is picked, how they end."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_iris

import workbench.notebook as nb
from engines import GMLVQ, SOM, KMeans
from tests.notebook.page import looked_at, page_of
from workbench.notebook.feed import feed
from workbench.session import Dataset, Session
from workbench.views import theme, view
from workbench.views.model_scene import NotToBeSeen

IRIS = load_iris()


@pytest.fixture
def model() -> GMLVQ:
    return GMLVQ(random_state=0, max_iter=5).fit(IRIS.data, IRIS.target)


def test_nothing_is_computed_before_anybody_looks(model: GMLVQ) -> None:
    widget = nb.Projection(model, IRIS.data, IRIS.target)
    assert feed.resting
    assert widget.n_frames == 0
    looked_at(widget)
    assert not feed.resting
    page_of(widget).leave()


def test_the_page_gets_what_the_view_computes(model: GMLVQ) -> None:
    widget = nb.Projection(model, IRIS.data, IRIS.target, plane="metric")
    page = looked_at(widget)
    data = view("projection").compute(widget.subject.shown.scene().asking(widget.asked(None)))
    assert np.allclose(page.arrays["points"], data.planes[0].points, atol=1e-5)
    assert np.allclose(page.arrays["prototypes"], data.planes[0].prototypes, atol=1e-5)
    assert np.array_equal(page.arrays["codes"], IRIS.target)
    assert page.facts["plane"]["x"] == data.planes[0].x_label
    assert page.facts["kinds"] == ["0", "1", "2"]


def test_a_run_and_its_model_give_the_same_picture(session: Session, iris: Dataset) -> None:
    run = session.add_run(iris, "KMeans", {"n_clusters": 3, "random_state": 0})
    assert run.wait() == "finished"
    rows = np.asarray(iris.at(np.arange(iris.n_rows)))
    labels = np.asarray(iris.classes)[iris.codes]
    first = looked_at(nb.Projection(run))
    names = dict(zip(("feature_names",), (iris.feature_names,), strict=True))
    second = looked_at(nb.Projection(run.model(), rows, labels, **names))
    for name in ("points", "codes", "prototypes", "mark_codes", "borders", "picked_rows"):
        assert np.array_equal(first.arrays[name], second.arrays[name]), name
    for name in ("plane", "limits", "kinds", "planes"):
        assert first.facts[name] == second.facts[name], name


def test_the_last_frame_is_the_last_snapshot(session: Session, iris: Dataset) -> None:
    run = session.add_run(iris, "SOM", {"shape": [6, 6], "max_iter": 300, "random_state": 0}, paused=True)
    widget, monitor = nb.Projection(run), nb.RunMonitor(run)
    page, watched = looked_at(widget), looked_at(monitor)
    run.resume()
    run.wait()
    page.until(lambda: len(page.arrays.get("prototypes", ())) == 36 and widget._sent == widget._wanted())
    plane = view("projection").compute(widget.subject.looker.seen(run.id)).planes[0]
    assert np.allclose(page.arrays["prototypes"], plane.prototypes, atol=1e-5)
    watched.until(lambda: watched.facts["status"] == "finished" and monitor._sent == monitor._wanted())
    assert watched.arrays["curve 0 0"][-1, 0] == run.latest.iteration
    assert watched.arrays["curve 0 0"][-1, 1] == pytest.approx(run.latest.cost, rel=1e-5)


def test_a_page_that_draws_nothing_still_gets_the_last_frame(session: Session, iris: Dataset) -> None:
    run = session.add_run(iris, "SOM", {"shape": [4, 4], "max_iter": 100, "random_state": 0}, paused=True)
    widget = nb.RunMonitor(run)
    page = page_of(widget)
    page.draws = False
    page.look()
    run.resume()
    run.wait()
    n = run.latest.iteration + 1
    page.until(lambda: page.facts.get("status") == "finished" and len(page.arrays["curve 0 0"]) == n)
    assert widget.n_drawn == 0
    gaps = np.diff(page.times[1:])
    assert (gaps > 0.9).all()


def test_what_is_picked_in_one_widget_is_marked_in_all_of_the_session(session: Session, iris: Dataset) -> None:
    runs = [session.add_run(iris, "KMeans", {"n_clusters": k, "random_state": 0}) for k in (3, 4)]
    for run in runs:
        run.wait()
    first, second, rows = (nb.Projection(thing) for thing in (*runs, iris))
    pages = [looked_at(widget) for widget in (first, second, rows)]
    pages[0].tell(kind="pick", prototype=1, how="replace")
    for page in pages:
        page.until(lambda page=page: page.facts.get("any_picked"))
        assert np.array_equal(page.arrays["picked_rows"], pages[0].arrays["picked_rows"])
    assert pages[0].arrays["picked_prototypes"].tolist() == [1]
    assert pages[1].arrays["picked_prototypes"].tolist() == []
    assert session.selection.prototypes(runs[0].id) == {1}
    session.selection.clear()
    for page in pages:
        page.until(lambda page=page: not page.facts["any_picked"])


def test_models_share_what_is_picked_when_they_are_linked(model: GMLVQ) -> None:
    other = KMeans(n_clusters=3, random_state=0).fit(IRIS.data)
    first, second = nb.Projection(model, IRIS.data, IRIS.target), nb.Projection(other, IRIS.data)
    pages = [looked_at(first), looked_at(second)]
    pages[0].tell(kind="pick", row=7, how="replace")
    pages[0].until(lambda: pages[0].facts["any_picked"])
    assert not pages[1].facts["any_picked"]
    nb.link(first, second)
    pages[0].tell(kind="pick", row=9, how="or")
    pages[1].until(lambda: pages[1].arrays["picked_rows"].sum() == 2)
    assert np.flatnonzero(pages[1].arrays["picked_rows"]).tolist() == [7, 9]


def test_a_model_is_linked_with_a_run_by_the_number_of_rows(session: Session, iris: Dataset, model: GMLVQ) -> None:
    run = session.add_run(iris, "KMeans", {"n_clusters": 3})
    run.wait()
    mine, theirs = nb.Projection(model, IRIS.data), nb.Projection(run)
    nb.link(mine, theirs)
    page = looked_at(mine)
    page.tell(kind="pick", row=3, how="replace")
    page.until(lambda: page.facts["any_picked"])
    assert session.selection.rows(iris.id, 150).rows.tolist() == [3]


def test_what_does_not_go_together_is_not_linked(model: GMLVQ) -> None:
    few = nb.Projection(KMeans(n_clusters=2).fit(IRIS.data[:50]), IRIS.data[:50])
    with pytest.raises(NotToBeSeen, match="50 and 150 rows"):
        nb.link(nb.Projection(model, IRIS.data), few)


def test_an_outline_picks_the_rows_inside(model: GMLVQ) -> None:
    page = looked_at(nb.Projection(model, IRIS.data, IRIS.target))
    left, right, bottom, top = page.facts["limits"]
    middle = (left + right) / 2
    outline = np.array([[left, bottom], [middle, bottom], [middle, top], [left, top]])
    about = {"plane": "pca", "features": page.facts["features"]}
    page.tell([outline.tobytes()], kind="pick", how="replace", **about)
    page.until(lambda: page.facts["any_picked"])
    assert np.array_equal(page.arrays["picked_rows"] > 0, page.arrays["points"][:, 0] < middle)
    n_before = int(page.arrays["picked_rows"].sum())
    page.tell(kind="pick", row=int(np.flatnonzero(page.arrays["picked_rows"])[0]), how="not")
    page.until(lambda: page.arrays["picked_rows"].sum() == n_before - 1)


def test_buttons_do_what_they_say(session: Session, iris: Dataset) -> None:
    run = session.add_run(iris, "SOM", {"shape": [4, 4], "max_iter": 100_000}, paused=True)
    page = looked_at(nb.RunMonitor(run))
    page.until(lambda: page.facts["can"] == ["resume", "step", "stop"])
    page.tell(kind="do", what="step")
    page.until(lambda: run.sequence == 1 and page.facts.get("latest"))
    page.tell(kind="do", what="resume")
    page.until(lambda: page.facts["can"] == ["pause", "step", "stop"])
    page.tell(kind="do", what="pause")
    page.until(lambda: page.facts["status"] == "paused")
    page.tell(kind="do", what="stop")
    page.until(lambda: page.facts["status"] == "stopped")
    assert page.facts["can"] == ["resume"]
    page.tell(kind="do", what="delete_everything")
    assert run.wait() == "stopped"


def test_an_error_is_one_sentence_and_the_next_frame_is_whole(model: GMLVQ) -> None:
    widget = nb.Projection(model, IRIS.data, IRIS.target)
    page = looked_at(widget)
    kept, widget.drawing = widget.drawing, lambda *_: 1 / 0
    widget.refresh()
    page.until(lambda: page.facts["say"] != "")
    assert page.facts["say"] == "This view could not be drawn: division by zero."
    widget.drawing = kept
    widget.refresh()
    page.until(lambda: page.facts["say"] == "" and len(page.arrays["points"]) == 150)


def test_what_cannot_be_shown_is_said(session: Session, iris: Dataset) -> None:
    held = session.add_run(iris, "KMeans", {"n_clusters": 3}, paused=True)
    page = looked_at(nb.Projection(held))
    page.until(lambda: page.facts["say"] == f"{held.name} is paused before its first step.")
    codes = nb.Projection(_product_quantizer(), IRIS.data)
    assert looked_at(codes).facts["say"].startswith("Not for")
    held.stop()
    held.wait()


def _product_quantizer() -> Any:
    from engines import ProductQuantizer

    return ProductQuantizer(n_subspaces=2, n_bits=2, random_state=0).fit(IRIS.data)


def test_a_training_that_is_pulled_in_a_cell_is_seen() -> None:
    model = KMeans(n_clusters=3, random_state=0).fit(IRIS.data[:5])
    page = looked_at(nb.Projection(model, IRIS.data))
    before = page.arrays["prototypes"]
    for _ in model.train(IRIS.data):
        pass
    page.until(lambda: not np.array_equal(page.arrays["prototypes"], before))


def test_a_page_that_starts_anew_gets_everything_again(model: GMLVQ) -> None:
    page = looked_at(nb.Projection(model, IRIS.data))
    whole = set(page.arrays)
    page.arrays.clear()
    page.tell(kind="hello")
    page.until(lambda: set(page.arrays) == whole)


def test_closed_widgets_are_silent_and_leave_no_thread(model: GMLVQ) -> None:
    widget = nb.Projection(model, IRIS.data)
    page = looked_at(widget)
    widget.close()
    assert page.is_closed
    end = time.monotonic() + 5
    while not feed.resting and time.monotonic() < end:
        time.sleep(0.01)
    assert feed.resting


def test_density_takes_the_place_of_points_where_there_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    import workbench.notebook.projection as projection

    X = np.random.default_rng(0).normal(size=(6000, 3))
    model = KMeans(n_clusters=3, random_state=0).fit(X)
    y = np.arange(6000) % 2
    page = looked_at(nb.Projection(model, X, y))
    assert page.arrays["points"].shape == (6000, 2)
    assert "density" not in page.arrays
    page.tell(kind="pick", row=5999, how="replace")
    page.until(lambda: page.facts["any_picked"])
    assert np.flatnonzero(page.arrays["picked_rows"]).tolist() == [5999]
    page.tell(kind="choose", colour="prototype")  # known of the rows of the sample alone
    page.until(lambda: page.arrays["points"].shape == (5000, 2))
    assert page.arrays["density"].shape[2] == 4
    monkeypatch.setattr(projection, "MOST_POINTS", 5500)
    page = looked_at(nb.Projection(model, X, y))
    assert page.arrays["points"].shape == (5000, 2)
    assert page.arrays["density"].shape[2] == 4


def test_the_theme_changes_what_is_coloured_here(model: GMLVQ) -> None:
    page = looked_at(nb.Projection(model, IRIS.data, colour="feature 2"))
    light = page.arrays["colours"]
    page.tell(kind="theme", dark=True)
    page.until(lambda: not np.array_equal(page.arrays["colours"], light))
    assert page.state["_palettes"]["dark"]["text"] == theme("dark").text


def test_a_map_shows_its_grid() -> None:
    page = looked_at(nb.Projection(SOM(shape=(3, 4), random_state=0, max_iter=5).fit(IRIS.data), IRIS.data))
    assert page.arrays["edges"].shape == (17, 4)

"""What stays without a kernel: pictures beside widgets, engines and runs as shown; and how people stop a run."""

from __future__ import annotations

import base64
import io
import re
import threading
import time
import xml.etree.ElementTree as ET
from typing import Any

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_iris

import workbench.notebook as nb
from engines import GLVQ, GMLVQ, SOM, KMeans, ProductQuantizer
from tests.notebook.page import looked_at
from workbench.notebook import display
from workbench.notebook.tabs import WIDGETS
from workbench.session import Dataset, Session
from workbench.views.model_scene import NotToBeSeen

IRIS = load_iris()
VIEW = "application/vnd.jupyter.widget-view+json"


def bundle(widget: nb.ViewWidget) -> dict[str, Any]:
    made = widget._repr_mimebundle_()
    assert made is not None
    return made[0]


def image(encoded: str) -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode(encoded)))


@pytest.fixture
def model() -> GMLVQ:
    return GMLVQ(random_state=0, max_iter=5).fit(IRIS.data, IRIS.target)


def test_a_widget_brings_a_picture_for_notebooks_that_are_only_read(model: GMLVQ) -> None:
    widget = nb.Projection(model, IRIS.data, IRIS.target)
    made = bundle(widget)
    assert made[VIEW]["model_id"] == widget.model_id
    assert min(image(made["image/png"]).size) > 200
    assert "image/svg+xml" not in made
    assert widget._still == base64.b64decode(made["image/png"])
    with_svg = bundle(nb.Projection(model, IRIS.data, svg=True))
    assert ET.fromstring(with_svg["image/svg+xml"]).tag.endswith("svg")


def test_the_picture_of_what_is_not_there_yet_says_so(session: Session, iris: Dataset) -> None:
    run = session.add_run(iris, "KMeans", {"n_clusters": 3}, paused=True)
    assert image(bundle(nb.Projection(run))["image/png"]).size[0] > 200
    run.stop()
    run.wait()


def test_the_picture_is_dark_where_the_widget_is(model: GMLVQ) -> None:
    looks = [np.asarray(image(bundle(nb.RunMonitor(model, theme=look))["image/png"])) for look in ("light", "dark")]
    assert looks[0][0, 0, :3].mean() > 200
    assert looks[1][0, 0, :3].mean() < 80


PARAMETERS = {
    "feature_names": (["a", "b", "c", "d"], lambda page: dict(page.facts["colours"])["feature:0"] == "a"),
    "units": (["cm"] * 4, lambda page: page.facts["plane"]["x"].endswith("[cm]")),
    "image_shape": ((2, 2), lambda page: True),
    "name": ("mine", lambda page: page.facts["name"] == page.state["_words"]["name"] == "mine"),
    "theme": ("dark", lambda page: page.state["theme"] == "dark"),
    "height": (300, lambda page: page.state["height"] == 300),
    "width": (500, lambda page: page.state["width"] == 500),
    "svg": (True, lambda page: True),
    "plane": ("lda", lambda page: page.facts["plane"]["name"] == "lda"),
    "colour": ("prototype", lambda page: page.facts["colour"] == "prototype"),
    "features": ((1, "feature 3"), lambda page: page.facts["features"] == [1, 3]),
    "trails": (False, lambda page: True),
}


@pytest.mark.parametrize("parameter", PARAMETERS)
def test_every_parameter_reaches_the_page(parameter: str, model: GMLVQ) -> None:
    value, holds = PARAMETERS[parameter]
    more = {"plane": "features"} if parameter in ("features", "units") else {}
    widget = nb.Projection(model, IRIS.data, IRIS.target, **{parameter: value}, **more)
    page = looked_at(widget)
    assert holds(page)
    scene = widget.subject.shown.scene()  # type: ignore[union-attr]
    assert scene.image_shape == ((2, 2) if parameter == "image_shape" else None)
    assert widget.svg is (parameter == "svg")
    assert widget.trails is (False if parameter == "trails" else None)


@pytest.mark.parametrize(
    ("parameter", "value", "words"),
    [("colour", "weight", "no feature 'weight'"), ("features", (0, 9), "no feature 9"), ("units", ["cm"], "1 units")],
)
def test_parameters_that_do_not_fit_are_refused_in_a_sentence(
    parameter: str, value: Any, words: str, model: GMLVQ
) -> None:
    with pytest.raises(NotToBeSeen, match=words):
        nb.Projection(model, IRIS.data, **{parameter: value})


def test_a_run_has_its_own_rows(session: Session, iris: Dataset) -> None:
    with pytest.raises(NotToBeSeen, match="has its own rows"):
        nb.Projection(iris, IRIS.data)


def test_people_choose_in_the_page(model: GMLVQ) -> None:
    widget = nb.Projection(model, IRIS.data, IRIS.target)
    page = looked_at(widget)
    page.tell(kind="choose", plane="features", features=["1", "2"], colour="predicted")
    page.until(lambda: page.facts["colour"] == "predicted")
    assert (page.facts["chosen"], page.facts["features"]) == ("features", [1, 2])
    assert (widget.plane, widget.features) == ("features", (1, 2))
    page.tell(kind="choose", plane="no such plane")
    page.until(lambda: "plane" in page.facts["say"])


@pytest.mark.parametrize(
    "engine",
    [
        KMeans(n_clusters=3, random_state=0),
        GLVQ(max_iter=3, random_state=0),
        GMLVQ(max_iter=3, random_state=0),
        SOM(shape=(3, 3), max_iter=3),
        ProductQuantizer(n_subspaces=2, n_bits=2, random_state=0),
    ],
    ids=lambda engine: type(engine).__name__,
)
def test_a_fitted_engine_is_shown_as_a_picture_of_what_it_learned(engine: Any) -> None:
    before = display.bundle_of_engine(engine)
    assert "not fitted" in before["text/html"]
    assert "image/png" not in before
    made = display.bundle_of_engine(engine.fit(IRIS.data, IRIS.target))
    assert image(made["image/png"]).size[0] > 100
    assert type(engine).__name__ in made["text/html"]
    assert made["text/plain"] == repr(engine)
    changed = [name for name in ("n_clusters", "shape", "n_bits", "max_iter") if name in engine.get_params()]
    assert changed[0] in made["text/html"]


def test_a_run_is_shown_with_its_state(session: Session, iris: Dataset) -> None:
    run = session.add_run(iris, "KMeans", {"n_clusters": 3}, name="<b>three</b>")
    run.wait()
    made = display.bundle_of_run(run)
    assert "finished" in made["text/html"]
    assert "&lt;b&gt;three" in made["text/html"]
    assert image(made["image/png"]).size[0] > 100


def test_an_interrupt_of_wait_stops_the_run_and_keeps_what_it_learned(
    session: Session, iris: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = session.add_run(iris, "OnlineVQ", {"n_prototypes": 3, "max_iter": 1_000_000, "tol": 0.0})
    while run.sequence < 3:
        time.sleep(0.01)
    kept, calls = run.job.wait, []

    def interrupted(timeout: float | None = None) -> bool:
        calls.append(timeout)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return kept(timeout)

    monkeypatch.setattr(run.job, "wait", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run.wait()
    assert run.status == "stopped"
    assert run.model().history_["iteration"][-1] == run.latest.iteration
    assert threading.active_count() < 20


@pytest.mark.parametrize("made", [*WIDGETS.values(), nb.Figure], ids=lambda made: made.__name__)
def test_a_module_is_one_file_with_one_export_and_no_name_twice(made: type[nb.ViewWidget]) -> None:
    text = str(made._esm)
    assert text.count("export default") == 1
    assert "import " not in text
    assert "innerHTML" not in text
    names = re.findall(r"^(?:const|let|class|function) (\w+)", text, re.MULTILINE)
    assert len(names) == len(set(names))

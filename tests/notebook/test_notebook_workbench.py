"""A project in a cell without a browser: forms, work in the background, undo, tabs, and what stays without a kernel."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from sklearn.datasets import load_digits, load_iris

import workbench.notebook as nb
from engines import catalog
from tests.notebook.page import Page, looked_at, page_of
from workbench.errors import WorkbenchError
from workbench.notebook import kept_files
from workbench.session import Dataset, Session

IRIS = load_iris()
Opened = Callable[[], tuple[nb.Workbench, Page]]


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """Iris as a file."""
    frame = pd.DataFrame(IRIS.data, columns=["sepal length", "sepal width", "petal length", "petal width"])
    frame.assign(species=IRIS.target_names[IRIS.target]).to_csv(tmp_path / "flowers.csv", index=False)
    return tmp_path / "flowers.csv"


@pytest.fixture
def opened(tmp_path: Path) -> Opened:
    """Opens the same project, in a page."""

    def open_it() -> tuple[nb.Workbench, Page]:
        bench = nb.Workbench(tmp_path / "p.vqw")
        return bench, looked_at(bench)

    return open_it


@pytest.fixture
def filled(session: Session, iris: Dataset) -> tuple[nb.Workbench, Page]:
    """A workbench on an open session with iris."""
    bench = nb.Workbench(session)
    return bench, looked_at(bench)


def names(page: Page) -> list[str]:
    return [thing["name"] for thing in page.facts["things"]]


def look_into(page: Page, path: Path) -> None:
    page.tell(kind="page", page="import")
    page.tell(kind="import", what="path", path=str(path))
    page.until(lambda: page.facts["import"].get("ready") is True)


def set_up(page: Page, engine: str, **answers: Any) -> None:
    page.tell(kind="page", page="run")
    page.until(lambda: page.facts["setup"].get("fields") is not None)
    number = page.facts["setup"]["number"]
    page.tell(kind="setup", engine=engine)
    page.until(lambda: page.facts["setup"]["number"] > number)
    assert page.facts["setup"]["engine"] == engine
    for parameter, answer in answers.items():
        page.tell(kind="setup", parameter=parameter, answer=answer)


def start(page: Page) -> None:
    page.until(lambda: page.facts["setup"].get("ready") is True)
    page.tell(kind="start")
    page.until(lambda: page.facts["page"] == "view")


def test_a_file_opens_as_one_session_however_often_and_closes_with_the_last(tmp_path: Path) -> None:
    first, second = nb.Workbench(tmp_path / "p.vqw"), nb.Workbench(str(tmp_path / "p"))
    assert first.session is second.session
    assert (tmp_path / "p.vqw").exists()
    looked_at(second)
    first.close()
    assert not second.session.closed
    second.close()
    assert second.session.closed
    again = nb.Workbench(tmp_path / "p.vqw")
    assert again.session is not first.session
    assert not again.session.closed


def test_a_widget_that_a_cell_left_behind_does_not_keep_the_project_open(tmp_path: Path) -> None:
    left_behind, seen = nb.Workbench(tmp_path / "p.vqw"), nb.Workbench(tmp_path / "p.vqw")
    page, other = looked_at(seen), page_of(left_behind)
    seen.close()
    assert seen.session.closed
    assert page.is_closed
    assert other.is_closed
    with Session.open(tmp_path / "p.vqw"):
        pass


def test_a_session_that_was_given_open_stays_open(session: Session) -> None:
    bench = nb.Workbench(session)
    bench.close()
    assert not session.closed


def test_data_are_imported_by_the_form_and_the_import_can_be_undone(opened: Opened, table: Path) -> None:
    bench, page = opened()
    assert page.facts["page"] == "import"
    look_into(page, table)
    form = page.facts["import"]
    assert [row["role"] for row in form["columns"]["rows"]] == ["feature"] * 4 + ["label"]
    assert form["preview"]["extent"] == "150 rows, 4 features"
    page.tell(kind="import", what="role", column="sepal width", role="ignore")
    page.tell(kind="import", what="unit", column="sepal length", words="cm")
    recipe = {name: value for name, value in form["recipe"].items() if name != "choices"}
    page.tell(kind="import", what="recipe", recipe=recipe | {"scaling": "standard", "test": 30})
    page.until(lambda: page.facts["import"]["preview"]["extent"] == "150 rows, 3 features")
    page.until(lambda: page.facts["import"]["ready"] and page.facts["import"]["recipe"]["test"] == 30)
    page.tell(kind="import", what="name", name="three")
    page.tell(kind="accept")
    page.until(lambda: names(page) == ["three"] and page.facts["head"]["title"] == "three")
    data = bench.session.dataset("three")
    assert (data.n_features, data.raw_units[0], data.recipe.recipe.scaling) == (3, "cm", "standard")
    assert data.n_in("test") == 45
    assert page.facts["history"]["undo"] == "import of three"
    page.tell(kind="undo")
    page.until(lambda: names(page) == [])
    page.tell(kind="redo")
    page.until(lambda: names(page) == ["three"])


@pytest.mark.parametrize(("words", "name"), [("There is no file", "missing.csv"), ("is empty", "empty.csv")])
def test_a_file_that_cannot_be_read_is_told_in_a_sentence(words: str, name: str, opened: Opened, table: Path) -> None:
    _, page = opened()
    (table.parent / "empty.csv").touch()
    page.tell(kind="import", what="path", path=str(table.with_name(name)))
    page.until(lambda: words in page.facts["import"]["said"])
    assert page.facts["import"]["tone"] == "bad"
    assert not page.facts["import"]["ready"]
    look_into(page, table)


def test_wrong_options_and_encodings_are_told_as_they_are_typed(opened: Opened, table: Path) -> None:
    _, page = opened()
    look_into(page, table)
    page.tell(kind="import", what="encoding", column="sepal width", words="sideways")
    page.until(lambda: "sideways" in page.facts["import"]["said"] and not page.facts["import"]["ready"])
    page.tell(kind="import", what="option", parameter="precision", answer="float32")
    page.until(lambda: page.facts["import"]["ready"])
    page.tell(kind="import", what="importer", importer="excel")
    page.until(lambda: page.facts["import"]["tone"] == "bad")


def test_a_file_is_uploaded_in_pieces_and_lies_beside_the_project(
    opened: Opened, table: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench, page = opened()
    sent = table.read_bytes()
    about = {"kind": "import", "what": "upload", "name": "../sent.csv", "size": len(sent), "last": True}
    page.tell([sent[:1000]], begins=True, **about)
    page.until(lambda: page.facts["import"]["busy"])
    page.tell([sent[1000:]], begins=False, **about)
    page.until(lambda: page.facts["import"].get("ready") is True)
    assert (bench.session.path.parent / "p files" / "sent.csv").read_bytes() == sent
    monkeypatch.setattr(kept_files, "MOST_UPLOADED", 1000)
    page.tell([sent[:10]], begins=True, **about)
    page.until(lambda: "sent.csv is larger" in page.facts["import"]["said"])


def test_an_import_that_goes_on_can_be_cancelled(filled: tuple[nb.Workbench, Page], table: Path) -> None:
    _, page = filled
    with table.open("a") as file:
        file.writelines("5.1,3.5,1.4,0.2,setosa\n" for _ in range(400_000))
    look_into(page, table)
    page.tell(kind="accept")
    page.until(lambda: bool(page.facts["jobs"]))
    page.tell(kind="cancel", number=0)
    page.until(lambda: page.facts["jobs"] == [])
    assert names(page) == ["iris"]


@pytest.mark.parametrize("info", catalog(), ids=lambda info: info.name)
def test_every_engine_has_a_form_of_its_declarations(info: Any, filled: tuple[nb.Workbench, Page]) -> None:
    _, page = filled
    set_up(page, info.name)
    fields = page.facts["setup"]["fields"]
    told = {field["name"]: field for field in fields["basic"] + fields["advanced"]}
    assert told.keys() == {parameter.name for parameter in info.parameters}
    for parameter in info.parameters:
        assert told[parameter.name]["doc"] == parameter.doc
        assert parameter.expectation in told[parameter.name]["allowed"]
    assert page.facts["setup"]["problems"] == {}


def test_answers_are_checked_as_typed_with_the_declarations_own_sentence(filled: tuple[nb.Workbench, Page]) -> None:
    _, page = filled
    set_up(page, "KMeans", n_clusters="-3")
    sentence = "KMeans: n_clusters must be an integer of at least 1, got -3."
    page.until(lambda: page.facts["setup"]["problems"] == {"n_clusters": sentence})
    assert not page.facts["setup"]["ready"]
    page.tell(kind="setup", parameter="n_clusters", answer="3")
    page.until(lambda: page.facts["setup"]["problems"] == {} and "of memory" in page.facts["setup"]["forecast"])
    page.tell(kind="setup", parameter="n_clusters", answer="500")
    page.until(lambda: "lower n_clusters" in page.facts["setup"]["refused"])
    page.tell(kind="setup", parameter="n_clusters", answer="3")
    start(page)
    page.until(lambda: page.facts["bar"]["status"] == "finished")


def test_engines_that_do_not_suit_the_data_are_told_what_they_lack(filled: tuple[nb.Workbench, Page]) -> None:
    _, page = filled
    set_up(page, "KMeans")
    families = dict(page.facts["setup"]["families"])
    lacks = {name: lacking for engines in families.values() for name, _, lacking in engines}
    assert lacks["GMLVQ"] == ""
    assert lacks["LogEuclideanGLVQ"] == "needs SPD matrices"
    assert lacks.keys() == {info.name for info in catalog()}


def test_runs_queue_and_the_buttons_do_what_they_say(filled: tuple[nb.Workbench, Page]) -> None:
    bench, page = filled
    set_up(page, "SOM", max_iter="100000", shape="4, 4")
    page.tell(kind="setup", name="long")
    start(page)
    page.until(lambda: page.facts["bar"]["status"] == "running" and page.facts["head"]["title"] == "long")
    assert page.facts["tab"] == "curves"
    set_up(page, "KMeans", n_clusters="3")
    start(page)
    page.until(lambda: "waiting, no. 1" in [thing["detail"] for thing in page.facts["things"]])
    page.tell(kind="select", id=bench.session.run("long").id)
    page.until(lambda: page.facts["head"]["title"] == "long")
    page.tell(kind="do", what="pause")
    page.until(lambda: page.facts["bar"]["status"] == "paused")
    before = bench.session.run("long").sequence
    page.tell(kind="do", what="step")
    page.until(lambda: bench.session.run("long").sequence == before + 1)
    page.tell(kind="do", what="stop")
    page.until(lambda: page.facts["bar"]["status"] == "stopped")
    page.until(lambda: [thing["detail"] for thing in page.facts["things"]] == ["150 × 4", "stopped", "finished"])


def test_what_is_done_elsewhere_is_seen_and_the_same_goes_the_other_way(filled: tuple[nb.Workbench, Page]) -> None:
    bench, page = filled
    run = bench.session.add_run("iris", "KMeans", {"n_clusters": 3}, name="mine")
    page.until(lambda: names(page) == ["iris", "mine"])
    bench.show("mine", "projection")
    page.until(lambda: page.facts["head"]["title"] == "mine")
    page.tell(kind="rename", name="ours")
    page.until(lambda: names(page) == ["iris", "ours"])
    assert run.name == "ours"
    page.tell(kind="rename", name=" ")
    page.until(lambda: page.facts["said"] == ["A run needs a name: type one.", "bad"])
    page.tell(kind="delete")
    page.until(lambda: names(page) == ["iris"] and page.facts["head"]["title"] == "iris")
    bench.session.undo()
    page.until(lambda: names(page) == ["iris", "ours"])


def test_only_the_view_in_front_is_made_and_it_stays_in_front(filled: tuple[nb.Workbench, Page]) -> None:
    bench, page = filled
    runs = [bench.session.add_run("iris", "GMLVQ", {"max_iter": 3, "random_state": k}) for k in (0, 1)]
    for run in runs:
        run.wait()
    bench.show(runs[0])
    page.until(lambda: ["relevance", "Relevance"] in page.facts["tabs"])
    assert page.facts["tab"] == "curves"
    page.tell(kind="tab", name="relevance")
    page.until(lambda: page.facts["tab"] == "relevance")
    shown = [widget for widget in live_widgets() if isinstance(widget, nb.ViewWidget)]
    assert sorted(type(widget).__name__ for widget in shown) == ["RelevanceMatrix", "RunMonitor"]
    assert page.facts["pane"] in [f"anywidget:{widget.model_id}" for widget in shown]
    assert not any(widget.awake for widget in shown), "what is not in the page costs nothing"
    pages_before = [page_of(widget) for widget in shown]
    bench.show(runs[1])
    page.until(lambda: page.facts["selected"] == runs[1].id)
    assert page.facts["tab"] == "relevance"
    assert all(one.is_closed for one in pages_before)


def live_widgets() -> list[Any]:
    from ipywidgets.widgets.widget import _instances

    return list(_instances.values())


def test_a_sealed_test_part_is_shown_only_when_asked_for(opened: Opened, table: Path) -> None:
    bench, page = opened()
    look_into(page, table)
    recipe = {name: value for name, value in page.facts["import"]["recipe"].items() if name != "choices"}
    page.tell(kind="import", what="recipe", recipe=recipe | {"test": 20})
    page.until(lambda: page.facts["import"]["ready"] and page.facts["import"]["recipe"]["test"] == 20)
    page.tell(kind="accept")
    page.until(lambda: "not been looked at" in page.facts["test"].get("words", ""))
    page.tell(kind="show_test")
    page.until(lambda: page.facts["test"] == {})
    assert not bench.session.dataset("flowers").is_sealed


def test_rows_of_python_become_a_dataset(opened: Opened) -> None:
    bench, page = opened()
    frame = pd.DataFrame(IRIS.data, columns=list("abcd")).assign(kind=IRIS.target_names[IRIS.target])
    of_frame = bench.add(frame, "kind", name="frame").result(60)
    assert (of_frame.feature_names, of_frame.classes) == (tuple("abcd"), tuple(IRIS.target_names))
    of_arrays = bench.add(IRIS.data, IRIS.target, name="arrays", feature_names=list("wxyz")).result(60)
    assert of_arrays.feature_names == tuple("wxyz")
    assert np.allclose(of_arrays.rows("train").read(0, 150), IRIS.data)
    digits = load_digits(n_class=3)
    pictures = bench.add(digits.images.astype(np.uint8), digits.target, name="pictures").result(60)
    assert (pictures.kind, pictures.image_shape, len(pictures.classes)) == ("image", (8, 8), 3)
    page.until(lambda: names(page) == ["frame", "arrays", "pictures"])
    assert bench.session.can_undo == "import of pictures"


@pytest.mark.parametrize(
    ("rows", "y", "words"),
    [
        ([1.0, 2.0], None, "two axes"),
        (pd.DataFrame({"a": [1.0]}), "b", "no column 'b'"),
        ([[1.0], [2.0]], [1, 2, 3], "different lengths"),
    ],
)
def test_rows_that_cannot_be_imported_are_refused_in_a_sentence(rows: Any, y: Any, words: str, opened: Opened) -> None:
    bench, _ = opened()
    with pytest.raises(WorkbenchError, match=words):
        bench.add(rows, y)


def test_without_a_kernel_there_is_a_picture_and_a_table_in_words(filled: tuple[nb.Workbench, Page]) -> None:
    bench, _ = filled
    run = bench.session.add_run("iris", "GMLVQ", {"max_iter": 3}, name="<mine>")
    run.wait()
    bench.show(run, "relevance")
    made = bench._repr_mimebundle_()
    assert made is not None
    picture = Image.open(io.BytesIO(base64.b64decode(made[0]["image/png"])))
    assert min(picture.size) > 200
    assert "&lt;mine&gt;" in made[0]["text/html"]
    assert made[0]["text/plain"].splitlines()[:2] == ["Project p.vqw", "iris: 150 rows, 4 features, 3 classes"]
    assert "finished: accuracy" in made[0]["text/plain"]


def test_an_empty_workbench_has_a_picture_too(opened: Opened) -> None:
    bench, _ = opened()
    made = bench._repr_mimebundle_()
    assert made is not None
    assert made[0]["text/plain"] == "Project p.vqw\nno data yet"
    assert len(base64.b64decode(made[0]["image/png"])) > 500


def test_a_run_is_recorded_when_the_project_is_closed_under_it_and_goes_on_when_opened_again(opened: Opened) -> None:
    bench, page = opened()
    data = bench.add(IRIS.data, IRIS.target, name="iris").result(60)
    run = bench.session.add_run(data, "SOM", {"max_iter": 100_000}, name="long")
    bench.show(run)
    page.until(lambda: run.sequence > 3)
    bench.close()
    again, page = opened()
    found = again.session.run("long")
    assert found is not run
    assert found.status == "stopped"
    page.until(lambda: page.facts["bar"]["status"] == "stopped" and page.facts["bar"]["can"] == ["resume"])
    page.tell(kind="do", what="resume")
    page.until(lambda: page.facts["bar"]["status"] == "running")
    page.tell(kind="do", what="stop")
    page.until(lambda: page.facts["bar"]["status"] == "stopped")


def test_a_new_run_begins_with_the_parameters_of_the_one_that_is_shown(filled: tuple[nb.Workbench, Page]) -> None:
    bench, page = filled
    run = bench.session.add_run("iris", "KMeans", {"n_clusters": 5, "random_state": 3})
    run.wait()
    bench.show(run)
    page.tell(kind="page", page="run")
    page.until(lambda: page.facts["setup"].get("fields") is not None)
    shown = {field["name"]: field["shown"] for field in page.facts["setup"]["fields"]["basic"]}
    assert shown["n_clusters"] == 5
    advanced = {field["name"]: field["shown"] for field in page.facts["setup"]["fields"]["advanced"]}
    assert {**shown, **advanced}["random_state"] == ""

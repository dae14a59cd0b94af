"""Views as widgets on pages without a browser: what each sends is what its view computes; choices, picks, refusals."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_digits, load_iris, load_wine

import workbench.notebook as nb
from engines import GLVQ, GMLVQ, LGMLVQ, SOM, KMeans, ProductQuantizer
from tests.notebook.page import looked_at
from workbench.session import Dataset, Session
from workbench.views import view
from workbench.views.model_scene import NotToBeSeen
from workbench.views.som_panels import panel_names

IRIS, WINE, DIGITS = load_iris(), load_wine(), load_digits()
SPECIES = np.asarray(IRIS.target_names)[IRIS.target]
NAMES = ("sepal length", "sepal width", "petal length", "petal width")


def data_of(widget: nb.ViewWidget) -> Any:
    """What the view computes of all that the widget shows while nothing is picked."""
    scene = widget.subject.shown.scene()  # type: ignore[union-attr]
    return widget.view.compute(scene)


@pytest.fixture(scope="module")
def lvq() -> GMLVQ:
    return GMLVQ(random_state=0, max_iter=5).fit(IRIS.data, SPECIES)


@pytest.fixture(scope="module")
def local() -> LGMLVQ:
    return LGMLVQ(random_state=0, max_iter=3).fit(WINE.data, WINE.target)


@pytest.fixture(scope="module")
def som() -> SOM:
    return SOM(shape=(4, 3), topology="hexagonal", random_state=0, max_iter=5).fit(IRIS.data)


@pytest.fixture(scope="module")
def codes() -> ProductQuantizer:
    return ProductQuantizer(n_subspaces=4, n_bits=3, random_state=0).fit(DIGITS.data)


class TestGallery:
    def test_profiles_are_those_of_the_view(self, lvq: GMLVQ) -> None:
        widget = nb.PrototypeGallery(lvq, IRIS.data, SPECIES, feature_names=NAMES, units=["cm"] * 4)
        page, data = looked_at(widget), data_of(widget)
        assert page.facts["kind"] == "bars"
        assert np.allclose(page.arrays["values"], data.values, atol=1e-5)
        assert np.allclose(page.arrays["relative"], data.relative, atol=1e-5)
        assert tuple(page.facts["captions"]) == data.captions
        assert page.facts["classes"] == [[0, "setosa"], [1, "versicolor"], [2, "virginica"]]
        assert page.facts["feature_names"][0] == "sepal length [cm]"

    def test_an_image_shape_makes_pictures_of_them(self) -> None:
        model = KMeans(n_clusters=7, random_state=0).fit(DIGITS.data)
        curves = looked_at(nb.PrototypeGallery(model))
        assert curves.facts["kind"] == "curves"
        widget = nb.PrototypeGallery(model, DIGITS.data, image_shape=(8, 8))
        page = looked_at(widget)
        assert page.facts["kind"] == "pictures"
        assert np.array_equal(page.arrays["images"], data_of(widget).images)
        assert page.facts["note"].startswith("7 prototypes · black is 0, white 16")

    def test_a_prototype_is_picked_with_its_rows(self, lvq: GMLVQ) -> None:
        gallery, plane = nb.PrototypeGallery(lvq, IRIS.data, SPECIES), nb.Projection(lvq, IRIS.data, SPECIES)
        nb.link(gallery, plane)
        page, other = looked_at(gallery), looked_at(plane)
        page.tell(kind="pick", prototype=2, how="replace")
        other.until(lambda: other.facts["any_picked"])
        assert other.arrays["picked_prototypes"].tolist() == [2]
        page.until(lambda: page.arrays["picked_prototypes"].tolist() == [2])
        assert "shares" not in page.arrays
        page.tell(kind="pick", prototype=0, how="or")
        page.until(lambda: page.arrays["picked_prototypes"].tolist() == [0, 2])
        page.tell(kind="pick", prototype=2, how="nonsense")
        page.tell(kind="pick", prototype=0, how="not")
        page.until(lambda: page.arrays["picked_prototypes"].tolist() == [2])

    def test_picked_rows_are_shared_out_among_the_prototypes(self, lvq: GMLVQ) -> None:
        widget = nb.PrototypeGallery(lvq, IRIS.data, SPECIES)
        page = looked_at(widget)
        page.tell(kind="pick", row=0, how="replace")
        page.tell(kind="pick", row=1, how="or")
        page.until(lambda: page.facts["picked"].startswith("2 rows"))
        assert page.arrays["shares"].tolist() == [1.0, 0.0, 0.0]

    def test_units_of_a_map_stand_as_on_its_grid_and_words_are_not_picked(
        self, som: SOM, codes: ProductQuantizer
    ) -> None:
        assert looked_at(nb.PrototypeGallery(som)).facts["columns"] == 3
        page = looked_at(nb.PrototypeGallery(codes, image_shape=(8, 8)))
        assert not page.facts["can_pick"]
        assert len(page.facts["titles"]) == 4 * 8


class TestRelevance:
    def test_the_matrix_its_diagonal_and_its_spectrum_are_those_of_the_view(self, lvq: GMLVQ) -> None:
        widget = nb.RelevanceMatrix(lvq, IRIS.data, feature_names=NAMES)
        page, data = looked_at(widget), data_of(widget)
        assert np.allclose(page.arrays["heat 0"], data.matrix, atol=1e-6)
        ranking = page.facts["ranking"]
        assert ranking["features"] == data.order.tolist()
        assert ranking["values"] == data.relevances[data.order].tolist()
        assert ranking["names"][0] == NAMES[data.order[0]]
        assert page.facts["spectrum"]["values"] == data.eigenvalues.tolist()
        assert page.facts["metrics"] == []

    def test_pixels_have_a_picture(self) -> None:
        model = GMLVQ(random_state=0, max_iter=2).fit(DIGITS.data[:300], DIGITS.target[:300])
        page = looked_at(nb.RelevanceMatrix(model, image_shape=(8, 8)))
        assert page.arrays["heat 1"].shape == (8, 8)
        assert page.facts["heats"][1]["n_each"] == 1
        assert page.facts["ranking"]["n"] == 64

    def test_of_local_metrics_one_can_be_chosen(self, local: LGMLVQ) -> None:
        widget = nb.RelevanceMatrix(local, WINE.data, feature_names=WINE.feature_names)
        page, data = looked_at(widget), data_of(widget)
        assert page.facts["layout"] == "table"
        assert np.allclose(page.arrays["heat 0"], data.relevances[:, data.order], atol=1e-6)
        page.tell(kind="choose", metric="1")
        page.until(lambda: page.facts["layout"] == "matrix")
        assert np.allclose(page.arrays["heat 0"], data.matrices[1][data.order][:, data.order], atol=1e-6)
        assert page.facts["spectrum"]["values"] == pytest.approx(data.eigenvalues[1].tolist())
        assert widget.metric == page.facts["metric"] == "1"
        assert looked_at(nb.RelevanceMatrix(local, metric="2")).facts["metric"] == "2"
        assert looked_at(nb.RelevanceMatrix(local, metric="none such")).facts["layout"] == "table"

    def test_local_metrics_of_pixels_are_pictures(self) -> None:
        model = LGMLVQ(random_state=0, max_iter=1).fit(DIGITS.data[:300], DIGITS.target[:300])
        page = looked_at(nb.RelevanceMatrix(model, image_shape=(8, 8)))
        assert page.facts["layout"] == "tiles"
        assert page.arrays["heat 9"].shape == (8, 8)

    def test_features_are_picked_for_all_that_are_linked(self, lvq: GMLVQ) -> None:
        first, second = nb.RelevanceMatrix(lvq, IRIS.data), nb.RelevanceMatrix(lvq, IRIS.data)
        nb.link(first, second)
        page, other = looked_at(first), looked_at(second)
        page.tell(kind="pick", features=[3, 1], how="replace")
        other.until(lambda: other.arrays["picked_features"].tolist() == [1, 3])
        assert other.facts["picked"] == "2 features picked"

    def test_the_metric_of_a_run_is_known_before_it_has_learned(self, session: Session, iris: Dataset) -> None:
        run = session.add_run(iris, "LGMLVQ", {"max_iter": 3}, paused=True)
        page = looked_at(nb.RelevanceMatrix(run))
        page.until(lambda: page.facts["say"].endswith("is paused before its first step."))
        run.resume()
        run.wait()
        page.until(lambda: page.facts.get("layout") == "table")


class TestMap:
    def test_all_panels_are_those_of_the_view(self, som: SOM) -> None:
        widget = nb.SOMMap(som, IRIS.data, SPECIES, feature_names=NAMES)
        page, data = looked_at(widget), data_of(widget)
        titles = [panel["title"] for panel in page.facts["panels"]]
        assert titles[:3] == ["U-matrix", "Hits (training rows)", "Classes of the rows"]
        assert np.allclose(page.arrays["values"][0], data.u, atol=1e-6)
        assert np.allclose(page.arrays["values"][1], data.hits)
        assert np.isnan(page.arrays["values"][2]).all()
        assert np.allclose(page.arrays["values"][4:], data.planes[data.alike.order], atol=1e-5)
        assert np.array_equal(page.arrays["counts"], data.class_counts)
        assert [name for name, _ in page.facts["names"]][1:] == list(panel_names(data))
        assert page.facts["units"][5] == data.told(5)

    def test_one_panel_is_chosen_here_or_there(self, som: SOM) -> None:
        widget = nb.SOMMap(som, IRIS.data, feature_names=NAMES, panel="petal width")
        page = looked_at(widget)
        assert [panel["title"] for panel in page.facts["panels"]] == ["petal width"]
        assert page.facts["panels"][0]["feature"] == 3
        page.tell(kind="choose", panel="Hits")
        page.until(lambda: page.facts["chosen"] == "Hits")
        page.tell(kind="choose", panel="no such panel")
        page.until(lambda: page.facts["chosen"] == "" and len(page.facts["panels"]) == 3 + 4)

    def test_units_are_found_by_their_features(self, som: SOM) -> None:
        widget = nb.SOMMap(som, IRIS.data, feature_names=NAMES, search="petal length high")
        page, data = looked_at(widget), data_of(widget)
        fits = data.search("petal length high").fits
        assert np.array_equal(page.arrays["lit"] > 0, fits)
        assert page.facts["found"] == f"Lit: {data.found(fits)}."
        page.tell(kind="choose", search="petal height high")
        page.until(lambda: "lit" not in page.arrays)
        assert "petal height" in page.facts["found"]

    def test_a_torus_is_cut_elsewhere(self) -> None:
        model = SOM(shape=(4, 5), toroidal=True, random_state=0, max_iter=3).fit(IRIS.data)
        page = looked_at(nb.SOMMap(model, origin=(1, 2)))
        assert page.facts["origin"] == [1, 2]
        assert page.facts["grid"]["period"] is not None
        here = page.arrays["boxes"]
        assert np.argmin(here[:, :2].sum(axis=1)) == 1 * 5 + 2
        page.tell(kind="choose", origin=[0, 0])
        page.until(lambda: np.argmin(page.arrays["boxes"][:, :2].sum(axis=1)) == 0)

    @pytest.mark.parametrize("topology", ["hexagonal", "rectangular"])
    def test_cells_lie_as_their_topology_says(self, topology: str) -> None:
        model = SOM(shape=(3, 3), topology=topology, random_state=0, max_iter=3).fit(IRIS.data)
        page = looked_at(nb.SOMMap(model))
        assert page.facts["grid"]["hexagonal"] is (topology == "hexagonal")
        left = page.arrays["boxes"][:, 0].reshape(3, 3)
        shift = 0.5 if topology == "hexagonal" else 0.0
        assert np.allclose(left[1] - left[0], shift * page.facts["grid"]["pitch"])

    def test_units_and_features_are_picked(self, som: SOM) -> None:
        page = looked_at(nb.SOMMap(som, IRIS.data))
        page.tell(kind="pick", prototype=7, how="replace")
        page.until(lambda: page.arrays["picked_prototypes"].tolist() == [7])
        page.tell(kind="pick", features=[2], how="replace")
        page.until(lambda: page.arrays["picked_features"].tolist() == [2])
        page.tell(kind="pick", row=9, how="replace")
        page.until(lambda: "shares" in page.arrays)
        assert page.arrays["shares"].max() == 1.0
        page.tell(kind="clear")
        page.until(lambda: page.facts["picked"] == "")


class TestReconstructions:
    def test_rows_are_those_of_the_view(self, codes: ProductQuantizer) -> None:
        widget = nb.Reconstructions(codes, DIGITS.data, image_shape=(8, 8))
        page, data = looked_at(widget), data_of(widget)
        assert page.facts["kind"] == "pictures"
        assert np.array_equal(page.arrays["original"], data.images)
        assert np.array_equal(page.arrays["reconstruction"], data.reconstructed)
        assert np.allclose(page.arrays["errors"], data.image_errors, atol=1e-5)
        assert page.facts["groups"] == [["worst", 4], ["typical", 4], ["best", 4]]
        assert data.bits[0] in page.facts["told"][0]

    def test_few_features_are_marks_and_many_are_curves(self, codes: ProductQuantizer) -> None:
        few = nb.Reconstructions(KMeans(n_clusters=3, random_state=0).fit(IRIS.data), IRIS.data, feature_names=NAMES)
        page = looked_at(few)
        assert page.facts["kind"] == "marks"
        assert page.facts["feature_names"] == list(NAMES)
        assert np.allclose(page.arrays["original"], data_of(few).placed(data_of(few).original), atol=1e-6)
        assert looked_at(nb.Reconstructions(codes, DIGITS.data)).facts["kind"] == "curves"

    def test_it_shows_the_picked_rows(self, codes: ProductQuantizer) -> None:
        page = looked_at(nb.Reconstructions(codes, DIGITS.data))
        page.tell(kind="pick", row=5, how="replace")
        page.tell(kind="pick", row=8, how="or")
        page.until(lambda: sorted(page.arrays["rows"].tolist()) == [5, 8])
        assert "2 picked ones" in page.facts["note"]

    def test_without_rows_it_says_so(self, codes: ProductQuantizer) -> None:
        assert looked_at(nb.Reconstructions(codes)).facts["note"] == "No row without missing values to encode."


class TestRateDistortion:
    def test_models_side_by_side_are_points_with_names(self) -> None:
        models = {f"{k} of them": KMeans(n_clusters=k, random_state=0).fit(IRIS.data) for k in (2, 4, 8)}
        widget = nb.RateDistortion(models, IRIS.data)
        page, data = looked_at(widget), data_of(widget)
        assert page.facts["names"] == list(models)
        assert page.arrays["points"][:, 0].tolist() == [1, 2, 3]
        assert np.allclose(page.arrays["points"][:, 1], data.errors, rtol=1e-5)
        assert page.facts["current"] == -1
        assert len(page.arrays["bound"]) == len(data.bound_bits) > 0
        assert page.facts["note"].startswith("3 runs side by side")
        assert looked_at(nb.RateDistortion(models, IRIS.data, named=False)).facts["names"] == []
        assert len(looked_at(nb.RateDistortion(models)).arrays["bound"]) == 0

    def test_models_in_a_list_are_named_by_their_parameters(self) -> None:
        models = [KMeans(n_clusters=k, random_state=0).fit(IRIS.data) for k in (2, 4)]
        widget = nb.RateDistortion(models, name="mine")
        assert looked_at(widget).facts["names"] == [repr(model) for model in models]
        assert repr(widget) == "RateDistortion(mine)"

    def test_a_run_is_beside_all_others_on_its_data(self, session: Session, iris: Dataset) -> None:
        runs = [session.add_run(iris, "KMeans", {"n_clusters": k, "random_state": 0}) for k in (2, 4, 8)]
        for run in runs:
            run.wait()
        page = looked_at(nb.RateDistortion(runs[1]))
        assert len(page.arrays["points"]) == 3
        assert page.facts["names"][page.facts["current"]] == runs[1].name
        some = looked_at(nb.RateDistortion(runs[:2]))
        assert some.facts["names"] == [run.name for run in runs[:2]]

    def test_runs_of_two_projects_are_laid_side_by_side(self, session: Session, iris: Dataset, tmp_path: Any) -> None:
        with Session.create(tmp_path / "other.vqw") as other:
            from workbench.data import guess

            data = other.import_data(guess(tmp_path / "iris.csv"), name="iris").result(60)
            runs = [s.add_run(d, "KMeans", {"n_clusters": 3}) for s, d in ((session, iris), (other, data))]
            page = looked_at(nb.RateDistortion(runs))
            for run in runs:
                run.wait()
            page.until(lambda: len(page.arrays.get("points", ())) == 2)
            widget = nb.RateDistortion(runs)
            assert widget.subject.selection is not session.selection
            assert nb.RateDistortion(runs[:1]).subject.selection is session.selection

    def test_a_run_that_learns_moves_its_point(self, session: Session, iris: Dataset) -> None:
        held = session.add_run(iris, "OnlineVQ", {"n_prototypes": 4, "max_iter": 200}, paused=True)
        page = looked_at(nb.RateDistortion([held]))
        assert page.facts["say"] == "1 run has learned nothing yet."
        held.resume()
        held.wait()
        page.until(lambda: page.facts["say"] == "" and page.facts["names"] == [held.name])
        error = held.latest.metrics["error_per_component"]
        page.until(lambda: bool(np.isclose(page.arrays["points"][0, 1], error, rtol=1e-5)))

    @pytest.mark.parametrize(
        ("things", "words"),
        [
            (list, "nothing to lay side by side"),
            (lambda: 7, "not a thing of the kind int"),
            (lambda: [GLVQ(random_state=0, max_iter=1).fit(IRIS.data, IRIS.target)], "no bits of a row"),
            (
                lambda: [KMeans(n_clusters=2).fit(IRIS.data), KMeans(n_clusters=2).fit(WINE.data)],
                "4 and 13 features cannot be compared",
            ),
        ],
        ids=["none", "number", "no codes", "widths"],
    )
    def test_what_cannot_be_compared_is_refused_in_a_sentence(self, things: Any, words: str) -> None:
        with pytest.raises(NotToBeSeen, match=words):
            nb.RateDistortion(things())


def test_local_relevance_has_the_spectrum_of_each_metric(local: LGMLVQ) -> None:
    data = data_of(nb.RelevanceMatrix(local))
    for matrix, spectrum in zip(data.matrices, data.eigenvalues, strict=True):
        found = np.sort(np.linalg.eigvalsh(matrix))[::-1][: len(spectrum)]
        assert np.allclose(spectrum, found, atol=1e-8)


def test_every_widget_takes_what_all_widgets_take(lvq: GMLVQ, som: SOM, codes: ProductQuantizer) -> None:
    models = {"som": som, "reconstructions": codes, "rate_distortion": codes}
    for name in ("prototypes", "relevance", "som", "reconstructions", "rate_distortion", "confusion"):
        model = models.get(name, lvq)
        rows, labels = (DIGITS.data, DIGITS.target) if model is codes else (IRIS.data, SPECIES)
        options = {"height": 333, "width": 444, "theme": "dark", "name": "mine", "svg": True}
        widget = nb.widget_for(name, model, rows, labels, **options)
        page = looked_at(widget)
        assert page.facts["say"] == ""
        assert (page.state["height"], page.state["width"], page.state["theme"]) == (333, 444, "dark")
        assert page.facts["name"] == "mine"
        assert widget.svg
        assert widget.picture("png").startswith(b"\x89PNG")
        page.leave()


def test_data_and_models_without_the_view_are_said_in_a_sentence(iris: Dataset, lvq: GMLVQ) -> None:
    for thing in (iris, lvq):
        page = looked_at(nb.SOMMap(thing))
        assert page.facts["say"].startswith(("Not for", "Train a run"))
    assert view("som").title in page.state["_words"]["title"]

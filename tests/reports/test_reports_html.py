"""The report: self-contained, safe, complete, true, and enough to train the same again."""

from __future__ import annotations

import base64
import re
import shlex
import xml.etree.ElementTree as ET
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engines.lvq.reject import certainty
from tests.reports.conftest import Shelf
from workbench.reports import export, trained
from workbench.reports.assessment import assess
from workbench.reports.content import content
from workbench.reports.learned import Watch
from workbench.session import Session
from workbench.views.intervals import wilson
from workbench.views.wording import percent

EMPTY = {"meta", "link", "img", "source", "br", "hr", "input"}


class Page(HTMLParser):
    """What a browser would make of a report."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.open: list[str] = []
        self.source = path.read_text(encoding="utf-8")
        self.feed(self.source)
        self.close()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attributes)))
        if tag not in EMPTY:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, text: str) -> None:
        if text.strip() and self.open[-1] != "style":
            self.texts.append(" ".join(text.split()))

    @property
    def ids(self) -> set[str]:
        return {attributes["id"] or "" for _, attributes in self.tags if "id" in attributes}

    def addresses(self) -> list[str]:
        names = ("src", "srcset", "href", "data", "action")
        return [attributes[name] or "" for _, attributes in self.tags for name in names if name in attributes]


@pytest.fixture(scope="module")
def pages(shelf: Shelf, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Page]:
    folder = tmp_path_factory.mktemp("pages")
    return {
        run: Page(export("report", shelf.session, getattr(shelf, run), folder / f"{run}.html")[0])
        for run in ("flowers", "pictures")
    }


def facts(shelf: Shelf, run: str) -> dict[str, Any]:
    learned = trained(getattr(shelf, run))
    return content(shelf.session, learned, assess(learned, learned.blocks(Watch())))


@pytest.mark.parametrize("run", ["flowers", "pictures"])
def test_the_page_is_balanced_and_loads_nothing(pages: dict[str, Page], run: str) -> None:
    page = pages[run]
    assert not page.open
    assert not [tag for tag, _ in page.tags if tag in ("script", "link", "iframe", "object", "form")]
    assert not [name for _, attributes in page.tags for name in attributes if name.startswith("on")]
    assert all(address.startswith(("data:image/", "#")) for address in page.addresses())
    assert {address[1:] for address in page.addresses() if address.startswith("#")} <= page.ids
    assert not re.search(r"url\(|@import", page.source)


def test_hostile_names_are_shown_letter_by_letter(pages: dict[str, Page]) -> None:
    page = pages["flowers"]
    assert "<script>run()</script>" in page.texts
    assert "<script>alert('x')</script>" in page.texts
    assert "</style><b>bold" in page.texts
    assert "<script" not in page.source


@pytest.mark.parametrize("run", ["flowers", "pictures"])
def test_every_picture_is_whole_and_has_words_and_both_looks(pages: dict[str, Page], run: str) -> None:
    page = pages[run]
    images = [attributes for tag, attributes in page.tags if tag == "img"]
    sources = [attributes for tag, attributes in page.tags if tag == "source"]
    assert len(images) == len(sources) == (8 if run == "flowers" else 7)
    assert all(image["alt"] for image in images)
    assert all("prefers-color-scheme: dark" in (source["media"] or "") for source in sources)
    for address in (*(image["src"] for image in images), *(source["srcset"] for source in sources)):
        kind, _, content = (address or "").partition(";base64,")
        picture = base64.b64decode(content, validate=True)
        if kind == "data:image/svg+xml":
            ET.fromstring(picture)
        else:
            assert picture.startswith(b"\x89PNG")


def test_a_classifier_is_reported_in_full_and_a_codebook_without_what_it_has_not(pages: dict[str, Page]) -> None:
    assert pages["flowers"].ids == {"data", "training", "relevance", "confusion", "decisions", "prototypes", "again"}
    assert pages["pictures"].ids == {"data", "training", "prototypes", "again"}


def test_accuracies_are_those_of_the_model_on_each_part_with_their_intervals(
    shelf: Shelf, pages: dict[str, Page]
) -> None:
    data, model = shelf.flowers.dataset, shelf.flowers.model()
    text = " ".join(pages["flowers"].texts)
    for part in ("train", "test"):
        right = model.predict(np.asarray(data.rows(part))) == data.labels(part)
        low, high = wilson(int(right.sum()), len(right))
        assert f"{percent(float(right.mean()))} right ({percent(low)} to {percent(high)})" in text
        assert f"{right.sum()} of {len(right)} rows" in text


def test_relevances_are_ranked_and_are_those_of_the_model(shelf: Shelf) -> None:
    told = facts(shelf, "flowers")["relevance"]["ranked"]
    shares = shelf.flowers.model().relevances_
    names = np.array(shelf.flowers.dataset.feature_names)[np.argsort(-shares)]
    assert [line["name"] for line in told] == names.tolist()
    assert [line["share"] for line in told] == [percent(float(share), 2) for share in np.sort(shares)[::-1]]


def test_thresholds_reach_on_the_training_part_what_they_promise(shelf: Shelf) -> None:
    told = facts(shelf, "readers")["decisions"]["reject"]
    model, data = shelf.readers.model(), shelf.readers.dataset
    X, y = np.asarray(data.rows("train")), data.labels("train")
    sure, right = certainty(model, X), model.predict(X) == y
    assert told["chosen_on"] == "training"
    for line in told["lines"][::2]:
        written = Decimal(line[1])  # rounded: rows as sure as that may lie on either side of the threshold itself
        low, high = (float(written + sign * Decimal((0, (6,), written.as_tuple().exponent - 1))) for sign in (-1, 1))
        kept = [sure >= threshold for threshold in (*sure[(low <= sure) & (sure <= high)], high)]
        told_rows = [k for k in kept if line[2:] == [percent(float(k.mean())), percent(float(right[k].mean()))]]
        assert told_rows
        assert right[told_rows[0]].mean() >= float(line[0].removesuffix(" %")) / 100 - 1e-3
    assert len(told["lines"]) >= 2
    assert facts(shelf, "clusters")["decisions"] is None


def test_the_quantization_error_is_the_engines_own(shelf: Shelf) -> None:
    run = trained(shelf.clusters)
    found = assess(run, run.blocks(Watch()))
    for code, part in ((0, "train"), (2, "test")):
        expected = run.model.quantization_error(np.asarray(run.data.rows(part)))
        assert found.mean_squared_distance(code) == pytest.approx(expected, rel=1e-6)
    assert found.counts.sum() == run.data.n_rows
    np.testing.assert_array_equal(found.counts[0], run.model.counts_)
    assert found.classes.sum() == run.data.n_rows
    assert 1 <= found.perplexity <= found.n_used


def test_an_assessment_does_not_depend_on_its_blocks(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    readers = trained(shelf.readers)
    whole = assess(readers, readers.blocks(Watch()))
    monkeypatch.setattr("workbench.reports.learned._BLOCK_NUMBERS", 64 * 64)
    parts = assess(readers, readers.blocks(Watch()))
    np.testing.assert_array_equal(whole.confusion, parts.confusion)
    np.testing.assert_array_equal(whole.counts, parts.counts)
    np.testing.assert_allclose(whole.squared_sums, parts.squared_sums)
    # the product that measures a block rounds as its shape has it, in the last place of the rows' float32
    np.testing.assert_allclose(whole.farthest, parts.farthest, rtol=4 * np.finfo(np.float32).eps)


def test_data_recipe_parameters_versions_and_hashes_are_told(shelf: Shelf, pages: dict[str, Page]) -> None:
    text = " ".join(pages["flowers"].texts)
    for words in (
        "150 (90 training, 60 test)",
        "mean 0 and standard deviation 1 over the training part",
        "with seed 0",
        "prototypes_per_class 2",
        shelf.flowers.dataset.data_hash,
        shelf.session.project.uuid,
        "scikit-learn",
        "flowers.csv",
    ):
        assert words in text
    assert str(shelf.session.path.parent) not in pages["flowers"].source


def test_accuracy_on_training_rows_alone_comes_with_a_warning(shelf: Shelf) -> None:
    assert any("No rows were set aside for testing" in note for note in facts(shelf, "readers")["notes"])
    assert not facts(shelf, "flowers")["notes"]


@pytest.mark.parametrize("run", ["flowers", "pictures"])
def test_the_script_of_a_report_trains_the_same_again(
    shelf: Shelf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: str
) -> None:
    shelf.session.project.save_as(tmp_path / shelf.session.path.name)
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    exec(facts(shelf, run)["script"], names)
    np.testing.assert_array_equal(names["model"].prototypes_, getattr(shelf, run).model().prototypes_)


@pytest.mark.parametrize("run", ["flowers", "clusters", "pictures", "readers"])
def test_the_command_of_a_report_sets_the_same_parameters(shelf: Shelf, run: str) -> None:
    words = shlex.split(facts(shelf, run)["command"])
    assert words[:3] == ["vq-workbench", "train", shelf.session.path.name]
    settings = dict(words[k + 1].split("=", 1) for k, word in enumerate(words) if word == "--set")
    engine, dataset = words[words.index("--engine") + 1], words[words.index("--dataset") + 1]
    assert dataset == getattr(shelf, run).dataset.name
    meant = {name: getattr(shelf, run).parameters[name] for name in settings}
    assert shelf.session.parse(engine, settings) == meant
    assert "random_state" in settings


def test_a_codebook_of_a_project_opened_for_reading_is_the_same(shelf: Shelf, tmp_path: Path) -> None:
    shelf.session.project.save_as(tmp_path / "copy.vqw")
    with Session.open(tmp_path / "copy.vqw", read_only=True) as session:
        run = session.run("clusters")
        (path,) = export("codebook", session, run, tmp_path / "again.h5")
        (first,) = export("codebook", session, run, tmp_path / "again.csv")
    (second,) = export("codebook", shelf.session, shelf.clusters, tmp_path / "first.csv")
    assert first.read_bytes() == second.read_bytes()
    assert path.read_bytes()[:4] == b"\x89HDF"


def test_the_table_of_features_has_units_and_where_there_are_any_notes(shelf: Shelf, tmp_path: Path) -> None:
    learned = trained(shelf.flowers)
    found = content(shelf.session, learned, assess(learned, learned.blocks(Watch())))["features"]
    assert found["heading"] == ["feature", "unit", "note"]
    assert found["lines"][0][1:] == ["<cm>", "<b>to</b> the tip"]
    assert found["lines"][1][1:] == ["–", "–"]
    export("report", shelf.session, shelf.flowers, tmp_path / "r.html")
    assert "<b>to</b> the tip" in Page(tmp_path / "r.html").texts

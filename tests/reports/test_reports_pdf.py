"""The report in print: what the web page says, on numbered pages that can be found through, with drawn figures."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

import numpy as np
import pypdfium2.raw as raw
import pytest
from hypothesis import given
from hypothesis import strategies as st
from reportlab.platypus import Paragraph

from tests.reports.conftest import Shelf
from tests.reports.printed import Headings, Printed
from workbench.data import guess
from workbench.reports import export
from workbench.reports.pdf import pdf_of
from workbench.reports.pdf_letters import make_ready, marked, style, visual
from workbench.session import Session

HEBREW = "אבגדהוזחט"


@pytest.fixture(scope="module")
def flowers(shelf: Shelf, tmp_path_factory: pytest.TempPathFactory) -> tuple[Printed, Headings]:
    folder = tmp_path_factory.mktemp("print")
    (paper,) = export("report", shelf.session, shelf.flowers, folder / "flowers.pdf")
    (page,) = export("report", shelf.session, shelf.flowers, folder / "flowers.html")
    return Printed(paper.read_bytes()), Headings(page.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Printed]]:
    """Reports at the ends of what there is: one feature and one prototype without labels; 300 features."""
    folder = tmp_path_factory.mktemp("odd")
    rng = np.random.default_rng(0)
    np.savez(folder / "line.npz", X=rng.normal(size=(30, 1)))
    np.savez(folder / "wide.npz", X=rng.normal(size=(40, 300)), y=np.arange(40) % 2)
    with Session.create(folder / "odd.vqw") as session:
        line = session.import_data(guess(folder / "line.npz"), name="line").result(60)
        wide = session.import_data(guess(folder / "wide.npz"), name="wide").result(60)
        runs = (
            session.add_run(line, "KMeans", {"n_clusters": 1, "random_state": 0}, name="one"),
            session.add_run(wide, "GMLVQ", {"max_iter": 2, "random_state": 0}, name="many"),
        )
        assert [run.wait(120) for run in runs] == ["finished"] * 2
        yield {
            run.name: Printed(export("report", session, run, folder / f"{run.name}.pdf")[0].read_bytes())
            for run in runs
        }


def plain_page(body: str, title: str = "title") -> Printed:
    return Printed(pdf_of(f"<!DOCTYPE html><html><head><title>{title}</title></head><body>{body}</body></html>"))


def lines(n: int, columns: int = 2) -> str:
    head = "".join(f"<th>head{k}</th>" for k in range(columns))
    rows = "".join("<tr>" + "".join(f"<td>r{i}c{k}</td>" for k in range(columns)) + "</tr>" for i in range(n))
    return f'<table class="grid"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>'


def test_every_page_tells_its_number_and_how_many_there_are(flowers: tuple[Printed, Headings]) -> None:
    printed, _ = flowers
    assert len(printed.file) > 3
    for number, text in enumerate(printed.texts, 1):
        assert re.findall(r"(\d+) of (\d+)$", text) == [(str(number), str(len(printed.file)))]


def test_every_heading_of_the_web_page_is_a_bookmark_to_the_page_where_it_stands(
    flowers: tuple[Printed, Headings],
) -> None:
    printed, page = flowers
    told = [" ".join(text.split()) for _, text in page.found]
    assert len(told) > 15
    assert [title for title, _ in printed.outline] == told
    for title, number in printed.outline:
        assert title in printed.texts[number]


def test_contents_name_the_pages_and_lead_there(flowers: tuple[Printed, Headings]) -> None:
    printed, page = flowers
    pages = dict(reversed(printed.outline))
    listed = [" ".join(text.split()) for tag, text in page.found if tag in ("h2", "h3")]
    for title in listed:
        found = re.search(re.escape(title) + r"[ .]+(\d+)", printed.texts[0])
        assert found is not None
        assert int(found.group(1)) == pages[title] + 1
    assert raw.FPDFPage_GetAnnotCount(printed.file[0]) >= len(listed)


def test_figures_are_drawn_in_lines_not_in_pixels(flowers: tuple[Printed, Headings]) -> None:
    printed, page = flowers
    assert page.n_figures == 8
    (curves,) = (k for k, text in enumerate(printed.texts) if "Learning curves. " in text)
    assert printed.count(curves, raw.FPDF_PAGEOBJ_IMAGE) == 0
    assert printed.count(curves, raw.FPDF_PAGEOBJ_PATH) > 30
    assert "iteration" in printed.texts[curves]  # letters of a figure are letters
    counts = [
        sum(printed.count(k, kind) for k in range(len(printed.file)))
        for kind in (raw.FPDF_PAGEOBJ_IMAGE, raw.FPDF_PAGEOBJ_PATH)
    ]
    assert counts[0] < 2 * page.n_figures  # heat maps, and rows of a scatter
    assert counts[1] > 20 * counts[0]


def test_hostile_names_are_shown_letter_by_letter(flowers: tuple[Printed, Headings]) -> None:
    printed, _ = flowers
    assert printed.file.get_metadata_dict()["Title"] == "<script>run()</script> – report"
    assert printed.outline[0] == ("<script>run()</script>", 0)
    for name in ("<script>alert('x')</script>", "$_{x}^", "</style><b>bold"):
        assert name in printed.text


def test_pages_are_a4_and_ask_for_nothing(flowers: tuple[Printed, Headings]) -> None:
    printed, _ = flowers
    assert all(page.get_size() == pytest.approx((595.28, 841.89), abs=0.01) for page in printed.file)
    assert b"/URI" not in printed.source
    assert b"/Launch" not in printed.source


def test_one_prototype_of_one_feature_without_labels_is_reported(odd: dict[str, Printed]) -> None:
    assert {"Data", "Training", "Prototypes"} <= {title for title, _ in odd["one"].outline}
    assert "Confusion and accuracy" not in odd["one"].text
    assert "features 1" in odd["one"].text


def test_three_hundred_features_are_ranked_under_heads_on_every_page(odd: dict[str, Printed]) -> None:
    printed = odd["many"]
    (first,) = (page for title, page in printed.outline if title.startswith("Ranking"))
    last = next(page for title, page in printed.outline if title == "Confusion and accuracy")
    assert last - first > 3
    assert all("rank feature relevance" in text for text in printed.texts[first:last])
    assert f"{len(printed.file)} of {len(printed.file)}" in printed.texts[-1]


def test_a_long_table_goes_on_under_its_heads_and_loses_no_row() -> None:
    printed = plain_page(lines(200))
    assert len(printed.file) > 2
    assert all(text.startswith("head0 head1") for text in printed.texts)
    assert re.findall(r"r(\d+)c0", printed.text) == [str(i) for i in range(200)]


@pytest.mark.parametrize("above", range(38, 50))
def test_a_heading_is_never_the_last_on_a_page(above: int) -> None:
    printed = plain_page("<p>above</p>" * above + "<h2>Heading</h2>" + lines(30))
    ((_, page),) = printed.outline
    assert "Heading head0 head1 r0c0 r0c1 r1c0" in printed.texts[page]


def test_the_same_page_gives_the_same_bytes() -> None:
    assert pdf_of("<title>t</title><body><h1>t</h1></body>") == pdf_of("<title>t</title><body><h1>t</h1></body>")


def test_very_long_names_and_letters_of_no_font_are_set() -> None:
    head = "".join(f"<th>{'long' * 1000}{k}</th>" for k in range(20))
    printed = plain_page(
        f"<h1>{'w' * 3000}</h1><p>\x00a\x07b \U0001f9ff \u202e 中文 かな 한글</p>"
        f'<table class="matrix"><thead><tr>{head}</tr></thead><tr>{"<td>1</td>" * 20}</tr></table>',
        title="x" * 4000,
    )
    assert "□a□b [U+1F9FF]" in printed.text
    assert printed.outline == [("w" * 3000, 0)]
    assert printed.text.startswith("w" * 20)
    assert "w…w" in printed.text.replace(" ", "")


def test_letters_from_right_to_left_stand_in_the_order_in_which_they_are_read() -> None:
    assert visual("אבג") == "גבא"
    assert visual("class אבג 12 דה (1)") == "class הד 12 גבא (1)"
    assert visual("אב (גד) 12.5") == "(דג) בא 12.5"
    assert visual("אב 12.5 גד") == "דג 12.5 בא"
    assert visual("אב abc 1 גד") == "בא abc 1 דג"
    assert visual("a [אב] b") == "a [בא] b"
    # beh, alef, beh: joined to what follows, to what was before (alef joins on to nothing), alone
    assert [unicodedata.name(letter).rsplit(" ", 2)[1:] for letter in reversed(visual("\u0628\u0627\u0628"))] == [
        ["INITIAL", "FORM"],
        ["FINAL", "FORM"],
        ["ISOLATED", "FORM"],
    ]


@given(st.text(st.sampled_from(HEBREW), max_size=30))
def test_a_line_in_one_direction_is_turned_as_a_whole(text: str) -> None:
    assert visual(text) == text[::-1]


@given(st.text(st.sampled_from(HEBREW + "abc 12.,()"), max_size=30))
def test_no_letter_is_lost_or_made_by_putting_them_in_order(text: str) -> None:
    unmirrored = str.maketrans(")", "(")
    assert sorted(visual(text).translate(unmirrored)) == sorted(text.translate(unmirrored))


@given(st.text(st.characters(codec="latin-1", categories=("L", "N", "P", "S")), max_size=40))
def test_what_is_set_is_what_was_given(text: str) -> None:
    make_ready()
    assert Paragraph(marked(text), style("p")).getPlainText() == text

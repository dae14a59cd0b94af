"""The help: its pages are whole and mention everything there is, and the window finds, shows and links them."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from engines import catalog
from workbench.desktop.actions import ACTIONS
from workbench.desktop.help_pages import (
    ACTION_TABLE,
    HOME,
    Pages,
    addressed,
    anchors,
    filled,
    links,
    plain,
    read_pages,
    resolve,
)
from workbench.desktop.help_places import PAGES, page_for
from workbench.desktop.help_window import HelpWindow
from workbench.desktop.theme import ThemeSwitch
from workbench.desktop.window import Window
from workbench.resources import resource_path, sample_projects
from workbench.views import VIEWS

Wait = Callable[[Callable[[], bool]], None]


@cache
def pages() -> Pages:
    return read_pages()


@pytest.fixture
def shown(window: Window, wait: Wait) -> HelpWindow:
    """The help window, opened at its contents."""
    window.shell.show_page(HOME)
    wait(lambda: window.shell.help is not None)
    assert window.shell.help is not None
    return window.shell.help


def source(shown: HelpWindow) -> str:
    return shown.browser.source().toString().removeprefix("help:/")


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)
def test_every_view_has_a_page_under_its_title_that_says_what_how_and_how_to_pick(view) -> None:
    page = f"views/{view.name}.md"
    assert pages().title(page) == view.title
    for part in ("**What it shows.**", "**How to read it.**", "**Picking.**"):
        assert part in pages().texts[page]
    assert page in {resolve(link.target, "views.md") for link in links(pages().texts["views.md"])}


@pytest.mark.parametrize("info", catalog(), ids=lambda info: info.name)
def test_every_engine_has_its_place_with_real_parameters_and_a_source(info) -> None:
    page = f"engines/{info.family}.md"
    part = next(part for part in pages().texts[page].split("\n## ") if part.startswith(f"{info.name}\n"))
    assert f"**{info.title}.**" in part
    named = {word for k, word in enumerate(part.split("`")) if k % 2}
    assert named <= {parameter.name for parameter in info.parameters}
    assert named or "parameters are those of" in part
    assert any(str(year) in part for year in range(1950, 2027))
    assert info.name in pages().texts["engines.md"]


def test_every_action_is_in_the_table_with_its_keys() -> None:
    assert ACTION_TABLE in pages().texts["keyboard.md"]
    text = filled(pages().texts["keyboard.md"], {"undo": "Ctrl+Shift+U"})
    for action in ACTIONS:
        assert f"| {action.text.rstrip('…')} | " in text
        assert action.tip in text
    assert "| Undo | Ctrl+Shift+U |" in text


def test_every_command_of_the_command_line_is_told() -> None:
    from workbench.cli import app

    for command in app.registered_commands:
        assert command.callback is not None
        assert f"| `{command.name or command.callback.__name__}" in pages().texts["command-line.md"]


@pytest.mark.parametrize("page", sorted(pages().texts))
def test_every_link_leads_somewhere_and_every_picture_is_there(page: str) -> None:
    for link in links(pages().texts[page]):
        target, _, fragment = link.target.partition("#")
        whole = resolve(target, page)
        if link.picture:
            assert whole in pages().pictures
            assert whole.replace(".png", "_dark.png") in pages().pictures
            assert link.words, "a picture needs words for those who do not see it"
        else:
            assert whole in pages().texts
            assert not fragment or fragment in anchors(pages().texts[whole])


def test_the_contents_list_every_page_once_under_its_title() -> None:
    listed = [entry.page for entry in pages().contents]
    assert sorted(listed) == sorted(page for page in pages().texts if page != HOME)
    assert all(entry.title == pages().title(entry.page) for entry in pages().contents)


def test_every_page_that_a_part_of_the_window_names_is_there() -> None:
    for page in [*PAGES.values(), "runs.md#the-inspector"]:
        name, _, fragment = page.partition("#")
        assert not fragment or fragment in anchors(pages().texts[name])


def test_the_help_travels_with_the_resources_that_are_packaged() -> None:
    import tomllib

    root = Path(__file__).parents[2]
    included = tomllib.loads((root / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert included["force-include"]["resources"] == "workbench/_data/resources"
    assert (resource_path("help") / HOME).is_file()


def test_a_search_finds_pages_with_all_words_and_titles_first() -> None:
    found = pages().search("relevance METRIC")
    assert found
    assert "relevance" in found[0].title.lower()
    for one in found:
        text = plain(pages().texts[one.page]).lower()
        assert "relevance" in text
        assert "metric" in text
    without = [page for page in pages().texts if page not in {one.page for one in found} and page != HOME]
    assert all(not {"relevance", "metric"} <= set(plain(pages().texts[p]).lower().split()) for p in without)
    assert pages().search("qqqq") == []
    assert pages().search(" ") == []


def test_links_become_whole_addresses_from_any_folder() -> None:
    text = "[a](../runs.md#x) ![b](../pictures/p.png) [c](som.md)"
    assert (
        addressed(text, "views/usage.md") == "[a](help:/runs.md#x) ![b](help:/pictures/p.png) [c](help:/views/som.md)"
    )


def test_a_page_is_turned_to_and_back_leads_back(shown: HelpWindow) -> None:
    shown.show_page("views.md")
    shown.browser.setSource(QUrl("help:/views/som.md"))
    assert shown.windowTitle().startswith("Map")
    assert shown.contents.currentItem().text(0) == "Map"
    shown.browser.backward()
    assert source(shown) == "views.md"
    assert shown.windowTitle().startswith("Views")


def test_a_heading_that_is_asked_for_comes_to_the_top(shown: HelpWindow) -> None:
    shown.show_page("engines/lvq.md#gmlvq")
    at = shown.browser.cursorForPosition(shown.browser.rect().topLeft()).block()
    seen = []
    while at.isValid() and len(seen) < 3:
        seen.append(at.text())
        at = at.next()
    assert "GMLVQ" in seen


def test_pictures_are_no_wider_than_the_page_and_dark_where_it_is_dark(
    shown: HelpWindow, window: Window, switch: ThemeSwitch
) -> None:
    shown.show_page("first-steps.md")

    def middle() -> QColor:
        picture = shown.browser._picture("pictures/welcome.png")
        assert picture is not None
        return picture.pixelColor(picture.width() // 2, picture.height() - 120)

    for width in (900, 640):
        shown.resize(width, 600)
        QApplication.processEvents()
        assert shown.browser.horizontalScrollBar().maximum() == 0
    switch.choose("dark")
    assert middle().lightness() < 60
    switch.choose("light")
    assert middle().lightness() > 200


def test_the_search_field_leads_to_a_page(shown: HelpWindow, qtbot: QtBot) -> None:
    qtbot.keyClicks(shown.search, "perplexity")
    assert shown.found.count() == 1
    qtbot.keyClick(shown.search, Qt.Key.Key_Return)
    assert source(shown) == "views/usage.md"
    assert shown.browser.textCursor().selectedText().lower() == "perplexity"
    shown.search.setText("qqqq")
    assert "No page" in shown.found.item(0).text()


def test_the_help_key_opens_the_page_about_where_the_focus_is(
    window: Window, wait: Wait, qtbot: QtBot, shown: HelpWindow
) -> None:
    window.projects.open_sample(sample_projects()["iris"])
    wait(lambda: window.session is not None)
    window.activateWindow()
    wait(window.isActiveWindow)
    window.tree.view.setFocus()
    qtbot.keyClick(window.tree.view, Qt.Key.Key_F1)
    assert source(shown) == "projects.md#the-project-panel"
    assert page_for(window.timeline.back) == "runs.md#the-timeline"
    for pane in window.views.panes:
        assert page_for(pane.plot) == f"views/{pane.view.name}.md"
    window.working.new_run()
    form = window.inspector.new_run
    form.engine.setCurrentIndex(form.engine.findData("NeuralGas"))
    assert page_for(form.engine) == "engines/map.md#neuralgas"
    assert page_for(None) == HOME


def test_the_help_key_acts_in_a_dialog_too(window: Window, wait: Wait, qtbot: QtBot, shown: HelpWindow) -> None:
    window.dialogs.import_data()
    dialog = window.dialogs.importing
    assert dialog is not None
    dialog.activateWindow()
    wait(dialog.isActiveWindow)
    qtbot.keyClick(dialog, Qt.Key.Key_F1)
    wait(lambda: source(shown) == "importing.md")
    dialog.reject()


def test_the_page_of_keys_follows_the_keys(shown: HelpWindow, window: Window) -> None:
    shown.show_page("keyboard.md")
    assert "F9" not in shown.browser.toPlainText()
    window.actions_by_name.set_shortcuts({"about": "Ctrl+F9"})
    shown.dress()
    assert "Ctrl+F9" in shown.browser.toPlainText()


def test_a_bar_in_keys_does_not_break_the_table() -> None:
    text = filled(ACTION_TABLE, {ACTIONS[0].name: "Ctrl+|"})
    assert "Ctrl+\\|" in text

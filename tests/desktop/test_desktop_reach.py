"""Every control of every screen has a name that can be spoken, and the Tab key comes to it and goes on from it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSlider,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QDialog,
    QFileDialog,
    QGraphicsView,
    QLineEdit,
    QPlainTextEdit,
    QRadioButton,
    QScrollBar,
    QTabBar,
    QTextBrowser,
    QTextEdit,
    QWidget,
)
from pytestqt.qtbot import QtBot

from workbench.data import guess
from workbench.desktop.closing import ClosingDialog
from workbench.desktop.crash_dialog import CrashDialog
from workbench.desktop.crashes import Crash
from workbench.desktop.window import Window
from workbench.project.lock import FileLock
from workbench.resources import sample_projects
from workbench.session import Dataset, Run, Session
from workbench.session.selection import RowMask

Wait = Callable[[Callable[[], bool]], None]

CONTROLS = (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSlider,
    QAbstractSpinBox,
    QComboBox,
    QGraphicsView,
    QLineEdit,
    QPlainTextEdit,
    QTabBar,
    QTextEdit,
)
MOST_STEPS = 400
MOST_LINKS = 60
"""Of a page of the help, each of which Tab comes to before it goes on."""


def controls(screen: QWidget) -> list[QWidget]:
    """What can be worked with; parts that Qt makes inside of controls belong to those."""
    found = [widget for widget in screen.findChildren(QWidget) if isinstance(widget, CONTROLS)]
    return [
        widget
        for widget in found
        if widget.isVisible() and widget.isEnabled() and widget.window() is screen.window() and not is_inner(widget)
    ]


def is_inner(widget: QWidget) -> bool:
    inner_name = widget.objectName().startswith(("qt_", "ScrollLeftButton", "ScrollRightButton"))
    inside = isinstance(widget.parentWidget(), QComboBox | QAbstractSpinBox | QLineEdit | QTabBar)
    header = isinstance(widget.parentWidget(), QAbstractItemView) and not widget.focusPolicy()
    return inner_name or inside or header or isinstance(widget, QScrollBar)


def name_of(widget: QWidget) -> str:
    words = widget.accessibleName()
    return words or (widget.text() if isinstance(widget, QAbstractButton) else "")


def told(widget: QWidget) -> str:
    where: list[str] = []
    at: QWidget | None = widget
    while at is not None:
        where.append(f"{type(at).__name__} {name_of(at)!r}")
        at = at.parentWidget()
    return " in ".join(where[:4])


def walk(screen: QWidget) -> set[QWidget]:
    """What Tab comes to in a window, from where the focus is, until it comes back."""
    ready = [widget for widget in controls(screen) if widget.focusPolicy() & Qt.FocusPolicy.TabFocus]
    assert ready, f"nothing in {told(screen)} takes the focus"
    ready[0].setFocus(Qt.FocusReason.TabFocusReason)
    at = screen.focusWidget()
    visited = {at}
    for _ in range(MOST_STEPS):
        within = MOST_LINKS if isinstance(at, QTextBrowser) else 1
        for _ in range(within):
            QTest.keyClick(at, Qt.Key.Key_Tab)
            if screen.focusWidget() is not at:
                break
        now = screen.focusWidget()
        assert now is not at or len(ready) == 1, f"Tab does not leave {told(at)}"
        if now in visited:
            return visited
        visited.add(now)
        at = now
    raise AssertionError(f"{MOST_STEPS} steps are not enough for {told(screen)}")


def reached(widget: QWidget, visited: set[QWidget]) -> bool:
    """Whether Tab came to a control, to what has its focus, or to the one of its group that arrow keys move from."""
    proxy = widget.focusProxy()
    if widget in visited or (proxy is not None and proxy in visited):
        return True
    if any(widget.isAncestorOf(other) for other in visited):
        return True
    if isinstance(widget, QAbstractButton):
        group = widget.group()
        mates = group.buttons() if group is not None and group.exclusive() else []
        if isinstance(widget, QRadioButton):
            mates = widget.parentWidget().findChildren(QRadioButton)
        return any(mate in visited for mate in mates)
    return False


def look_over(screen: QWidget) -> int:
    """Fail for a control without a name, or one that Tab does not come to; gives how many there are."""
    found = controls(screen)
    nameless = [told(widget) for widget in found if not name_of(widget).strip()]
    assert not nameless, nameless
    visited = walk(screen)
    missed = [told(widget) for widget in found if not reached(widget, visited)]
    assert not missed, missed
    return len(found)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with pictures, labelled rows, and work of every kind on them."""
    folder = tmp_path_factory.mktemp("reach")
    rng = np.random.default_rng(0)
    kinds = np.repeat(["aster", "briar", "clover"], 20)
    rows = [f"{k},{a:.3f},{b:.3f},{c:.3f}" for k, (a, b, c) in zip(kinds, rng.random((60, 3)), strict=True)]
    (folder / "flowers.csv").write_text("\n".join(["kind,length,width,height", *rows]))
    np.savez(folder / "pictures.npz", X=rng.integers(0, 255, (60, 8, 8), dtype=np.uint8), y=np.arange(60) % 3)
    with Session.create(folder / "reach.vqw") as session:
        flowers = session.import_data(guess([folder / "flowers.csv"])).result()
        pictures = session.import_data(guess([folder / "pictures.npz"])).result()
        for data, engine, parameters in (
            (flowers, "GMLVQ", {"max_iter": 3}),
            (flowers, "LGMLVQ", {"max_iter": 3}),
            (flowers, "SOM", {"shape": [3, 3], "max_iter": 3}),
            (flowers, "GaussianMixture", {"n_components": 2, "max_iter": 3}),
            (pictures, "KMeans", {"n_clusters": 4, "max_iter": 3}),
            (pictures, "ProductQuantizer", {"n_subspaces": 2, "n_bits": 2}),
        ):
            session.add_run(data, engine, parameters).wait(120)
        session.add_sweep(flowers, "KMeans", (2, 3), {"max_iter": 3}).wait(120)
        session.add_search(flowers, "GLVQ", {"max_iter": [2, 3]}, folds=2).wait(120)
    return folder / "reach.vqw"


@pytest.fixture
def work(made: Path, window: Window, tmp_path: Path, wait: Wait) -> Session:
    window.projects.open(Path(shutil.copy(made, tmp_path)))
    wait(lambda: window.session is not None and window.live.shown is not None)
    assert window.session is not None
    return window.session


def show(window: Window, name: str, wait: Wait) -> None:
    """Bring a view to the front, and wait until it is drawn."""
    window.views.show_view(name)
    pane = next(pane for pane in window.views.panes if pane.view.name == name)
    wait(lambda: pane.isVisible() and pane.shown is not None and not pane.message)


def test_every_control_of_the_first_screen(window: Window, wait: Wait) -> None:
    wait(lambda: window.welcome.isVisible())
    assert look_over(window) >= 5


def test_every_control_of_every_view_of_data_and_of_runs(window: Window, work: Session, wait: Wait) -> None:
    seen: set[str] = set()
    things: list[Dataset | Run] = [*work.datasets.values(), *work.runs.values()]
    for thing in reversed(things):
        window.tree.select(thing)
        wait(lambda thing=thing: window.live.shown is thing)  # type: ignore[misc]
        wait(lambda: window.views.front is not None and window.views.front.shown is not None)
        for name in sorted(window.live.looker.fitting - seen):
            seen.add(name)
            show(window, name, wait)
            look_over(window)
    assert {"prototypes", "projection", "som", "relevance", "mixture", "label_desk", "reject", "table"} <= seen


def test_every_control_of_sweeps_and_searches(window: Window, work: Session, wait: Wait) -> None:
    for study in (*work.sweeps.values(), *work.searches.values()):
        window.tree.select(study)
        wait(lambda study=study: window.study is study)  # type: ignore[misc]
        assert look_over(window) > 10


@pytest.mark.parametrize(
    "action",
    [
        "import",
        "sweep",
        "search",
        "stability",
        "apply",
        "derive",
        "start_from",
        "merge_project",
        "settings",
        "about",
        "export_figure",
        "new_run",
        "help",
        "palette",
    ],
)
def test_every_control_of_what_an_action_opens(
    action: str, window: Window, work: Session, wait: Wait, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = str(shutil.copy(sample_projects()["iris"], tmp_path))
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (other, ""))
    run = next(iter(work.runs.values()))
    window.tree.select(run)
    wait(lambda: window.live.shown is run and window.actions_by_name.by_name[action].isEnabled())
    show(window, "prototypes", wait)
    before = set(QApplication.topLevelWidgets())
    window.actions_by_name.by_name[action].trigger()
    if action == "new_run":
        wait(lambda: window.inspector.new_run.ready)
        assert look_over(window) > 10
        return

    def opened() -> list[QWidget]:
        return [w for w in QApplication.topLevelWidgets() if w not in before and w.isVisible() and w is not window]

    wait(lambda: bool(opened()))
    wait(lambda: window.dialogs.merging is None or window.dialogs.merging.start.isEnabled())
    for screen in opened():
        for tabs in [screen, *screen.findChildren(QTabBar)]:
            for k in range(tabs.count() if isinstance(tabs, QTabBar) else 1):
                if isinstance(tabs, QTabBar):
                    tabs.setCurrentIndex(k)
                assert look_over(screen) >= 1
        screen.close()
    wait(lambda: not opened())


@pytest.mark.parametrize("action", ["edit_split", "edit_merge_close", "edit_relabel", "name_subset"])
def test_every_control_of_what_is_asked(action: str, window: Window, work: Session, wait: Wait) -> None:
    run = next(iter(work.runs.values()))
    window.tree.select(run)
    wait(lambda: window.live.scene is not None and window.live.shown is run)
    work.selection.pick_prototypes(run.id, [0])
    work.selection.pick_rows(run.dataset.id, RowMask.of_rows([1, 2], run.dataset.n_rows))
    wait(lambda: window.actions_by_name.by_name[action].isEnabled())
    window.actions_by_name.by_name[action].trigger()
    wait(lambda: any(dialog.isVisible() for dialog in window.findChildren(QDialog)))
    dialog = next(dialog for dialog in window.findChildren(QDialog) if dialog.isVisible())
    assert look_over(dialog) >= 2
    dialog.reject()


def test_every_control_of_what_is_asked_before_closing(window: Window) -> None:
    dialog = ClosingDialog(["Training of groups"], window)
    dialog.open()
    assert look_over(dialog) == 3
    dialog.reject()


def test_every_control_of_the_report_of_a_crash(window: Window, tmp_path: Path) -> None:
    file = tmp_path / "alive" / "1.json"
    file.parent.mkdir()
    file.touch()
    crash = Crash(file, {"version": "1"}, (tmp_path / "study.vqw",), "Fatal Python error: Aborted", FileLock(file))
    dialog = CrashDialog([crash], window)
    dialog.open()
    assert look_over(dialog) >= 5  # the project, the report, to delete it, to copy it, to close
    dialog.reject()


def test_every_control_of_every_step_of_the_tour(window: Window) -> None:
    window.shell.show_tour()
    tour = window.shell.tour
    assert tour is not None
    for step in range(5):
        tour.go(step)
        assert look_over(tour) >= 2
    tour.end()


def test_a_control_without_a_name_and_one_out_of_reach_are_found(qtbot: QtBot) -> None:
    from PySide6.QtWidgets import QPushButton, QVBoxLayout

    page = QWidget()
    qtbot.addWidget(page)
    layout = QVBoxLayout(page)
    for words in ("one", "two"):
        layout.addWidget(QPushButton(words))
    page.show()
    assert look_over(page) == 2
    nameless = QPushButton()
    layout.addWidget(nameless)
    nameless.show()
    with pytest.raises(AssertionError, match="QPushButton ''"):
        look_over(page)
    nameless.setText("three")
    nameless.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
    with pytest.raises(AssertionError, match="three"):
        look_over(page)
    trap = QPlainTextEdit()
    trap.setAccessibleName("note")
    layout.addWidget(trap)
    trap.show()
    with QSignalBlocker(trap), pytest.raises(AssertionError, match="Tab does not leave"):
        look_over(page)

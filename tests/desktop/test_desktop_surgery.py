"""Prototypes edited in the window: previewed, made, undone, trained on; runs branched from a recorded moment."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtWidgets import QInputDialog, QLabel, QMessageBox

from engines import surgery
from workbench.data import guess
from workbench.desktop.surgery import TITLES, effect_words
from workbench.desktop.window import Window
from workbench.session import Run, Session
from workbench.views.picking import Pick

Wait = Callable[[Callable[[], bool]], None]


@pytest.fixture
def session(window: Window, flowers: Path, tmp_path: Path, wait: Wait) -> Session:
    window.projects.create(tmp_path / "study.vqw")
    wait(lambda: window.session is not None)
    session = window.session
    assert session is not None
    session.import_data(guess(flowers))
    wait(lambda: len(session.datasets) == 1)
    return session


def shown(window: Window, session: Session, wait: Wait, engine: str, **parameters: object) -> Run:
    """A finished run, chosen in the tree, whose prototypes can be picked."""
    run = session.add_run(next(iter(session.datasets.values())), engine, parameters)
    wait(lambda: run.status == "finished" and run.id in [thing.id for thing in window.tree.things()])
    window.tree.select(run)
    wait(lambda: window.live.run is run)
    window.views.show_view("prototypes")
    drawn(window, run, wait)
    return run


def drawn(window: Window, run: Run, wait: Wait) -> None:
    """Wait until the gallery shows the run as it stands."""
    pane = next(pane for pane in window.views.panes if pane.view.name == "prototypes")
    wait(lambda: pane.shown is not None and (pane.shown.shown, pane.shown.sequence) == (run.id, run.sequence))


def pick(window: Window, wait: Wait, *which: int) -> None:
    window.picking.pick(Pick(prototypes=which))
    wait(lambda: window.picking.prototypes == tuple(sorted(which)))


def act(window: Window, wait: Wait, name: str) -> None:
    action = window.actions_by_name.by_name[name]
    wait(action.isEnabled)
    action.trigger()


def agree(window: Window, wait: Wait) -> str:
    """Say yes to the question; gives what it told."""
    wait(lambda: isinstance(window.surgery.dialog, QMessageBox))
    box = window.surgery.dialog
    assert isinstance(box, QMessageBox)
    told = box.informativeText()
    box.button(QMessageBox.StandardButton.Ok).click()
    return told


def test_two_prototypes_are_merged_undone_and_trained_on(window: Window, session: Session, wait: Wait) -> None:
    run = shown(window, session, wait, "KMeans", n_clusters=6, random_state=0)
    pick(window, wait, 1, 4)
    act(window, wait, "edit_merge")
    X = run.dataset.rows("train").read(0, 120)
    expected = surgery.merge(surgery.going_on(run.model()), [1, 4])
    effect = surgery.effect(run.model(), expected, X)
    assert agree(window, wait) == effect_words(effect)
    wait(lambda: len(session.runs) == 2)
    made = list(session.runs.values())[-1]
    wait(lambda: window.live.run is made)
    drawn(window, made, wait)
    np.testing.assert_array_equal(made.model().prototypes_, expected.prototypes_)
    assert len(run.model().prototypes_) == 6
    sentence = made.editions[-1].sentence
    wait(lambda: sentence in [label.text() for label in window.inspector.findChildren(QLabel)])

    pick(window, wait, 0)
    act(window, wait, "edit_delete")
    agree(window, wait)
    wait(lambda: made.edition == 2)
    assert len(session.runs) == 2  # another edition of the same branch
    act(window, wait, "resume")
    wait(lambda: made.status == "finished")
    assert len(made.model().prototypes_) == 4
    session.undo()
    session.undo()
    wait(lambda: len(session.runs) == 1)


def test_a_pinned_prototype_stays_where_it_is(window: Window, session: Session, wait: Wait) -> None:
    run = shown(window, session, wait, "GLVQ", prototypes_per_class=2, max_iter=2, random_state=0)
    pick(window, wait, 3)
    act(window, wait, "edit_pin")
    agree(window, wait)
    wait(lambda: len(session.runs) == 2)
    made = list(session.runs.values())[-1]
    wait(lambda: window.live.run is made)
    act(window, wait, "resume")
    wait(lambda: made.status == "finished")
    before, after = run.model().prototypes_, made.model().prototypes_
    np.testing.assert_array_equal(after[3], before[3])
    assert not np.array_equal(after[0], before[0])


def test_a_question_that_is_refused_changes_nothing(window: Window, session: Session, wait: Wait) -> None:
    shown(window, session, wait, "KMeans", n_clusters=4, random_state=0)
    pick(window, wait, 2)
    act(window, wait, "edit_split")
    wait(lambda: isinstance(window.surgery.dialog, QMessageBox))
    dialog = window.surgery.dialog
    assert dialog is not None
    dialog.reject()
    wait(lambda: window.surgery.dialog is None)
    assert len(session.runs) == 1


def test_a_prototype_is_added_at_the_picked_rows_and_relabelled(window: Window, session: Session, wait: Wait) -> None:
    run = shown(window, session, wait, "GLVQ", prototypes_per_class=1, max_iter=3, random_state=0)
    window.picking.pick(Pick(rows=(0, 1, 2, 3)))
    wait(lambda: bool(window.picking.words))
    act(window, wait, "edit_add")
    agree(window, wait)
    wait(lambda: len(session.runs) == 2)
    made = list(session.runs.values())[-1]
    wait(lambda: window.live.run is made)
    mean = run.dataset.rows("train").read(0, 4).mean(axis=0)
    np.testing.assert_allclose(made.model().prototypes_[1], mean, rtol=1e-6)
    drawn(window, made, wait)
    pick(window, wait, 1)
    act(window, wait, "edit_relabel")
    wait(lambda: isinstance(window.surgery.dialog, QInputDialog))
    dialog = window.surgery.dialog
    assert isinstance(dialog, QInputDialog)
    dialog.setTextValue("clover")
    dialog.accept()
    agree(window, wait)
    wait(lambda: made.edition == 2)
    assert made.model().prototype_labels_.tolist() == ["aster", "briar", "clover", "clover"]


def test_what_an_engine_does_not_allow_is_not_offered(window: Window, session: Session, wait: Wait) -> None:
    shown(window, session, wait, "GaussianMixture", n_components=3, max_iter=2, random_state=0)
    pick(window, wait, 1, 2)
    window._update_facts()
    assert not window.actions_by_name.by_name["edit_merge"].isEnabled()
    assert window.actions_by_name.by_name["branch"].isEnabled()


def test_an_edited_map_goes_on_as_kmeans_which_is_said_and_shown(window: Window, session: Session, wait: Wait) -> None:
    run = shown(window, session, wait, "SOM", shape=[3, 3], max_iter=2, random_state=0)
    window.views.show_view("som")
    pick(window, wait, 1, 2)
    act(window, wait, "edit_merge")
    told = agree(window, wait)
    assert "9 prototypes become 8" in told
    assert "the branch is of KMeans" in told
    wait(lambda: window.live.run is not None and window.live.run is not run)
    assert window.live.run is not None
    assert window.live.run.engine.name == "KMeans"
    assert len(window.live.run.model().prototypes_) == 8
    wait(lambda: window.views.front is not None and window.views.front.view.name == "prototypes")
    assert run.engine.name == "SOM"


def test_a_run_is_branched_from_the_moment_that_is_shown(window: Window, session: Session, wait: Wait) -> None:
    run = shown(window, session, wait, "GLVQ", max_iter=6, random_state=0)
    early = run.snapshots()[1]
    window.live.pin(early)
    act(window, wait, "branch")
    wait(lambda: len(session.runs) == 2)
    made = list(session.runs.values())[-1]
    wait(lambda: window.live.run is made)
    assert made.latest is not None
    np.testing.assert_array_equal(made.latest.arrays["prototypes"], early.arrays["prototypes"])
    assert made.facts.branched_from == {"run": run.id, "iteration": early.iteration}


def test_every_edit_has_a_title_and_an_action(window: Window) -> None:
    assert {f"edit_{name}" for name in TITLES} <= set(window.actions_by_name.by_name)

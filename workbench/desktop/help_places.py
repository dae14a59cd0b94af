"""Which page of the help is about which part of the window."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from engines import engine_info
from workbench.desktop.apply_dialog import ApplyDialog
from workbench.desktop.derive_dialog import DeriveDialog
from workbench.desktop.help_pages import HOME
from workbench.desktop.import_dialog import ImportDialog
from workbench.desktop.inspector import Inspector
from workbench.desktop.merge_dialog import MergeDialog
from workbench.desktop.project_tree import ProjectTree
from workbench.desktop.recovery import DamagedDialog, InterruptedDialog
from workbench.desktop.settings_dialog import SettingsDialog
from workbench.desktop.stability_dialog import StabilityDialog
from workbench.desktop.start_dialog import StartDialog
from workbench.desktop.status import StatusBar
from workbench.desktop.sweep_dialog import SweepDialog
from workbench.desktop.sweep_page import SweepPage
from workbench.desktop.task_dialog import TaskDialog
from workbench.desktop.timeline import Timeline
from workbench.desktop.view_area import ViewArea, ViewPane
from workbench.desktop.welcome import Welcome

PAGES: dict[type[QWidget], str] = {
    Welcome: "first-steps.md",
    ProjectTree: "projects.md#the-project-panel",
    Timeline: "runs.md#the-timeline",
    StatusBar: "runs.md#the-status-bar",
    SweepPage: "sweeps.md",
    SweepDialog: "sweeps.md",
    StabilityDialog: "views/stability.md",
    ImportDialog: "importing.md",
    ApplyDialog: "runs.md#new-data",
    StartDialog: "runs.md#from-a-file",
    DeriveDialog: "importing.md#a-dataset-of-another-one",
    MergeDialog: "projects.md#another-project",
    SettingsDialog: "settings.md",
    TaskDialog: "projects.md#care-of-the-file",
    DamagedDialog: "projects.md#a-damaged-file",
    InterruptedDialog: "projects.md#what-can-happen-and-what-is-lost",
}


def page_for(widget: QWidget | None) -> str:
    """The page about `widget`, or about the nearest part around it that has one; else the contents."""
    while widget is not None:
        if isinstance(widget, ViewPane):
            return f"views/{widget.view.name}.md"
        if isinstance(widget, ViewArea) and widget.front is not None:
            return f"views/{widget.front.view.name}.md"
        if isinstance(widget, Inspector):
            return _about_inspector(widget)
        if type(widget) in PAGES:
            return PAGES[type(widget)]
        widget = widget.parentWidget()
    return HOME


def _about_inspector(inspector: Inspector) -> str:
    """Of the engine that is set up, or of what the inspector tells."""
    name = inspector.new_run.engine.currentData() if inspector.is_preparing else None
    return f"engines/{engine_info(name).family}.md#{name.lower()}" if name else "runs.md#the-inspector"

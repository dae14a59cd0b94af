"""The one table of actions: each becomes menu entry, shortcut, toolbar button and row of the command palette."""

# ruff: noqa: E501 (the table reads best with one action a line)

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QMainWindow, QMenu, QToolBar, QWidget

from workbench.desktop import icons
from workbench.reports import EXPORTS

PROJECT = frozenset({"project"})
WRITE = frozenset({"project", "writable"})
RUN = frozenset({"project", "run"})
MODEL = frozenset({"project", "run", "model"})
EDIT = WRITE | {"run", "model", "operable"}


@dataclass(frozen=True)
class Action:
    """One thing a person can do.

    Attributes
    ----------
    name : str
        By which the window's handler is found.
    menu : str
        Menu path such as `File` or `File/Export`.
    needs : frozenset of str
        Facts that must hold for the action to be possible; see `Actions.update`.
    toolbar : int
        Toolbar group, 0 for none.
    choice : str
        Actions with the same word here are alternatives, one of them ticked.
    separated : bool
        Whether a line goes above it in its menu.
    """

    name: str
    text: str
    tip: str
    menu: str
    icon: str = ""
    shortcut: str = ""
    needs: frozenset[str] = frozenset()
    toolbar: int = 0
    checkable: bool = False
    choice: str = ""
    separated: bool = False


_OWN = (
    Action("new", "New project…", "Make an empty project file", "File", "new", "Ctrl+N"),
    Action("open", "Open project…", "Open a project file", "File", "open", "Ctrl+O"),
    Action("forget_recent", "Clear list", "Forget the projects that were opened before; the files stay", "File/Open recent", "forget_recent", separated=True),
    Action("import", "Import data…", "Bring a data file into the project", "File", "import", "Ctrl+I", WRITE, 1, separated=True),
    Action("paste_table", "Paste table…", "Bring the table on the clipboard into the project", "File", "paste_table", "Ctrl+Shift+V", WRITE),
    Action("derive", "Make a dataset…", "Make another dataset of the selected one: rows chosen, drawn or added, columns left out", "File", "derive", "Ctrl+D", WRITE | {"dataset"}),
    Action("merge_project", "Merge project…", "Bring datasets and runs of another project into this one", "File", "merge_project", "", WRITE),
    Action("save_as", "Save project as…", "Write a copy of the project and go on in it", "File", "save", "Ctrl+Shift+S", PROJECT),
    Action("bring_back", "Bring back now", "Bring the working copy to the network or synced folder where the project belongs", "File", "bring_back", "", WRITE | {"copied"}),
    Action("verify", "Verify project", "Read every byte of the project and compare it with its hash", "File", "verify", "", PROJECT, separated=True),
    Action("compact", "Compact project", "Write the project file anew without its gaps", "File", "compact", "", WRITE),
    Action("close", "Close project", "Go back to the welcome page", "File", "close", "Ctrl+W", PROJECT, separated=True),
    Action("quit", "Quit", "Close the window", "File", "quit", "Ctrl+Q"),
    Action("undo", "Undo", "Take the last change back", "Edit", "undo", "Ctrl+Z", WRITE | {"undo"}, 2),
    Action("redo", "Redo", "Do again what was taken back", "Edit", "redo", "Ctrl+Shift+Z", WRITE | {"redo"}, 2),
    Action("copy", "Copy", "Copy the selected cells or facts, or the picture of the view", "Edit", "copy", "Ctrl+C", PROJECT, separated=True),
    Action("copy_numbers", "Copy numbers", "Copy the numbers that the view shows, for a spreadsheet", "Edit", "copy_numbers", "Ctrl+Shift+C", PROJECT),
    Action("rename", "Rename…", "Give the selected dataset or run another name", "Edit", "rename", "F2", WRITE | {"item"}, separated=True),
    Action("delete", "Delete", "Remove the selected dataset or run; undo brings it back", "Edit", "delete", "Del", WRITE | {"item"}),
    Action("pick_all", "Pick all rows", "Pick every row of the data that are shown", "Edit", "pick_all", "Ctrl+A", PROJECT, separated=True),
    Action("pick_none", "Pick nothing", "Let go of all picked rows, prototypes and features", "Edit", "pick_none", "Esc", PROJECT),
    Action("pick_invert", "Invert the picked rows", "Pick the rows that are not picked", "Edit", "pick_invert", "Ctrl+Shift+I", PROJECT),
    Action("name_subset", "Name the picked rows…", "Keep the picked rows as a subset with a name", "Edit", "subset", "Ctrl+G", WRITE | {"picked"}),
    Action("subset_or", "Add the subset to the picked rows", "Pick the rows of the selected subset too", "Edit/Combine", "subset_or", "", PROJECT | {"subset"}),
    Action("subset_and", "Narrow the picked rows to the subset", "Keep of the picked rows those of the selected subset", "Edit/Combine", "subset_and", "", PROJECT | {"subset"}),
    Action("subset_not", "Take the subset out of the picked rows", "Let go of the rows of the selected subset", "Edit/Combine", "subset_not", "", PROJECT | {"subset"}),
    Action("settings", "Settings…", "Looks, behaviour and keyboard shortcuts", "Edit", "settings", "Ctrl+,", separated=True),
    Action("edit_merge", "Merge prototypes…", "Put the picked prototypes together as one, at the mean of their rows", "Prototypes", "merge", "Ctrl+M", EDIT | {"two prototypes"}),
    Action("edit_split", "Split prototype…", "Put two prototypes in the place of the picked one, along the main axis of its rows", "Prototypes", "split", "", EDIT | {"one prototype"}),
    Action("edit_delete", "Delete prototypes…", "Take the picked prototypes away", "Prototypes", "edit_delete", "", EDIT | {"a prototype"}),
    Action("edit_add", "Add prototype at the picked rows…", "Put a new prototype at the mean of the picked rows", "Prototypes", "edit_add", "", EDIT | {"picked"}),
    Action("edit_relabel", "Relabel prototype…", "Give the picked prototype another class", "Prototypes", "edit_relabel", "", EDIT | {"one prototype", "labelled prototypes"}),
    Action("edit_pin", "Pin prototypes…", "Let training leave the picked prototypes where they are", "Prototypes", "pin", "", EDIT | {"a prototype"}, separated=True),
    Action("edit_unpin", "Unpin prototypes…", "Let training move the picked prototypes again", "Prototypes", "edit_unpin", "", EDIT | {"a prototype"}),
    Action("edit_prune", "Prune useless prototypes…", "Take away every prototype without which the error is no higher", "Prototypes", "prune", "", EDIT, separated=True),
    Action("edit_merge_close", "Merge close prototypes…", "Merge prototypes of one class that lie within a distance", "Prototypes", "edit_merge_close", "", EDIT),
    Action("branch", "Branch from here", "Make a run that goes on from the moment that is shown", "Run", "branch", "Ctrl+B", WRITE | {"run", "model"}),
    Action("new_run", "New run…", "Choose an engine and its parameters for the selected dataset", "Run", "train", "Ctrl+R", WRITE | {"dataset"}, 1),
    Action("start_from", "Start from a file…", "Go on from a model or a codebook in a file, with the selected dataset", "Run", "start_from", "Ctrl+L", WRITE | {"dataset"}),
    Action("sweep", "How many?…", "Try several numbers of prototypes on the selected dataset and recommend one", "Run", "sweep", "Ctrl+Shift+R", WRITE | {"dataset"}, 1),
    Action("search", "Search parameters…", "Try sets of parameters on the selected dataset, judged by cross-validation", "Run", "tuning", "Ctrl+Alt+R", WRITE | {"dataset"}, 1),
    Action("stability", "Stability…", "Learn the metric of the selected run again and again, to tell how far to trust it", "Run", "stability", "", WRITE | {"metric"}),
    Action("show_test", "Show the test part…", "Show figures of the test part, from now on; reports tell when it was first looked at", "Run", "show_test", "", WRITE | {"sealed"}),
    Action("apply", "Apply to new data…", "Write what the selected run makes of the rows of another file", "Run", "apply", "Ctrl+Shift+Return", MODEL),
    Action("start", "Start training", "Start the run set up in the inspector", "Run", "play", "Ctrl+Return", WRITE | {"prepared"}, 3, separated=True),
    Action("pause", "Pause", "Stop after this step, ready to go on", "Run", "pause", "F6", RUN | {"running"}, 3),
    Action("step", "Single step", "Do one step and pause", "Run", "step", "F7", RUN | {"active"}, 3),
    Action("resume", "Resume", "Go on with the selected run, sweep or search", "Run", "resume", "F5", PROJECT | {"resumable"}, 3),
    Action("stop", "Stop", "End the run, sweep or search and keep what it learned; one that waits is taken out of the queue", "Run", "stop", "Shift+F5", PROJECT | {"active"}, 3),
    Action("hasten", "Run next", "Let the selected run, sweep or search be the next in the queue", "Run", "queue", "", WRITE | {"waiting"}),
    Action("notify", "Tell me when it ends", "A message at the end of work that took a while, if this window is not the active one", "Run", "notify", "", separated=True, checkable=True),
    Action("view_beside", "Split view to the right", "Put the view in front beside the others", "View", "beside", "Ctrl+\\", PROJECT),
    Action("view_float", "Float view", "Give the view in front a window of its own", "View", "float", "Ctrl+Shift+F", PROJECT),
    Action("view_reset", "Reset layout", "Put all panels and views back", "View", "view_reset", "", PROJECT),
    Action("panel_left", "Project panel", "Show or hide datasets and runs", "View", "left", "Ctrl+Alt+1", PROJECT, 0, True, separated=True),
    Action("panel_right", "Inspector", "Show or hide the inspector", "View", "right", "Ctrl+Alt+2", PROJECT, 0, True),
    Action("panel_bottom", "Timeline", "Show or hide the cost curve", "View", "bottom", "Ctrl+Alt+3", PROJECT, 0, True),
    Action("theme_system", "Like the system", "Light or dark as the system says", "View/Theme", "system", "", choice="theme", checkable=True),
    Action("theme_light", "Light", "Light colours", "View/Theme", "light", "", choice="theme", checkable=True),
    Action("theme_dark", "Dark", "Dark colours", "View/Theme", "dark", "", choice="theme", checkable=True),
    Action("help", "Help", "The page about where you are", "Help", "help", "F1"),
    Action("palette", "Search actions…", "Find anything by typing", "Help", "search", "Ctrl+K", toolbar=5),
    Action("tour", "Tour", "What is where in the window, in a minute", "Help", "tour", ""),
    Action("about", "About VQ Workbench", "Versions and licence", "Help", "info", "", separated=True),
)  # fmt: skip


def _export_icon(name: str) -> str:
    return "pictures" if name == "views" else name if icons.exists(name) else "export"


ACTIONS = (
    *_OWN[:9],
    *(
        Action(
            f"export_{export.name}",
            f"{export.title}…",
            export.summary,
            "File/Export",
            _export_icon(export.name),
            "Ctrl+E" if export.name == "report" else "",
            MODEL | {f"export {export.name}"},
        )
        for export in EXPORTS
    ),
    Action(
        "export_figure",
        "Figure of the view…",
        "The view in front at a chosen size, as PDF, SVG or PNG",
        "File/Export",
        "figure",
        "Ctrl+Shift+E",
        MODEL,
        separated=True,
    ),
    Action(
        "export_page",
        "Page of what is shown…",
        "What the sweep, search, comparison or stability in front tells, as a web page, a PDF or a picture",
        "File/Export",
        "sweep_page",
        "",
        frozenset({"project", "page"}),
    ),
    Action(
        "export_pair",
        "Report of both runs…",
        "One report of the two runs that the comparison lays side by side",
        "File/Export",
        "reports",
        "",
        MODEL | {"pair"},
    ),
    Action(
        "export_script",
        "Python script…",
        "Code that learns the selected run again from the data, or all that the project holds",
        "File/Export",
        "script",
        "",
        frozenset({"project", "dataset"}),
    ),
    *_OWN[9:],
)
"""Every action, in the order of the menus; the exports come from their own catalog."""

MENUS = ("File", "Edit", "Prototypes", "Run", "View", "Help")


class Actions(QObject):
    """The table made real on one window.

    Attributes
    ----------
    by_name : dict of str to QAction
    menus : dict of str to QMenu
        By path.
    """

    def __init__(self, window: QMainWindow, handlers: Mapping[str, Callable[[], object]]) -> None:
        super().__init__(window)
        self._window = window
        self.menus: dict[str, QMenu] = {}
        self.by_name: dict[str, QAction] = {}
        self._needs = {action.name: action.needs for action in ACTIONS}
        groups: dict[str, QActionGroup] = {}
        for title in MENUS:
            self.menus[title] = window.menuBar().addMenu(f"&{title}")
        for action in ACTIONS:
            made = self._make(action, handlers[action.name])
            menu = self._menu(action.menu)
            if action.separated:
                menu.addSeparator()
            menu.addAction(made)
            if action.choice:
                groups.setdefault(action.choice, QActionGroup(self)).addAction(made)

    def update(self, facts: frozenset[str]) -> None:
        """Enable what `facts` make possible."""
        for name, action in self.by_name.items():
            action.setEnabled(self._needs[name] <= facts)

    def set_shortcuts(self, chosen: Mapping[str, str]) -> None:
        """Give the actions in `chosen` these keys, "" for none, and all others their usual ones."""
        for action in ACTIONS:
            self._give_keys(action, chosen.get(action.name, action.shortcut))

    def fill(self, toolbar: QToolBar, groups: tuple[int, ...]) -> None:
        """Put the actions of the toolbar groups on `toolbar`, a line between groups."""
        for k, group in enumerate(groups):
            if k:
                toolbar.addSeparator()
            for action in ACTIONS:
                if action.toolbar == group:
                    toolbar.addAction(self.by_name[action.name])
                    button = toolbar.widgetForAction(self.by_name[action.name])
                    _describe(button, action)

    def in_toolbar(self, groups: tuple[int, ...]) -> list[str]:
        """Names of the actions of these toolbar groups."""
        return [action.name for action in ACTIONS if action.toolbar in groups]

    def _make(self, action: Action, handler: Callable[[], object]) -> QAction:
        made = QAction(action.text, self._window)
        made.setObjectName(action.name)
        made.setIconText(" " + action.text.rstrip("…"))
        made.setStatusTip(action.tip)
        made.setCheckable(action.checkable)
        made.setShortcutContext(Qt.ShortcutContext.WindowShortcut)
        if action.icon:
            icons.put(made, action.icon)
        made.triggered.connect(handler)
        self.by_name[action.name] = made
        self._give_keys(action, action.shortcut)
        return made

    def _give_keys(self, action: Action, keys: str) -> None:
        made = self.by_name[action.name]
        made.setShortcut(QKeySequence(keys))
        native = made.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
        made.setToolTip(f"{action.tip}  ({native})" if native else action.tip)

    def _menu(self, path: str) -> QMenu:
        if path not in self.menus:
            parent, _, title = path.rpartition("/")
            self.menus[path] = self._menu(parent).addMenu(title)
        return self.menus[path]


def _describe(button: QWidget, action: Action) -> None:
    button.setAccessibleName(action.text.rstrip("…"))
    button.setAccessibleDescription(action.tip)
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)

"""Correcting what an import will read: file, kind, options, roles of columns, preparation, parts; with a preview."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from workbench.data import DataError, Encoding, Plan, Preview, correct, guess, importer, importers, preview
from workbench.errors import WorkbenchError
from workbench.notebook.errands import Errands
from workbench.notebook.kept_files import MOST_UPLOADED, Upload, folder_beside
from workbench.notebook.live import error_words
from workbench.notebook.parcel import Array
from workbench.notebook.told_fields import told_form, told_problems
from workbench.notebook.told_import import told_columns, told_preview, told_recipe
from workbench.views.fields import Fields
from workbench.views.import_words import recipe_of

Change = Callable[[Plan], Plan]


class ImportForm:
    """All on the feed's thread; files are read in errands.

    Attributes
    ----------
    plan : Plan or None
        What would be imported; None while nothing sound is chosen.
    """

    def __init__(self, project: Path, errands: Errands, changed: Callable[[], None]) -> None:
        self._project = project
        self._errands = errands
        self._changed = changed
        self.clear()

    def clear(self) -> None:
        """Begin anew, without a file."""
        self._plan: Plan | None = None
        self._preview: Preview | None = None
        self._options: Fields | None = None
        self._changes: list[Change] = []
        self._uploads: list[Upload] = []
        self._sent: list[Path] = []
        self._is_sound = False
        self._name = ""
        self._number = 0
        self._said, self._tone = "", "muted"
        self._errands.forget("look")

    @property
    def plan(self) -> Plan | None:
        if self._plan is None or not self._is_sound or self._changes:
            return None
        return replace(self._plan, name=self._name or self._plan.name)

    def choose(self, paths: Sequence[Path | str], kind: str | None = None) -> None:
        """Guess how these files are to be read, and show it."""
        named = [str(path) for path in paths]
        self._changes.clear()
        self._is_sound = False
        self._look(lambda: guess(named if len(named) > 1 else named[0], kind), fresh=True)

    def answer(self, told: Mapping[str, Any], buffers: Sequence[Any]) -> None:
        """Take what a person chose, typed or sent."""
        try:
            self._answer(told, buffers)
        except WorkbenchError as error:
            self.refuse(error)
        self._changed()

    def refuse(self, error: Exception) -> None:
        """Say why nothing can be imported so."""
        self._is_sound = False
        self._changes.clear()
        self._said, self._tone = error_words(error), "bad"
        self._changed()

    def facts(self) -> dict[str, Any]:
        """What the browser shows."""
        plan, found = self._plan, self._preview
        facts: dict[str, Any] = {
            "number": self._number,
            "kinds": [[kind.name, kind.title] for kind in importers()],
            "limit": MOST_UPLOADED,
            "said": self._said,
            "tone": self._tone,
            "busy": self._errands.awaits("look") or bool(self._uploads),
            "ready": self.plan is not None,
        }
        if plan is None or found is None or self._options is None:
            return facts
        more = "" if len(plan.paths) == 1 else f" and {len(plan.paths) - 1} more"
        return facts | {
            "file": plan.paths[0] + more,
            "kind": plan.importer,
            "name": plan.name,
            "options": told_form(self._options),
            "problems": told_problems(self._options),
            "recipe": told_recipe(plan.recipe),
            "preview": told_preview(found),
            "columns": told_columns(found),
        }

    @property
    def sheet(self) -> Array | None:
        """The first pictures (k, h, w) or (k, h, w, 3), of images."""
        return None if self._preview is None else self._preview.images

    def _answer(self, told: Mapping[str, Any], buffers: Sequence[Any]) -> None:
        match told.get("what"):
            case "path":
                self.choose([str(told["path"]).strip()])
            case "upload":
                self._take_piece(told, buffers[0])
            case "importer" if self._plan is not None:
                self.choose(self._plan.paths, str(told["importer"]))
            case "name":
                self._name = str(told["name"]).strip()
            case "option" if self._options is not None:
                self._options[told["parameter"]].put(told["answer"])
                self._options_changed(self._options)
            case "role":
                self._change(lambda plan: plan.with_roles({str(told["column"]): str(told["role"])}))
            case "unit" | "note":
                words = {str(told["column"]): " ".join(str(told["words"]).split())}
                self._change(lambda plan: plan.with_words(str(told["what"]), words))
            case "encoding":
                encoding = Encoding.parse(str(told["words"]))
                self._change(lambda plan: plan.with_encodings({str(told["column"]): encoding}))
            case "recipe" if self._plan is not None:
                recipe = recipe_of(self._plan.recipe, **told["recipe"])
                self._change(lambda plan: replace(plan, recipe=recipe))

    def _take_piece(self, told: Mapping[str, Any], piece: Any) -> None:
        """Take a piece of one of the files that a browser sends; with the last one, look at them."""
        if told.get("begins"):
            self._uploads.append(Upload(folder_beside(self._project), str(told["name"]), int(told["size"])))
        if not self._uploads:
            return  # it was refused
        if self._uploads[-1].add(piece):
            self._sent.append(self._uploads.pop().path)
            if told.get("last"):
                paths, self._sent = self._sent, []
                self.choose(paths)

    def _options_changed(self, options: Fields) -> None:
        if problems := options.problems():
            self._is_sound = False
            self._said, self._tone = problems[0], "bad"
            return
        chosen = {name: field.value() for name, field in options.items()}
        self._change(lambda plan: correct(plan, **{k: v for k, v in chosen.items() if plan.options.get(k) != v}))

    def _change(self, change: Change) -> None:
        """Carry a correction out, after those that have not arrived yet."""
        if self._plan is None:
            return
        self._changes.append(change)
        plan, changes = self._plan, tuple(self._changes)

        def changed() -> Plan:
            made = plan
            for one in changes:
                made = one(made)
            return made

        self._look(changed, fresh=False)

    def _look(self, make: Callable[[], Plan], *, fresh: bool) -> None:
        def work() -> tuple[Plan, Preview, Fields]:
            plan = make()
            kind = importer(plan.importer)
            return plan, preview(plan), Fields(kind.parameters, kind.title, plan.options)

        def arrived(looked: tuple[Plan, Preview, Fields]) -> None:
            self._plan, self._preview, options = looked
            if fresh:
                self._name = ""
                self._number += 1
                self._options = options
                for name, offers in self._preview.offers.items():
                    options[name].offer(offers)
            self._changes.clear()
            self._is_sound = True
            self._said, self._tone = "\n".join(self._preview.warnings[:4]), "warning"
            self._changed()

        self._said, self._tone = ("Reading the beginning of the file…", "muted") if fresh else (self._said, self._tone)
        self._errands.call("look", work, arrived, self._failed)

    def _failed(self, error: Exception) -> None:
        if not isinstance(error, DataError | OSError):
            raise error
        self.refuse(error)

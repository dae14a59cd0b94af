"""Setting up a run: dataset, engine, parameters and what it will take, as state that a browser shows and answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from engines import EngineInfo, catalog, engine_info
from workbench.errors import WorkbenchError
from workbench.notebook.errands import Errands
from workbench.notebook.live import error_words
from workbench.notebook.told_fields import told_form, told_problems
from workbench.session import Dataset, Estimate, Session
from workbench.session.checks import suited_parameters
from workbench.views.fields import Fields
from workbench.views.run_setup import FAMILIES, fitting_engine, forecast, lacking


@dataclass(frozen=True, eq=False)
class Wanted:
    """A run that a person asks for."""

    dataset: Dataset
    engine: str
    parameters: Mapping[str, Any]
    name: str | None


class RunForm:
    """All on the feed's thread.

    Attributes
    ----------
    dataset : Dataset or None
    fields : Fields or None
        None while an engine's parameters are still looked up.
    """

    def __init__(self, session: Session, errands: Errands, changed: Callable[[], None]) -> None:
        self._session = session
        self._errands = errands
        self._changed = changed
        self.dataset: Dataset | None = None
        self.fields: Fields | None = None
        self._engine: EngineInfo | None = None
        self._name = ""
        self._number = 0
        self._forecast = ""
        self._warnings: tuple[str, ...] = ()
        self._refused = ""

    def begin(self, dataset: Dataset, engine: str | None = None, values: Mapping[str, Any] | None = None) -> None:
        """Begin with this dataset and, if given, with an engine and its parameters."""
        kept = None if self._engine is None else self._engine.name
        name = engine or fitting_engine(dataset, kept)
        self.dataset, self._engine, self.fields = dataset, engine_info(name), None
        self._name = ""
        self._look_up(values or {})

    def answer(self, told: Mapping[str, Any]) -> None:
        """Take what a person chose or typed."""
        if "dataset" in told:
            chosen = self._session.datasets.get(str(told["dataset"]))
            if chosen is not None and self._engine is not None:
                self.begin(chosen, fitting_engine(chosen, self._engine.name))
        elif "engine" in told and self.dataset is not None:
            self.begin(self.dataset, str(told["engine"]))
        elif "name" in told:
            self._name = str(told["name"]).strip()
        elif "parameter" in told and self.fields is not None and told["parameter"] in self.fields:
            self.fields[told["parameter"]].put(told["answer"])
            self._ask_estimate()
        self._changed()

    def wanted(self) -> Wanted | None:
        """The run as it is set up; None while it cannot start."""
        if self.dataset is None or self.fields is None or self.fields.problems() or self._refused:
            return None
        assert self._engine is not None
        return Wanted(self.dataset, self._engine.name, self.fields.asked(), self._name or None)

    def facts(self) -> dict[str, Any]:
        """What the browser shows."""
        if self.dataset is None or self._engine is None:
            return {}
        return {
            "dataset": self.dataset.id,
            "datasets": [[dataset.id, dataset.name] for dataset in self._session.datasets.values()],
            "engine": self._engine.name,
            "families": _families(self.dataset),
            "summary": self._engine.summary,
            "number": self._number,
            "fields": None if self.fields is None else told_form(self.fields),
            "problems": {} if self.fields is None else told_problems(self.fields),
            "forecast": self._forecast,
            "warnings": list(self._warnings),
            "refused": self._refused,
            "ready": self.wanted() is not None,
        }

    def refuse(self, error: Exception) -> None:
        """Say why it cannot start as it is set up."""
        self._refused, self._forecast, self._warnings = error_words(error), "", ()
        self._changed()

    def _look_up(self, values: Mapping[str, Any]) -> None:
        info, dataset = self._engine, self.dataset
        assert info is not None
        assert dataset is not None

        def arrived(fields: Fields) -> None:
            self.fields = fields
            self._number += 1
            self._ask_estimate()
            self._changed()

        def work() -> Fields:  # the engine may have to be imported
            return Fields(info.parameters, info.name, {**suited_parameters(info, dataset), **values})

        self._errands.call("fields", work, arrived, self.refuse)

    def _ask_estimate(self) -> None:
        self._refused = ""
        wanted = self.wanted()
        if wanted is None:
            self._forecast, self._warnings = "", ()
            return

        def arrived(estimate: Estimate) -> None:
            self._forecast, self._warnings = forecast(estimate), estimate.warnings
            self._changed()

        session = self._session
        about = wanted.dataset, wanted.engine, wanted.parameters
        self._errands.call("estimate", lambda: session.estimate(*about), arrived, self._refused_estimate)

    def _refused_estimate(self, error: Exception) -> None:
        if not isinstance(error, WorkbenchError):
            raise error
        self.refuse(error)


def _families(dataset: Dataset) -> list[list[Any]]:
    """Engines by family: name, title, and what they lack in the dataset."""
    return [
        [title, [[i.name, i.title, lacking(dataset, i)] for i in catalog() if i.family == family]]
        for family, title in FAMILIES.items()
    ]

"""How a script learns: a run, what it began with and was operated on by hand, and a sweep."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from engines import EngineInfo, surgery
from workbench.reports.errors import ReportError
from workbench.reports.learned import MOST_BITS
from workbench.reports.retelling import Edit, Told
from workbench.reports.script_cells import Cell, Namespace, Rows, not_default
from workbench.reports.source import Call, Code, assignment, source, source_line
from workbench.session import ModelFile, Run, Search, save_model
from workbench.session.branching import can_start_anywhere
from workbench.session.checks import engine_arguments, find_engine
from workbench.views.wording import counted

_STARTS = frozenset(
    {"algorithm", "annealing", "init", "omega_init", "pinned", "prototypes_per_class", "rank", "relevances_init"}
    | {"variance"}
)
"""Parameters that `engines.surgery` sets, beside the count of prototypes, so that training starts where it stands."""


@dataclass(frozen=True)
class Learning:
    """How what learns from one dataset, with the corrections of one moment, is put in code.

    Attributes
    ----------
    known : dict of str to Told
        All runs, by id; a branch learns from what its parent did.
    runs : callable
        (id) -> Run, which has what a file gave it.
    rows : dict of bool to Rows
        Variables of rows, for engines with labels and without.
    dataset : str
        Variable of the dataset.
    space : Namespace
    """

    known: Mapping[str, Told]
    runs: Callable[[str], Run]
    rows: Mapping[bool, Rows]
    dataset: str
    space: Namespace

    def run_cell(self, told: Told, run: Run) -> Cell:
        """The cell that learns what a run has learned, tells its figures and saves it."""
        info, rows = run.engine, self.rows[run.engine.supervised]
        words = [f"{info.title}: {info.summary}", *([f"Note: {told.note}"] if told.note else [])]
        words += [f"Careful: in the project came the {text}, which is not done again here." for text in told.untold]
        strange = set(told.details.get("parameters", {})) - {parameter.name for parameter in info.parameters}
        lost = [f"{name} = {told.details['parameters'][name]!r}" for name in sorted(strange)]
        if lost:
            words.append(f"Parameters of then that are not known any more are left out: {', '.join(lost)}.")
        latest = run.latest
        if latest is None and told.branch is None:
            words.append(f"It has learned nothing ({run.status}), so it is left out. {run.error}".strip())
            return Cell(f"Run: {told.name}", tuple(words))
        stop = None if run.status == "finished" or latest is None else latest.iteration
        is_trained = latest is not None and not (told.branch is not None and stop == 0)
        if told.start is not None:
            is_trained = told.start["how"] != "kept" and stop != told.start["iteration"]
            words.append(self._told_start(told.start))
        if told.branch is not None and not can_start_anywhere(info):
            parent = self.known[told.branch.run].name
            words.append(
                f'It goes on with "{parent}" after iteration {told.branch.iteration:,}, as if nothing had been.'
            )
        if stop is not None and is_trained:
            words.append(f"In the project it has come to iteration {stop:,} ({run.status}). {run.error}".strip())
        if run.threshold is not None:
            words.append(
                f"Rows whose certainty, as of engines.lvq.reject.certainty, is below {run.threshold.value!r} are to be "
                f"rejected: that threshold was chosen on the {run.threshold.part} part."
            )
        variable = self.space.name(told.name, "run")
        lines = self._learned(told, variable, stop, is_trained=is_trained)
        lines += self._told(told, info, variable, rows, is_trained=is_trained)
        return Cell(f"Run: {told.name}", tuple(words), "\n".join(lines))

    def sweep_cell(self, told: Told) -> Cell:
        """The cell that measures the counts of a sweep, prints what they say and saves the table."""
        info, details = find_engine(told.details["engine"]), told.details
        self.space.need("numpy")
        self.space.need("workbench.session", "measure_counts")
        variable = self.space.name(told.name, "sweep")
        dataset = Code(self.dataset)
        given = not_default(details["parameters"], info.parameters)
        arguments = (dataset, info.name, _counts(details["counts"]), *([given] if given else []))
        lines = [
            assignment(variable, Call("measure_counts", arguments)),
            f"print({source_line(told.name)}, {variable}.recommendation.reason)",
            f'np.savez("{variable}.npz", {info.count}={variable}.counts, **{variable}.table)',
        ]
        words = [f"How many? {info.title} with each count, judged by several criteria."]
        words += [f"Note: {told.note}"] if told.note else []
        return Cell(f"Sweep: {told.name}", tuple(words), "\n".join(lines))

    def _learned(self, told: Told, variable: str, stop: int | None, *, is_trained: bool = True) -> list[str]:
        """The lines after which `variable` is the model of a run: trained to the end, or up to iteration `stop`."""
        info = self._engine(told)
        training = self._training(told, info, variable, stop) if is_trained else []
        edits = [self._edit(edit, told, info, variable) for edit in told.edits]
        if told.start is not None:
            return [*self._loaded(told, info, variable, stop, is_trained=is_trained), *edits]
        if told.branch is None or not can_start_anywhere(info):
            self.space.need("engines")
            arguments = engine_arguments(info, not_default(told.details["parameters"], info.parameters))
            made = assignment(variable, Call(f"engines.{info.name}", (), arguments))
            return [made, *training, *edits]
        parent = self.known[told.branch.run]
        earlier = self.space.name(f"{parent.name} at {told.branch.iteration}", "earlier")
        self.space.need("engines", "surgery")
        lines = self._learned(parent, earlier, told.branch.iteration)
        lines.append(f"{variable} = surgery.going_on({earlier})")
        changed = self._changed(told, parent, info)
        if changed:
            lines.append(source(Call(f"{variable}.set_params", (), changed)))
        return [*lines, *edits, *training]

    def _told_start(self, start: Mapping[str, Any]) -> str:
        """From which file a run started, and how, in words."""
        whose = f"It begins with the {start['holds']} that was loaded from {Path(start['file']).name}"
        goes_on = {
            "anew": "its training begins anew from there",
            "resumed": f"its training goes on after iteration {start['iteration']:,}, as if it had not been stopped",
            "kept": "it is not trained any further",
        }[start["how"]]
        return f"{whose}; {goes_on}. What was loaded lies in a file beside this, as the engine takes it."

    def _loaded(self, told: Told, info: EngineInfo, variable: str, stop: int | None, *, is_trained: bool) -> list[str]:
        """The lines after which `variable` is the model of a run that a file gave its start."""
        _, place = self.space.file(f"{variable}.safetensors", partial(_save_loaded, self.runs(told.id)))
        assert told.start is not None
        is_trained = is_trained and told.start["how"] != "kept" and stop != told.start["iteration"]
        if told.start["how"] != "resumed" or not is_trained:
            self.space.need("engines")
            made = f"{variable} = engines.load({place})"
            return [made, *(self._training(told, info, variable, stop) if is_trained else [])]
        self.space.need("workbench.session", "read_model")
        stopped = self.space.name(f"{variable} stopped", "stopped")
        lines = [f"{stopped} = read_model({place})", f"{variable} = {stopped}.engine"]
        return [*lines, *self._training(told, info, variable, stop, {"resume": Code(f"{stopped}.state")})]

    def _changed(self, told: Told, parent: Told, info: EngineInfo) -> dict[str, Any]:
        """Parameters that a branch has otherwise than its parent, those aside that make it go on from there."""
        before, after = parent.details.get("parameters", {}), told.details.get("parameters", {})
        different = {
            name: value
            for name, value in after.items()
            if name not in _STARTS
            and name != info.count
            and (name not in before or json.dumps(before[name]) != json.dumps(value))
        }
        return engine_arguments(info, different)

    def _training(
        self, told: Told, info: EngineInfo, variable: str, stop: int | None, further: Mapping[str, Any] | None = None
    ) -> list[str]:
        rows = self.rows[info.supervised]
        places = [Code(name) for name in (rows.X, rows.y) if name not in ("", "None")]
        if stop is None and rows.validation is None and not further:
            return [source(Call(f"{variable}.fit", places))]
        named = {} if rows.validation is None else {"validation": tuple(map(Code, rows.validation))}
        named |= further or {}
        training = Call(f"{variable}.train", places, named)
        if stop is None:
            return [f"{source(training, taken=len('.run()'))}.run()"]
        loop = "for snapshot in "
        return [
            f"{loop}{source(training, taken=len(loop) + 1)}:",
            f"    if snapshot.iteration == {stop}:",
            "        break",
        ]

    def _edit(self, edit: Edit, told: Told, info: EngineInfo, variable: str) -> str:
        rows = self.rows[info.supervised]
        takes = inspect.signature(getattr(surgery, edit.operation)).parameters
        named: dict[str, Any] = dict(edit.arguments)
        if "X" in takes and takes["X"].default is inspect.Parameter.empty:
            named |= {"X": Code(rows.X), **({"y": Code(rows.y)} if info.supervised else {})}
        self.space.need("engines", "surgery")
        return assignment(variable, Call(f"surgery.{edit.operation}", (Code(variable),), named))

    def _told(self, told: Told, info: EngineInfo, variable: str, rows: Rows, *, is_trained: bool) -> list[str]:
        """The lines that print the figures of a model and save it."""
        self.space.need("engines")
        lines = []
        if is_trained and not (told.branch is None and told.edits):
            cost = Code(f'{variable}.history_["cost"][-1]')
            lines.append(source(Call("print", (f"{told.name}: cost", cost))))
        if rows.test is not None:
            accuracy = Code(f"{variable}.score({', '.join(rows.test)})")
            lines.append(source(Call("print", (f"{told.name}: accuracy on the rows to test on", accuracy))))
        lines.append(f'engines.save({variable}, "{variable}.safetensors")  # the model, to use again')
        return [*lines, *self._codebook(told, info, variable)]

    def _codebook(self, told: Told, info: EngineInfo, variable: str) -> list[str]:
        """The lines that save what prototypes there are, in original and in training units."""
        self.space.need("numpy")
        words, lines = f"{variable}.prototypes_", []
        file, recipe = f"{variable}.npz", f"{self.dataset}.recipe"
        if not hasattr(info.estimator, "prototypes_") and "prototypes_" not in info.estimator.FITTED:
            if info.family != "deep":
                return [source(Call("np.savez", (file,), {"codebooks": Code(f"{variable}.codebooks_")}))]
            n_bits = told.details["parameters"]["n_bits"]
            if n_bits > MOST_BITS:
                return []
            self.space.need("workbench.views.bits", "bits_of_numbers", "decoded")
            words = self.space.name(f"{variable} words", "words")
            lines = [f"{words} = decoded({variable}, bits_of_numbers(np.arange(2**{n_bits}), {n_bits}))"]
        elif info.data_kinds == ("spd",):
            words = f"{words}.reshape(len({words}), -1)"
        arrays = {"prototypes": f"{recipe}.inverse({words})", "prototypes_training_units": words}
        if info.supervised:
            arrays["prototype_labels"] = f"{variable}.prototype_labels_"
        return [*lines, source(Call("np.savez", (file,), {name: Code(text) for name, text in arrays.items()}))]

    def _engine(self, told: Told) -> EngineInfo:
        if "engine" in told.details:
            return find_engine(told.details["engine"])
        assert told.branch is not None
        return self._engine(self.known[told.branch.run])


def _save_loaded(run: Run, path: Path) -> None:
    """Write what a file gave to a run, as a model file."""
    loaded = run.loaded()
    if loaded is None:
        raise ReportError(
            f"What run '{run.name}' began with is not in the project any more: it was salvaged from a damaged file. "
            "Export its codebook or its model instead."
        )
    model, state = loaded
    save_model(ModelFile(model, run.given.recipe, run.given.classes, {"run": run.name}, state), path)


def search_cell(told: Told, search: Search) -> Cell:
    """The cell that tells what came of a search, which is not made again."""
    words = [
        f"{counted(len(search.keys), 'trial')} of {search.engine.title}, judged by {search.folds}-fold "
        "cross-validation. It is not made again here, and no run depends on it.",
        f"Note: {told.note}" if told.note else "",
    ]
    best = search.ranking.best
    if best is None:
        words.append("No trial was measured.")
    else:
        chosen = ", ".join(f"{name} = {value!r}" for name, value in search.trials[best - 1].items())
        mean, error = (float(values[best - 1]) for values in (search.means, search.standard_errors))
        words.append(
            f"The best is trial {best}, {chosen}: {search.score.title} {mean:.4g}, with a standard error over the "
            f"folds of {error:.2g}."
        )
    return Cell(f"Search: {told.name}", tuple(filter(None, words)))


def _counts(counts: list[int]) -> Any:
    """Counts as a range where they are one."""
    step = counts[1] - counts[0]
    if counts == list(range(counts[0], counts[-1] + 1, step)):
        return Call("range", (counts[0], counts[-1] + 1, *([step] if step > 1 else [])))
    return counts

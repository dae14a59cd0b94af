"""What a person changes in a project: each is a command that is on the disk when it returns, and can be undone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.session import commands, corrections
from workbench.session.carried_over import Units
from workbench.session.commands import Command
from workbench.session.contents import Contents
from workbench.session.corrections import Correcting
from workbench.session.dataset import Dataset
from workbench.session.document import Thing, kind_of, require_free
from workbench.session.errors import SessionError
from workbench.session.events import tell
from workbench.session.first_look import looking
from workbench.session.fitting_given import Fit, fit
from workbench.session.given import Given, look_into
from workbench.session.log import Action, Entry, now
from workbench.session.run import Run
from workbench.session.selection import RowMask, Subset
from workbench.session.study import Study
from workbench.session.threshold import choosing

if TYPE_CHECKING:  # it brings the compiler
    from engines.surgery import Effect


class Changing(Contents):
    """Commands on what there is; `starting.Starting` has those that begin work."""

    def do(self, command: Command) -> None:
        """Carry a command out and record it; what could be redone cannot any more."""
        self._carry_out("do", lambda: command)

    def undo(self) -> None:
        """Take the last command back; undoing an import or a run hides it. Raises SessionError if there is none."""
        self._carry_out("undo", lambda: self._log.undoable)

    def redo(self) -> None:
        """Do again what was undone last; nothing is recomputed. Raises SessionError if there is nothing."""
        self._carry_out("redo", lambda: self._log.redoable)

    @property
    def can_undo(self) -> str | None:
        """What `undo` would take back, in words, e.g. "import of iris"; None if nothing."""
        command = None if self.read_only else self._log.undoable
        return command.text if command else None

    @property
    def can_redo(self) -> str | None:
        """What `redo` would do again, in words; None if nothing."""
        command = None if self.read_only else self._log.redoable
        return command.text if command else None

    def rename(self, thing: Thing, name: str) -> None:
        """Give a dataset, run, sweep, search or subset another name; raises SessionError if it is empty or taken."""
        name = name.strip()
        others = [other for other in self._document.like(thing) if other.id != thing.id]
        require_free(name, others, kind_of(thing))
        if name != thing.name:
            self.do(commands.renaming(thing.id, thing.name, name))

    def delete(self, thing: Thing) -> None:
        """Hide a dataset with its runs and studies, a run, a study or a subset, and stop what is running of it."""
        self.do(commands.deleting(thing.id, thing.name))

    def note(self, thing: Dataset | Run | Study, text: str) -> None:
        """Write a note on a dataset, run, sweep or search."""
        if text != thing.note:
            self.do(commands.noting(thing.id, thing.name, thing.note, text))

    def name_subset(self, name: str, dataset: Dataset, rows: RowMask) -> Subset:
        """Keep rows of a dataset under a name, as a command.

        Raises
        ------
        SessionError
            If the name is empty or taken, or `rows` is for another number of rows.
        """
        self._require_writable()
        name = name.strip()
        if rows.n_rows != dataset.n_rows:
            raise SessionError(
                f"The subset is of {rows.n_rows} rows, but dataset '{dataset.name}' has {dataset.n_rows}."
            )
        with self._changing:
            require_free(name, self.subsets.values(), "subset")

            def logged(id: str) -> Entry:
                return Entry("do", commands.naming_subset(id, name, dataset.id, len(rows)), now())

            subset, entry = self._storage.add_subset(name, dataset.id, rows, logged)
            self._document.add(subset)
            self._log.append(entry)
        tell(self.events.selection_changed)
        tell(self.events.history_changed)
        return subset

    def relabel(self, dataset: Dataset | str, rows: corrections.Rows, value: Any) -> None:
        """Correct the label of rows, numbers or a mask, as a command; those that have it already are left out.

        What was stored at the import stays as it is, and so does every run that was made before: one that is under
        way, or resumed later, goes on with the labels that it began with. Learn from the corrected labels with
        `add_run`.

        Parameters
        ----------
        value : class value, or None
            One of the dataset's classes; None takes the label away.

        Raises
        ------
        SessionError
            If there is no such row or class, or the data have no labels; nothing is changed.
        """
        self._carry_out("do", lambda: corrections.relabelling(self._shown(dataset), rows, value))

    def drop(self, dataset: Dataset | str, rows: corrections.Rows) -> None:
        """Take rows out of every part, so that none is learned from nor measured, as a command; see also `relabel`.

        The recipe stays as it was fitted when the data were imported, with those rows.

        Raises
        ------
        SessionError
            If there is no such row, or none would be left to train on.
        """
        self._carry_out("do", lambda: corrections.dropping(self._shown(dataset), rows, True))

    def keep(self, dataset: Dataset | str, rows: corrections.Rows) -> None:
        """Put dropped rows back into their parts, as a command; raises SessionError if there is no such row."""
        self._carry_out("do", lambda: corrections.dropping(self._shown(dataset), rows, False))

    def set_threshold(self, run: Run, value: float | None, part: str = "validation") -> None:
        """Keep with a run below which certainty rows are to be rejected, as a command; None takes it away.

        It goes where the model goes: report, model file, codebook. It is that of the model the run has now; once the
        run has learned on it counts no more.

        Parameters
        ----------
        value : float or None
            Of the relative certainty, 0 to 1; see `Threshold`.
        part : {"train", "validation", "test"}
            The part on which it was chosen.

        Raises
        ------
        SessionError
            If the run predicts no classes or has learned nothing, or the value or part is not possible.
        """
        self._carry_out("do", lambda: choosing(run, value, part))

    def show_test_part(self, dataset: Dataset | str) -> None:
        """Let figures, views and reports show the test part of a dataset from now on, as a command that lasts.

        What was seen cannot be unseen: `undo` leaves it, and the report tells when it was and which runs came after it.
        Where it is shown already nothing is changed.

        Raises
        ------
        SessionError
            If the dataset has no test part, or the project is closed or opened for reading only.
        """
        data = self._shown(dataset)
        runs = self.runs_on(data)
        self._carry_out("do", lambda: looking(data, runs))
        for run in runs:
            run.announce()

    def branch(self, run: Run, iteration: int | None = None, *, name: str | None = None) -> Run:
        """Make a run that goes on from the model `run` had at an iteration, as a command; resume it to train.

        Its training begins anew from the prototypes and metric there, and iteration 0 shows them. Where an engine can
        start from no given model, the branch goes on from the newest training state instead, bit for bit.

        Parameters
        ----------
        run : Run
        iteration : int, optional
            The nearest recorded one is taken (`Run.snapshots`); None is the newest.
        name : str, optional
            None makes one.

        Raises
        ------
        SessionError
            If nothing is recorded of the run, or its engine cannot go on from there.
        """
        self._require_writable()
        return self._branches.branch(run, iteration, name)

    def start_from(
        self,
        given: Given | Path | str,
        dataset: Dataset | str,
        engine: str | None = None,
        parameters: Mapping[str, Any] | None = None,
        *,
        units: Units | None = None,
        name: str | None = None,
        watched: bool = True,
    ) -> Run:
        """Make a run that starts from a model or a codebook in a file, as a command; resume it to train.

        A model goes on as it is: after a stop, on the rows it was learned from, as if nothing had been; else its
        training begins anew from all that it learned. Where an engine can do neither, what it learned is kept as it
        is. A model of rows that were prepared otherwise, and a codebook, give prototypes to start from, and a metric
        where the file has one and the engine takes it.

        Parameters
        ----------
        given : Given or path
            What `look_into` gave, or the file.
        dataset : Dataset or str
            With the same columns and, for an engine with labels, classes.
        engine : str, optional
            Needed for a codebook; for a model another one than its own, which starts from its prototypes.
        parameters : mapping, optional
            Others than those of the model, or than the engine's defaults.
        units : {"original", "training"}, optional
            In which the prototypes of a codebook are; None is what the file says, original if it says nothing.
        name : str, optional
            None makes one.
        watched : bool
            Whether it pauses when it seems to run away.

        Raises
        ------
        SessionError, DataError
            If the file cannot be read or does not fit; one sentence says why, and nothing is changed.
        """
        self._require_writable()
        plan = self.plan_start(given, dataset, engine, parameters, units=units)
        return self._branches.start_from(plan, name, watched=watched)

    def plan_start(
        self,
        given: Given | Path | str,
        dataset: Dataset | str,
        engine: str | None = None,
        parameters: Mapping[str, Any] | None = None,
        *,
        units: Units | None = None,
    ) -> Fit:
        """What `start_from` would do; changes nothing, and raises as that does."""
        found = given if isinstance(given, Given) else look_into(given)
        return fit(found, self._shown(dataset), engine, parameters, units)

    def edit(self, run: Run, operation: str, **arguments: Any) -> Run:
        """Operate on the newest model of a run at rest, as a command; the error before and after is in `Run.editions`.

        A branch that has not been trained gets another edition, which undoing takes out of force. Of any other run a
        branch is made, which begins with the edition, and the run stays as it is.

        Parameters
        ----------
        run : Run
        operation : str
            merge(which), split(which), delete(which), add(vector or rows, label), relabel(which, label), pin(which),
            unpin(which), prune() or merge_close(within), as in `engines.surgery`. A split parts the training rows of
            the prototype in two, unless an `offset` is given. `rows` are numbers of rows, or a RowMask: the prototype
            is their mean, of the class that most of them have.
        **arguments
            Of the operation.

        Returns
        -------
        Run
            The run that has the edition in force.

        Raises
        ------
        SessionError
            If the run is not at rest, has learned nothing, or does not allow this; nothing is changed.
        """
        self._require_writable()
        return self._branches.edit(run, operation, arguments)

    def preview(self, run: Run, operation: str, **arguments: Any) -> Effect:
        """What `edit` would do to the error on the training rows; changes nothing, and raises as `edit` does."""
        return self._branches.preview(run, operation, arguments)

    def _carry_out(self, action: Action, choose: Callable[[], Command | Correcting | None]) -> None:
        self._require_writable()
        self._carrier.carry_out(action, choose)

    def _shown(self, dataset: Dataset | str) -> Dataset:
        """The dataset that commands reach."""
        return self.dataset(dataset if isinstance(dataset, str) else dataset.id)

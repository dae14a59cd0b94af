"""What a project is asked to compute: imports, runs, sweeps and searches, which go on in the background."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from workbench.data import Derivation, Plan
from workbench.session import checks, commands
from workbench.session.contents import Contents
from workbench.session.dataset import Dataset
from workbench.session.document import Thing, free_name, kind_of, name_for
from workbench.session.errors import SessionError
from workbench.session.estimates import Estimate, estimate, estimate_search
from workbench.session.events import tell
from workbench.session.importing import from_dataset, from_file
from workbench.session.jobs import Job
from workbench.session.launching import withdraw
from workbench.session.log import Entry, now
from workbench.session.measuring import measuring
from workbench.session.merging import Merged, Merging
from workbench.session.other_project import Offer, opened, what_is_here
from workbench.session.run import Run
from workbench.session.search import Search, SearchPlan, check_search
from workbench.session.selection import Subset
from workbench.session.space import Space
from workbench.session.stability import MeasuredStability
from workbench.session.study import Study
from workbench.session.study_storage import Draft, search_draft, sweep_draft
from workbench.session.sweep import Sweep, check_counts
from workbench.session.worker import new_facts

AnyStudy = TypeVar("AnyStudy", Sweep, Search)


class Starting(Contents):
    """Work that waits its turn in the queue."""

    def import_data(self, plan: Plan, *, name: str | None = None) -> Job[Dataset]:
        """Import in the background, as a command; cancelled or failed, nothing of it remains.

        Returns
        -------
        Job
            `result()` gives the Dataset, or raises what went wrong.

        Raises
        ------
        SessionError
            If the project is closed or opened for reading only.
        """
        self._require_writable()
        wanted = name or plan.name or "data"
        return self.queue.submit(from_file(plan, wanted, self._storage, self._admit).job())

    def derive(self, dataset: Dataset | str, derivation: Derivation, *, name: str | None = None) -> Job[Dataset]:
        """Make another dataset in the background, as a command, of one as it is corrected now.

        Returns
        -------
        Job
            `result()` gives the Dataset, or raises what went wrong.

        Raises
        ------
        SessionError
            If the dataset is not known, or the project is closed or opened for reading only.
        """
        self._require_writable()
        data = self.dataset(dataset) if isinstance(dataset, str) else dataset
        return self.queue.submit(from_dataset(data, derivation, name or data.name, self._storage, self._admit).job())

    def merge(self, path: Path | str, only: str | Collection[str] | None = None) -> Job[Merged]:
        """Bring things of another project into this one in the background, as one command; that file is only read.

        Datasets, runs, sweeps, searches and subsets that are shown there come with all that belongs to them: snapshots,
        states, corrections, notes, and the commands that made them, so that an exported script makes them again. They
        keep their ids and names where those are free. What is here already with the same content does not come twice:
        runs on such a dataset are runs on the one that is here. Cancelled or failed, nothing of it remains.

        Parameters
        ----------
        path
            Of the other project.
        only : str or collection of str, optional
            Ids or names of what is to come, with what that was made of or on; None for all. See `offers`.

        Returns
        -------
        Job
            `result()` tells what came, or raises what went wrong.

        Raises
        ------
        SessionError
            If the project is closed or opened for reading only.
        """
        self._require_writable()
        wanted = [only] if isinstance(only, str) else only
        about = self.project, self._document, self._log, self._changing, self._take_in, self._announce
        return self.queue.submit(Merging(Path(path), wanted, *about).job())

    def offers(self, path: Path | str) -> list[Offer]:
        """What `merge` could bring of another project, and what of it is here already; waits for the disk.

        Raises
        ------
        SessionError
            If it is this project.
        ProjectError
            If it cannot be opened or read.
        """
        with opened(path, self.project) as other:
            return other.offers(what_is_here(other, self.project, self._document), self._document)

    def parse(self, engine: str, texts: Mapping[str, str]) -> dict[str, Any]:
        """Parameter values from what people type; raises SessionError as `add_run` does."""
        return checks.parse_parameters(engine, texts)

    def add_run(
        self,
        dataset: Dataset | str,
        engine: str,
        parameters: Mapping[str, Any] | None = None,
        *,
        name: str | None = None,
        paused: bool = False,
        watched: bool = True,
    ) -> Run:
        """Queue a run, as a command; it starts as soon as those before it have ended.

        With `paused` it holds before its first step, so that it can be watched step by step from the start. Where it
        is `watched` it also pauses when it seems to run away, and `Run.alarm` says why.

        Raises
        ------
        SessionError
            If the engine, a parameter, its value, or the dataset is not known or does not fit; nothing is changed.
        """
        self._require_writable()
        data = self.dataset(dataset) if isinstance(dataset, str) else dataset
        info = checks.find_engine(engine)
        values = checks.complete_parameters(info, parameters or {}, data)
        given = data.as_of(data.correction)
        facts = new_facts(given, checks.check_run(given, info, values), watched=watched)
        with self._changing:
            run_name = name_for(name, f"{info.name} on {data.name}", self.runs.values(), "run")

            def logged(id: str) -> Entry:
                return Entry("do", commands.adding_run(id, run_name, data.id, info.name, values), now())

            run, entry = self._storage.add_run(run_name, info, values, data, facts, logged)
            self._adopt(run)
            self._document.add(run)
            self._log.append(entry)
        tell(self.events.run_added, run)
        tell(self.events.history_changed)
        self._enqueue(run, paused=paused)
        return run

    def add_sweep(
        self,
        dataset: Dataset | str,
        engine: str,
        counts: Iterable[int],
        parameters: Mapping[str, Any] | None = None,
        *,
        name: str | None = None,
    ) -> Sweep:
        """Queue a search for the right count of prototypes, as a command; it waits its turn among the runs.

        Parameters
        ----------
        counts : iterable of int
            What to try of the engine's `EngineInfo.count`; its other parameters are those given, or their defaults.

        Raises
        ------
        SessionError
            If the engine has no count, or a count, a parameter, or the dataset does not fit; nothing is changed.
        """
        self._require_writable()
        data = self.dataset(dataset) if isinstance(dataset, str) else dataset
        info = checks.find_engine(engine)
        wanted = check_counts(info, data, counts)
        values = checks.complete_parameters(info, parameters or {}, data) | {info.count: wanted[-1]}
        given = data.as_of(data.correction)
        facts = new_facts(given, checks.check_run(given, info, values))
        del values[info.count]
        return self._add_study(Sweep, name, sweep_draft(data, info.name, wanted, values, facts))

    def plan_search(
        self,
        dataset: Dataset | str,
        engine: str,
        space: Space,
        *,
        parameters: Mapping[str, Any] | None = None,
        scheme: str = "grid",
        n_trials: int | None = None,
        folds: int = 5,
        seed: int = 0,
    ) -> tuple[SearchPlan, Estimate]:
        """What `add_search` would do and take, which changes nothing; raises SessionError as it does."""
        data = self.dataset(dataset) if isinstance(dataset, str) else dataset
        info = checks.find_engine(engine)
        plan = check_search(
            info, data, space, parameters or {}, scheme=scheme, n_trials=n_trials, folds=folds, seed=seed
        )
        return plan, estimate_search(plan, self.runs.values())

    def add_search(
        self,
        dataset: Dataset | str,
        engine: str,
        space: Space,
        *,
        parameters: Mapping[str, Any] | None = None,
        scheme: str = "grid",
        n_trials: int | None = None,
        folds: int = 5,
        seed: int = 0,
        name: str | None = None,
    ) -> Search:
        """Queue a search for good parameters by cross-validation, as a command; it waits its turn among the runs.

        Parameters
        ----------
        space : mapping
            What varies: for each parameter a list of values, or a `Range` that trials are drawn from.
        parameters : mapping, optional
            Others that are not at their defaults.
        scheme : {"grid", "random"}
            Every combination of the values, for which a range of whole numbers stands for all of them; or
            `n_trials` of them drawn at random.
        n_trials : int, optional
            20 by default; only of a random search.
        folds : int
            The training part is cut in so many; a trial learns from all but one and is judged on that one, in turn.
            Validation and test part are not used, and the preprocessing is fitted anew without the rows held out.
        seed : int
            Of the cut and of the drawing.

        Raises
        ------
        SessionError
            If a parameter, a value, a number or the dataset does not fit; nothing is changed.
        """
        self._require_writable()
        plan, _ = self.plan_search(
            dataset, engine, space, parameters=parameters, scheme=scheme, n_trials=n_trials, folds=folds, seed=seed
        )
        given = plan.dataset.as_of(plan.dataset.correction)
        return self._add_study(Search, name, search_draft(plan, new_facts(given, plan.remarks)))

    def add_run_of(self, study: Study, key: int | None = None) -> Run:
        """Queue the run of a sweep with the count `key`, or of a search's trial `key`, or of the recommended one.

        It learns with those parameters, from all training rows.

        Raises
        ------
        SessionError
            If nothing is recommended and no key is given, or as `add_run` does.
        """
        chosen = study.choice() if key is None else key
        parameters = study.parameters_with(chosen)
        name = free_name(study.run_name(chosen), self.runs.values())
        return self.add_run(study.dataset, study.engine.name, parameters, name=name)

    def measure_stability(
        self, run: Run, scheme: str = "bootstrap", n_refits: int = 20, *, seed: int = 0
    ) -> Job[MeasuredStability]:
        """Learn a run's metric again and again, to tell how stable it is; waits its turn among the runs.

        What is measured stays with the run, and a measuring that was stopped goes on when it is asked for again. It
        adds to what is known of a run and changes nothing, so it is no command.

        Parameters
        ----------
        run : Run
            At rest, of an engine that learns a metric.
        scheme : {"bootstrap", "folds", "seeds"}
            What changes from refit to refit; see `engines.lvq.refits.Resampling`.
        n_refits, seed : int

        Raises
        ------
        SessionError
            If the run is not such a one, is measured already, or the scheme or number is not possible.
        """
        self._require_writable()
        return self.queue.submit(measuring(run, scheme, n_refits, seed))

    def resume_run(self, run: Run) -> None:
        """Go on with a stopped, failed or interrupted run from its last stored state, or with a paused one."""
        run.resume()

    def keep_stopped(self, work: Run | Study) -> None:
        """Take interrupted work as stopped, which it is from then on; it can be resumed as before.

        Raises
        ------
        SessionError
            If it was not interrupted, or the project is read-only.
        """
        self._require_writable()
        if work.status != "interrupted":
            raise SessionError(f"'{work.name}' is {work.status}: only what was interrupted can be kept as stopped.")
        withdraw(work)

    def estimate(self, dataset: Dataset | str, engine: str, parameters: Mapping[str, Any] | None = None) -> Estimate:
        """What a run would take; raises SessionError as `add_run` does."""
        data = self.dataset(dataset) if isinstance(dataset, str) else dataset
        info = checks.find_engine(engine)
        values = checks.complete_parameters(info, parameters or {}, data)
        remarks = checks.check_run(data, info, values)
        return estimate(data, info, values, remarks, self.runs.values())

    def _add_study(self, kind: type[AnyStudy], name: str | None, draft: Draft) -> AnyStudy:
        """Keep a study under this name, or one that is free, and queue it."""
        word, data = kind.__name__.lower(), draft.dataset
        with self._changing:
            otherwise = f"{draft.record.engine} {word} on {data.name}"
            chosen = name_for(name, otherwise, self._document.shown(kind).values(), word)
            study, entry = self._storage.add_study(
                replace(draft.record, name=chosen), data, lambda id: Entry("do", draft.command(id, chosen), now())
            )
            assert isinstance(study, kind)
            self._adopt(study)
            self._document.add(study)
            self._log.append(entry)
        tell(getattr(self.events, f"{word}_added"), study)
        tell(self.events.history_changed)
        self._enqueue(study)
        return study

    def _take_in(self, ids: Collection[str], entry: Entry) -> tuple[Thing, ...]:
        """Take in what a merge has written; gives what is shown of it. Holds the lock."""
        contents = self._storage.load(ids, self.datasets.values())
        works: list[Dataset | Run | Study] = [*contents.datasets, *contents.runs, *contents.studies]
        for work in works:
            self._adopt(work)
        things: list[Thing] = [*works, *contents.subsets]
        for thing in things:
            self._document.add(thing)
        self._log.append(entry)
        return tuple(thing for id, thing in self._document.visible.items() if id in ids)

    def _announce(self, things: Iterable[Thing]) -> None:
        """Tell of what a merge brought."""
        for thing in things:
            if not isinstance(thing, Subset):
                tell(getattr(self.events, f"{kind_of(thing)}_added"), thing)
        tell(self.events.selection_changed)
        tell(self.events.history_changed)

    def _admit(self, wanted: str, make: Callable[[str], tuple[Dataset, Entry]]) -> Dataset:
        """Take in a dataset that an import brought; `make` commits it under the name it is given."""
        with self._changing:
            dataset, entry = make(free_name(wanted, self.datasets.values()))
            self._adopt(dataset)
            self._document.add(dataset)
            self._log.append(entry)
        tell(self.events.dataset_added, dataset)
        tell(self.events.history_changed)
        return dataset

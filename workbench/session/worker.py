"""Pulls one training from start to end on the worker's thread: delivers snapshots, obeys buttons, saves."""

from __future__ import annotations

import logging
import math
import os
import platform
from collections.abc import Callable
from functools import cache
from importlib.metadata import version
from time import perf_counter
from typing import Any

from engines import EngineInfo, Snapshot, Training, dump
from workbench import __version__
from workbench.errors import Cancelled, WorkbenchError
from workbench.session.control import Turn
from workbench.session.dataset import Dataset
from workbench.session.errors import SessionError
from workbench.session.evaluation import evaluate
from workbench.session.jobs import Job, one_sentence
from workbench.session.log import now
from workbench.session.recorder import CommitTimer, Recorder, RunSave
from workbench.session.run import Run
from workbench.session.run_facts import RunFacts, RunStatus
from workbench.session.watch import Alarm, Watch

logger = logging.getLogger(__name__)

_LIBRARIES = ("numpy", "scipy", "numba", "scikit-learn", "torch")


class Diverged(Exception):
    """The cost is no number any more; the state of this step is not worth keeping."""


class Worker:
    """The work of a run's job. It never waits for the storage thread while training.

    Parameters
    ----------
    run : Run
    closing : callable
        Whether the session is being closed, so that nothing more is worth computing.
    """

    def __init__(self, run: Run, closing: Callable[[], bool]) -> None:
        self._run = run
        self._closing = closing
        self._recorder: Recorder | None = None
        self._training: Training | None = None
        self._model: Any = None
        self._job: Job[Run] | None = None
        self._watch: Watch | None = None
        self._withheld: Snapshot | None = None  # what raised an alarm, until the run goes on in spite of it

    def __call__(self, job: Job[Run]) -> Run:
        """Train to the end, a stop or a failure; the run tells which. Raises SessionError after a failure."""
        run, self._job = self._run, job
        try:
            self._prepare()
            self._pull()
            self._end("finished" if self._require_training().finished else "stopped")
        except Cancelled:
            mark_stopped(run)
        except Exception as error:
            logger.info("run %s failed", run.id, exc_info=True)
            raise SessionError(self._fail(error)) from error
        finally:
            if self._training is not None:
                run.release()
        return run

    def _prepare(self) -> None:
        """Data, engine, stored state, recorder."""
        run, control = self._run, self._run.control
        run.facts.alarm = None
        run.become("running")
        run.load()
        model = run.engine.estimator(**run.arguments)
        X, y, validation = given_rows(run, lambda: control.stopping)
        state = run.file.state()
        thinning, stored = run.file.timeline()
        if control.stopping:
            raise Cancelled
        self._training = training = model.train(X, y, validation=validation, resume=state)
        if training.history:
            run.curves.replace(training.history)
        thinning.rewind(int(training.history["iteration"][-1]) if training.history else -1)
        numbers = {snapshot.iteration for snapshot in stored}
        self._recorder = Recorder(run.file, thinning, numbers, lambda: run.branched)
        if run.facts.watched:
            index = run.given.index("train", labelled=run.engine.supervised)
            costs = training.history.get("cost", ())
            self._watch = Watch(X, index, costs, classifies=run.engine.supervised)
        run.fitted = None
        self._model = model
        control.attach(training)

    def _pull(self) -> None:
        """Pull, deliver and save until there is no more to pull."""
        run, control = self._run, self._run.control
        training, recorder = self._require_training(), self._recorder
        assert recorder is not None
        changed = False
        while (turn := control.turn()) is not Turn.STOP:
            if turn is Turn.WAIT:
                if changed and not recorder.busy():
                    recorder.save(self._attributes("paused"), training.state(), run.curves.arrays())
                    changed = False
                run.become("paused")
                control.wait()
                if not control.stopping and not control.paused:
                    run.become("running")
                continue
            self._go_on()
            began = perf_counter()
            snapshot = next(training, None)
            seconds = perf_counter() - began
            if snapshot is None:
                return
            alarm = self._examine(snapshot, seconds)
            if alarm is not None:
                self._withhold(snapshot, alarm)
                changed = False
                continue
            self._deliver(snapshot)
            changed = True
            if recorder.due():
                recorder.save(self._attributes("running"), training.state(), run.curves.arrays())
                changed = False

    def _examine(self, snapshot: Snapshot, seconds: float) -> Alarm | None:
        """Take note of a step; gives what seems wrong with it. Raises Diverged where there is no going on."""
        run = self._run
        run.facts.seconds += seconds
        run.clock.add(seconds)
        if len(self._require_training().history["iteration"]) == 1:
            run.curves.replace({})  # what a branch shows before it trains, or an attempt before left
        run.curves.append({"iteration": snapshot.iteration, "cost": snapshot.cost, **snapshot.metrics})
        alarm = None if self._watch is None else self._watch.look(snapshot, seconds)
        if not math.isfinite(snapshot.cost):
            run.facts.alarm = alarm
            raise Diverged(
                f"the cost became {snapshot.cost} in iteration {snapshot.iteration}; "
                "scale the features or choose a smaller learning rate."
            )
        return alarm

    def _withhold(self, snapshot: Snapshot, alarm: Alarm) -> None:
        """Pause; what was seen and stored last stays so, and the file is told why."""
        run, recorder = self._run, self._recorder
        assert recorder is not None
        self._withheld = snapshot
        run.facts.alarm = alarm
        run.control.pause()
        if run.latest is not None:
            run.mailbox.put(run.latest)  # the curves have gone on
        if not recorder.busy():
            recorder.save(self._attributes("paused"), None, None)

    def _go_on(self) -> None:
        """If an alarm was raised, take it for none, and show what raised it."""
        run, snapshot = self._run, self._withheld
        if snapshot is None or run.facts.alarm is None or self._watch is None:
            return
        self._watch.ignore(run.facts.alarm.rule)
        self._withheld = run.facts.alarm = None
        self._deliver(snapshot)
        run.announce()

    def _deliver(self, snapshot: Snapshot) -> None:
        """Show a step, and offer it for keeping."""
        run, recorder = self._run, self._recorder
        assert recorder is not None
        run.mailbox.put(snapshot)
        recorder.offer(snapshot)
        if self._job is not None and snapshot.n_iterations:
            self._job.report(snapshot.iteration / snapshot.n_iterations)

    def _end(self, status: RunStatus) -> None:
        """Record what was learned, then measure it."""
        run, training, recorder = self._run, self._require_training(), self._recorder
        assert recorder is not None
        if status == "stopped":
            run.become("stopped")
        if not training.history:
            recorder.finish(self._attributes(status), None, run.curves.arrays(), None)
            return
        snapshot = run.latest
        run.fitted, state = self._model, None
        if self._withheld is None or snapshot is None:
            state = training.state()
        else:
            run.fitted = run.engine.estimator.from_arrays(run.arguments, snapshot.arrays)
        run.facts.metrics = dict(snapshot.metrics) | {"cost": snapshot.cost} if snapshot is not None else {}
        recorder.finish(self._attributes(status), state, run.curves.arrays(), dump(run.fitted))
        try:
            run.facts.metrics |= evaluate(run.fitted, run.engine, run.given, self._closing)
            recorder.finish(self._attributes(status), None, run.curves.arrays(), None)
        except Cancelled:
            pass
        run.become(status)

    def _fail(self, error: Exception) -> str:
        """Keep the last good state where there is one, and say what happened; gives the sentence."""
        run = self._run
        sentence = str(error) if isinstance(error, WorkbenchError) else one_sentence(error)
        attributes = self._attributes("failed") | {"error": sentence}
        try:
            if self._recorder is not None and self._training is not None:
                state = None if isinstance(error, Diverged) or not self._training.history else self._training.state()
                self._recorder.finish(attributes, state, run.curves.arrays(), None)
            else:
                run.file.save(RunSave(attributes), CommitTimer()).result()
        except WorkbenchError:
            logger.info("the failure of run %s could not be recorded", run.id, exc_info=True)
        run.become("failed", sentence)
        return sentence

    def _attributes(self, status: RunStatus) -> dict[str, Any]:
        facts = self._run.facts
        alarm = None if facts.alarm is None else facts.alarm.to_json()
        figures = {"seconds": facts.seconds, "metrics": dict(facts.metrics)}
        return {"status": status, "error": "", "alarm": alarm, **figures}

    def _require_training(self) -> Training:
        assert self._training is not None
        return self._training


def given_rows(run: Run, cancelled: Callable[[], bool]) -> tuple[Any, Any, tuple[Any, Any] | None]:
    """What a run learns from: rows and labels, and those to validate on if there are any; labels may be None.

    Raises
    ------
    Cancelled
        Soon after `cancelled()` turns True.
    """
    return rows_for(run.given, run.engine, cancelled)


def rows_for(
    dataset: Dataset, info: EngineInfo, cancelled: Callable[[], bool]
) -> tuple[Any, Any, tuple[Any, Any] | None]:
    """What a run of such an engine on a dataset learns from, as `given_rows`."""
    supervised = info.supervised
    X = dataset.training_rows("train", labelled=supervised, cancelled=cancelled)
    y = dataset.labels("train", labelled=True) if supervised else None
    if not dataset.n_in("validation", labelled=supervised):
        return X, y, None
    rows = dataset.training_rows("validation", labelled=supervised, cancelled=cancelled)
    return X, y, (rows, dataset.labels("validation", labelled=True) if supervised else None)


def mark_stopped(run: Run) -> None:
    """Let a run that was stopped before its first step be a stopped one, also in the file."""
    run.file.save(RunSave({"status": "stopped"}), CommitTimer())
    run.become("stopped")


def new_facts(dataset: Dataset, remarks: tuple[str, ...], *, watched: bool = True) -> RunFacts:
    """What is written of a run when it is made."""
    return RunFacts(
        created=now(),
        versions=dict(versions()),
        data_hash=dataset.data_hash,
        recipe=dataset.recipe.recipe.to_json(),
        remarks=remarks,
        watched=watched,
        correction=dataset.correction,
        labels_version=dataset.labels_version,
    )


@cache
def versions() -> dict[str, Any]:
    """What a run depends on besides data and parameters: versions and the machine, as JSON."""
    found = {"vq-workbench": __version__, "python": platform.python_version()}
    for library in _LIBRARIES:
        found[library] = version(library)
    return found | {"system": platform.platform(), "processor": platform.machine(), "cores": os.cpu_count()}

"""The model of a run as a file: what goes into it; how such files are written and read is `session.model_file`'s."""

from __future__ import annotations

from pathlib import Path

from engines import State
from workbench.reports.codebook import about
from workbench.reports.learned import Trained, Watch
from workbench.session import ModelFile, Run, Session, save_model


def write_model(session: Session, run: Trained, path: Path, form: str, watch: Watch) -> None:
    """Write the model of `run` to `path`; `engines.load` and `read_model` read it back."""
    save_model(model_file(run), path)


def model_file(run: Trained) -> ModelFile:
    """The model of a run with its recipe and, where its training was stopped, the state to go on from."""
    return ModelFile(run.model, run.data.recipe, run.data.classes, about(run), _state(run.run))


def _state(run: Run) -> State | None:
    """The training state of a run that has not come to its end, where it is that of the newest model."""
    if not run.at_rest or run.status == "finished":
        return None
    state, latest = run.file.state(), run.latest
    if state is None or latest is None:
        return None
    iterations = state["history"].get("iteration") or [-1]
    return state if iterations[-1] == latest.iteration else None

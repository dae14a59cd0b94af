"""What is true now of the open project and of what is shown of it, in the words of the table of actions."""

from __future__ import annotations

from workbench.project import CopiedProject
from workbench.reports import EXPORTS
from workbench.session import Run, Session, Study, Subset
from workbench.session.document import Thing
from workbench.views.run_words import newest


def facts(
    session: Session | None,
    run: Run | None,
    study: Study | None,
    selected: Thing | None,
    *,
    prepared: bool,
) -> frozenset[str]:
    """The facts that hold.

    Parameters
    ----------
    run, study
        What is shown.
    selected
        In the tree.
    prepared : bool
        Whether a run is set up that could start.
    """
    if session is None:
        return frozenset()
    work = study or run
    held = run is not None and run.active and run.control.paused
    truths = {
        "project": True,
        "writable": not session.read_only,
        "copied": isinstance(session.project, CopiedProject),
        "undo": session.can_undo is not None,
        "redo": session.can_redo is not None,
        "dataset": bool(session.datasets),
        "item": selected is not None,
        "prepared": prepared,
        "subset": isinstance(selected, Subset),
        "run": run is not None,
        "model": run is not None and newest(run) is not None,
        "running": run is not None and run.active and not held,
        "waiting": _can_hasten(session, selected),
        "metric": run is not None and newest(run) is not None and _has_metric(run) and not run.active,
        "active": work is not None and (work.active or (run is not None and run.is_measured)),
        "resumable": held or (work is not None and work.resumable and not session.read_only),
    }
    if run is not None:
        truths |= {f"export {export.name}": export.applies(run) for export in EXPORTS}
    return frozenset(name for name, true in truths.items() if true)


def _can_hasten(session: Session, selected: Thing | None) -> bool:
    """Whether the selected work waits behind other work that waits."""
    job = selected.job if isinstance(selected, Run | Study) else None
    return job is not None and job in session.queue.waiting[1:]


def _has_metric(run: Run) -> bool:
    """Whether its engine learns a metric."""
    return not {"omega_", "omegas_", "relevances_"}.isdisjoint(run.engine.estimator.FITTED)

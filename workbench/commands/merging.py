"""`merge`: another project, or some of it, brought into a project."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from workbench.commands.common import AsJson, session_of
from workbench.errors import WorkbenchError
from workbench.terminal import print_json, progress

if TYPE_CHECKING:  # imported where used: `--help` and `--version` answer at once
    from workbench.session import Offer


def merge(
    project: Annotated[Path, typer.Argument(metavar="PROJECT", help="project file (*.vqw); made if there is none")],
    other: Annotated[Path, typer.Argument(metavar="OTHER", help="project file that is merged into it, and only read")],
    dataset: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="a dataset with all that is on it; repeatable")
    ] = None,
    run: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="a run with what it was made of; repeatable")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Bring datasets and runs of another project into a project; all of them, if none is named.

    They come with snapshots, notes, subsets, sweeps, searches and their history, so that an exported script makes them
    again. What is in the project already with the same content does not come twice.
    """
    with session_of(project, create=True) as session, progress() as report:
        wanted = _wanted(session.offers(other), dataset or (), run or (), other.name) if dataset or run else None
        job = session.merge(other, wanted)
        try:
            while not job.wait(0.1):
                report("Merging", job.progress)
        except KeyboardInterrupt:
            job.cancel()
        found = job.result()
        came = [{"name": thing.name, "id": thing.id} for thing in found.things]
    if as_json:
        print_json({"came": came, "here": list(found.here), "renamed": dict(found.renamed)})
        return
    for sentence in found.sentences:
        print(sentence)


def _wanted(offers: Sequence[Offer], datasets: Sequence[str], runs: Sequence[str], file: str) -> list[str]:
    """Ids of what is named, and of all that is on the datasets."""
    chosen = [_called(offers, "dataset", name, file) for name in datasets]
    on_them = [offer.id for offer in offers if offer.dataset in chosen]
    return [*on_them, *(_called(offers, "run", name, file) for name in runs)]


def _called(offers: Sequence[Offer], kind: str, name: str, file: str) -> str:
    like = [offer for offer in offers if offer.kind == kind]
    for offer in like:
        if name in (offer.id, offer.id.rpartition("/")[2], offer.name):
            return offer.id
    listed = ", ".join(repr(offer.name) for offer in like) or "none"
    raise WorkbenchError(f"There is no {kind} called {name!r} in {file}; there is {listed}.")

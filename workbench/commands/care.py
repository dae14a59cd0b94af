"""`salvage`: what can still be read of a damaged project, as a new one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from workbench.commands.common import AsJson, ProjectPath
from workbench.terminal import print_json, progress


def salvage(
    project: ProjectPath,
    out: Annotated[Path, typer.Option("-o", "--out", help="project file to write")],
    as_json: AsJson = False,
) -> None:
    """Write what can be read of a damaged project to a new one, and tell what was left behind.

    Every block of what is taken over matches its hash. The damaged file stays as it is.
    """
    from workbench.session.salvage import salvage as write

    with progress() as report:
        found = write(project, out, progress=lambda share: report("Salvaging", share))
    if as_json:
        print_json({"kept": found.kept, "left": list(found.left)})
        return
    for sentence in found.left:
        print(sentence)
    things = "1 thing is" if found.kept == 1 else f"{found.kept} datasets, runs and the like are"
    print(f"{things} in {out}; {'nothing was' if not found.left else 'what is listed above was'} left behind.")

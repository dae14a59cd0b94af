"""The command that tells how far to trust a learned metric: refits of a run, in words, as JSON and as a page."""

from __future__ import annotations

from typing import Annotated

import typer

from workbench.commands.common import AsJson, PageFile, ProjectPath, RunName, run_called, session_of
from workbench.errors import WorkbenchError
from workbench.terminal import plain, print_json, print_table, progress


def stability(
    project: ProjectPath,
    run: RunName = "",
    refits: Annotated[int, typer.Option("--resamples", help="how often to learn again")] = 20,
    scheme: Annotated[
        str, typer.Option("--by", help="what changes: bootstrap (rows drawn anew), folds (a part left out) or seeds")
    ] = "bootstrap",
    seed: Annotated[int, typer.Option(help="seed of the draws")] = 0,
    out: PageFile = None,
    as_json: AsJson = False,
) -> None:
    """Learn a run's metric again and again and tell how stable it is; Ctrl-C stops it, and asking again goes on."""
    from workbench.reports import write_stability
    from workbench.reports.pages import check_form
    from workbench.views import scene_of
    from workbench.views import stability as page

    if out is not None:
        check_form(out, "measured stability")
    with session_of(project) as session:
        chosen = run_called(session, run)
        job = session.measure_stability(chosen, scheme, refits, seed=seed)
        with progress() as report:
            try:
                while not job.wait(0.1):
                    report(job.title, job.progress)
            except KeyboardInterrupt:
                job.cancel()
                job.wait()
        if job.status == "failed":
            raise WorkbenchError(job.error)
        scene = scene_of(chosen)
        if scene is None or not page.applies(scene):
            raise WorkbenchError(f"Too little is measured of run '{chosen.name}': ask again to go on.")
        data, measured = page.compute(scene), scene.stability
        assert measured is not None
        written = None if out is None else write_stability(chosen, out)
        result = {
            "run": chosen.name,
            "by": measured.resampling.scheme,
            "refits": measured.stability.n_refits,
            "complete": measured.is_complete,
            "seconds": measured.seconds,
            "headline": data.headline,
            "features": list(chosen.dataset.feature_names),
            "relevances": plain(measured.stability.relevances),
            "relevance_bands": plain(measured.stability.relevance_bands),
            "rank_bands": plain(measured.stability.rank_bands),
            "rank_correlations": plain(measured.stability.rank_correlations),
            "eigenvalues": plain(measured.stability.eigenvalues),
            "eigenvalue_bands": plain(measured.stability.eigenvalue_bands),
            "groups": [list(group) for group in measured.stability.groups],
            "group_overlaps": plain(data.overlap_bands[1]),
        }
    if as_json:
        print_json(result)
        return
    heads = ("feature", "relevance", "of refits", "rank", "in refits")
    print_table(data.headline, heads, [dict(zip(heads, row, strict=True)) for row in data.rows])
    for line in (*data.told, *([] if written is None else [str(written)])):
        print(line)

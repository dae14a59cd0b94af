"""The page of a search as a file; what it shows is computed in `views`, its form is that of `pages`."""

from __future__ import annotations

from pathlib import Path

from workbench.reports.pages import PageTable, PageWords, write_page
from workbench.session import Search
from workbench.views import search
from workbench.views.wording import counted

MOST_ROWS = 500


def write_search(made: Search, path: Path) -> Path:
    """Write the page of a search, as far as it has come; `path` ends in one of `pages.FORMS`.

    Raises
    ------
    ReportError
        If the ending is another, or the file cannot be written.
    """
    data = search.compute(made)
    return write_page(path, "search", search.figure, data, _words(made, data))


def method(made: Search) -> str:
    """How the numbers of a search came about, in some sentences."""
    rows = made.dataset.n_in("train", labelled=made.engine.supervised)
    drawn = "every combination of the values" if made.scheme == "grid" else "drawn at random"
    cut = "each class cut alike" if made.engine.supervised else "cut at random"
    fitted = (
        ""
        if made.dataset.recipe.changes_nothing
        else " The preprocessing is fitted anew for each fold, without the rows that are held out."
    )
    return (
        f"{counted(len(made.keys), 'trial')}, {drawn} (seed {made.seed}). The {rows:,} training rows are shuffled and "
        f"cut into {made.folds} folds, {cut}, the same for every trial. A trial learns from all folds but one and is "
        f"judged on that one, in turn: the score is the {made.score.title}, the standard error that of the mean over "
        f"the folds. Rows for validation and for testing have no part in it.{fitted} Trials within one standard error "
        "of the best cannot be told from it (Breiman, Friedman, Olshen and Stone 1984). The score of the best of many "
        "trials is somewhat too good to be true: judge the run that is trained with it on rows for testing."
    )


def _words(made: Search, data: search.SearchData) -> PageWords:
    shown = data.order[:MOST_ROWS]
    left = len(data.order) - len(shown)
    over = "" if data.heat is None else f", and over {data.heat.x} and {data.heat.y}"
    return PageWords(
        title=data.title,
        about=f"{made.engine.title} on {made.dataset.name}, {made.facts.created.replace('T', ' ')[:16]}",
        headline=data.headline,
        reason=data.reason,
        shows=f"The {data.score.title} of every trial, with its standard error, against each parameter{over}.",
        remarks=data.remarks,
        tables=[
            PageTable(
                "Trials, the best first" + (f" ({left:,} more are left out)" if left else ""),
                data.columns,
                [data.row(trial) for trial in shown],
                0 if data.best is not None else None,
            )
        ],
        method=method(made),
        parameters=made.parameters,
    )

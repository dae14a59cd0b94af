"""How fitted engines and runs are shown where a cell ends with one: a small picture of what they learned, and words."""

from __future__ import annotations

import base64
import html
from typing import Any

from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted

from engines.base import Engine
from workbench.notebook.stills import paged_figure
from workbench.session import Run
from workbench.views import NoRoom, Page, Scene, render, theme, view
from workbench.views.looker import newest_scene
from workbench.views.model_scene import ModelOnRows
from workbench.views.run_words import STATUS
from workbench.views.wording import metric_title, number

TELLING = ("som", "relevance", "local_relevance", "prototypes", "code_atlas", "curves")
"""Views that tell what was learned, of which the first that applies is the picture."""

WIDTH = 560
"""Pixels of the page that the picture takes; it has twice as many of its own, for sharp screens."""
LETTERS = 6.5
"""Points of a tick label: of larger ones views go narrow, with one part under the other."""

Bundle = dict[str, Any]


def register() -> None:
    """Let IPython show engines and runs so; outside of IPython nothing happens."""
    try:
        from IPython import get_ipython
    except ImportError:
        return
    shell = get_ipython()
    if shell is not None:
        formatter = shell.display_formatter.mimebundle_formatter
        formatter.for_type(Engine, bundle_of_engine)
        formatter.for_type(Run, bundle_of_run)


def bundle_of_engine(model: Engine, include: Any = None, exclude: Any = None) -> Bundle:
    """Of a fitted engine a picture and its parameters; of another one the parameters alone."""
    words = [f"{name} = {value!r}" for name, value in _told_parameters(model).items()]
    title = type(model).__name__
    try:
        check_is_fitted(model)
    except NotFittedError:
        return _bundle(repr(model), title, "not fitted", words, None)
    scene = ModelOnRows(model).scene()
    return _bundle(repr(model), title, _figures(scene), words, _picture(scene))


def bundle_of_run(run: Run, include: Any = None, exclude: Any = None) -> Bundle:
    """Of a run that has learned something a picture, how far it is, and its parameters."""
    scene = newest_scene(run)
    defaults = {parameter.name: parameter.default for parameter in run.engine.parameters}
    words = [f"{k} = {v!r}" for k, v in run.parameters.items() if k in defaults and v != defaults[k]]
    status = STATUS[run.status] + (f" · {_figures(scene)}" if scene is not None else "")
    title = f"{run.name} · {run.engine.title}"
    return _bundle(repr(run), title, status, words, None if scene is None else _picture(scene))


def _told_parameters(model: Engine) -> dict[str, Any]:
    """Those that are not at their defaults."""
    defaults = type(model)().get_params(deep=False)
    return {k: v for k, v in model.get_params(deep=False).items() if repr(v) != repr(defaults[k])}


def _figures(scene: Scene) -> str:
    snapshot = scene.snapshot
    told = [f"iteration {snapshot.iteration:,}"] if snapshot.iteration else []
    told += [f"{metric_title('cost')} {number(snapshot.cost)}"] if snapshot.cost == snapshot.cost else []
    return " · ".join(told)


def _picture(scene: Scene) -> bytes | None:
    """The view that tells most, as a small PNG."""
    candidate = next((each for each in map(view, TELLING) if each.applies(scene)), None)
    if candidate is None:
        return None
    data, page = candidate.compute(scene), Page(WIDTH / 96, letters=LETTERS)
    try:
        made = paged_figure(candidate, data, theme("light"), page)
    except NoRoom:
        made = candidate.figure(data, theme("light"))
    return render(made, "png", dpi=2 * WIDTH / made.get_size_inches()[0])


def _bundle(plain: str, title: str, status: str, parameters: list[str], picture: bytes | None) -> Bundle:
    words = f"<b>{html.escape(title)}</b>"
    if status:
        words += f" &nbsp; {html.escape(status)}"
    if parameters:
        words += f"<br><code>{html.escape(', '.join(parameters))}</code>"
    made: Bundle = {"text/plain": plain}
    if picture is not None:
        encoded = base64.b64encode(picture).decode("ascii")
        made["image/png"] = encoded
        alternative = html.escape(f"What {title} has learned")
        words += f'<br><img width="{WIDTH}" alt="{alternative}" src="data:image/png;base64,{encoded}">'
    made["text/html"] = f'<div class="vqw-shown">{words}</div>'
    return made

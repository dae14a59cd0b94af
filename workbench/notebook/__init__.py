"""The workbench in JupyterLab: each view as a widget, on the same sessions as the window.

    import workbench.notebook as nb
    nb.Workbench("p.vqw")                    # a project: import, train, look, undo
    nb.Projection(run)                       # a run of a project, live while it learns
    nb.Projection(model, X, y)               # or any fitted engine, with rows to look at it with
    nb.Figure(run, view="confusion")         # any other view, as its own figure
    nb.RunMonitor(run)                       # status, learning curves, pause, step, stop, resume
    nb.link(a, b)                            # share what is picked, as views of one session do by themselves

Widgets draw what `workbench.views` computes, and compute nothing of their own.

How a view becomes a widget
---------------------------
One file here, one file in `static`, one line in `__all__`, and one in `tabs`, which knows the widget of each view.

1.  `gallery.py`: a subclass of `ViewWidget` with `VIEW = "prototypes"` and `_esm = module("gallery")`. It writes
    `drawing(data, picked, theme)`: from what the view computed to a `Drawing` of facts (JSON) and arrays (float32,
    int32, int16 or uint8). Arrays and facts that are as before are not sent again, so all are given each time. With
    `COLOURED = True` it is made anew for another theme; without, the browser takes all colours from the palette.
2.  Where people can choose: traits without `sync`, told by `state()` (the picture is made anew when it changes), put
    into words for the view by `asked(picked)` (its `Scene.asked`), and set by `chose(told)` from what the browser says.
    Where they can pick: `pick(told, buffers)` gives a `workbench.views.picking.Pick`; the rest is done.
3.  `static/gallery.js` ends with `export default widget(class extends Picture {...})`. `host.js` has the contract:
    `build()` makes the elements once, `draw(changed)` draws `this.facts` and `this.arrays`; `this.ask(...)`,
    `this.choose(...)` and `this.point(...)` send. `axes.js` has axes and canvases, `plane.js` a plane to zoom and pick.

Around that, `ViewWidget` and `host.js` care for: live frames with back-pressure (`feed`, `pressure`), the theme, size,
one clear sentence where something fails, the picture for exported notebooks, screen readers, and closing.
"""

from workbench.notebook import display
from workbench.notebook.figure import Figure
from workbench.notebook.linking import link
from workbench.notebook.monitor import RunMonitor
from workbench.notebook.projection import Projection
from workbench.notebook.tabs import widget_for
from workbench.notebook.widget import ViewWidget
from workbench.notebook.workbench import Workbench

display.register()

__all__ = ["Figure", "Projection", "RunMonitor", "ViewWidget", "Workbench", "link", "widget_for"]

"""The workbench in JupyterLab: each view as a widget, on the same sessions as the window.

    import workbench.notebook as nb
    nb.Workbench("p.vqw")                    # a project: import, train, look, undo
    nb.Projection(run)                       # a run of a project, live while it learns
    nb.Projection(model, X, y)               # or any fitted engine, with rows to look at it with
    nb.PrototypeGallery(model, image_shape=(8, 8))
    nb.RelevanceMatrix(model, X, y)          # also of local metrics, all or one by one
    nb.SOMMap(som, X, y)                     # U-matrix, hits, classes, planes of features
    nb.Reconstructions(model, X)             # original, code, reconstruction, error
    nb.RateDistortion({"name": model}, X)    # or runs, of one project or of several
    nb.Figure(run, view="confusion")         # any other view, as its own figure
    nb.RunMonitor(run)                       # status, learning curves, pause, step, stop, resume
    nb.link(a, b)                            # share what is picked, as views of one session do by themselves

Widgets draw what `workbench.views` computes, and compute nothing of their own.

How a view becomes a widget
---------------------------
One file here, one file in `static`, one line in `__all__`, and one in `tabs`, which knows the widget of each view.

1.  `gallery.py`: a subclass of `ViewWidget` with `VIEW = "prototypes"` and `_esm = module("axes", "gallery")`,
    which names the files of `static` it is made of, shared ones first. It writes `drawing(data, picked, theme)`:
    from what the view computed, and what is picked, to a `Drawing` of facts (JSON) and arrays (float32, int32,
    int16 or uint8). All are given each time; what is as before is not sent again. With `COLOURED = True` it is made
    anew for another theme; without, the browser takes all colours from the palette. Facts that are there while
    there is nothing to draw come from `always()`.
2.  Where people can choose: traits without `sync`, told by `state()` (the picture is made anew when it changes),
    put into words for the view by `asked(picked)` (its `Scene.asked`), and set by `chose(told)` from what the
    browser says. Where they can pick: `pick(told, buffers)` gives a `workbench.views.picking.Pick`; the rest is
    done. Where they can press a button that must not wait: `do(told)`.
3.  `static/gallery.js` ends with `export default widget(class extends Picture {...})`. `build()` makes its elements
    once, `draw(changed)` draws `this.facts` and `this.arrays`, `describe()` says it in a sentence;
    `this.choose({...})`, `this.point({...}, outline)` and `this.act(name)` tell the kernel. See `host.js`;
    `axes.js` has canvases, axes, markers and legends, `stamps.js` many marks at once, `plane.js` a plane to zoom
    and pick in, `sheet.js` a sheet that scrolls, with places that are told, picked and framed, `tiles.js` small
    pictures with captions, `shades.js` colours of values and their scales, `picking.js` what keys and clicks mean.
    Picks of prototypes, features and rows, and what is picked as arrays, are in `picks.py`.

Around that, `ViewWidget` and `host.js` care for: live frames with back-pressure (`feed`, `pressure`), where state
and picture go in one message; the theme and the size; one sentence where something fails; the picture for exported
notebooks (`stills`); names for screen readers; and closing. Everything but the constructor and `close` runs on the
feed's thread, where no trait that goes to the browser may be set.
"""

from workbench.notebook import display
from workbench.notebook.figure import Figure
from workbench.notebook.gallery import PrototypeGallery
from workbench.notebook.linking import link
from workbench.notebook.monitor import RunMonitor
from workbench.notebook.projection import Projection
from workbench.notebook.rate_distortion import RateDistortion
from workbench.notebook.reconstructions import Reconstructions
from workbench.notebook.relevance import RelevanceMatrix
from workbench.notebook.som import SOMMap
from workbench.notebook.tabs import widget_for
from workbench.notebook.widget import ViewWidget
from workbench.notebook.workbench import Workbench

display.register()

__all__ = [
    "Figure",
    "Projection",
    "PrototypeGallery",
    "RateDistortion",
    "Reconstructions",
    "RelevanceMatrix",
    "RunMonitor",
    "SOMMap",
    "ViewWidget",
    "Workbench",
    "link",
    "widget_for",
]

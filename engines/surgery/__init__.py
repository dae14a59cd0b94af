"""Prototype surgery: merge, split, delete, add, relabel, pin and prune the prototypes of a fitted engine.

Each operation is a function of a fitted engine that gives a new one and changes nothing it was given. The new engine
uses its prototypes at once, and its own parameters start from exactly these prototypes and metric, in the order of
the classes, so `fit` and `train` go on from there: iteration 0 is what the operation made. Figures of a training that
lies behind (`history_`, `labels_`, `inertia_`) are not carried over. Learning rates and neighbourhoods that fall with
time begin anew, but for that of `NeuralGas`, which stays narrow. Units of a map are tied to its grid: `going_on` gives
a KMeans with the same prototypes, which may be operated on.

>>> from sklearn.datasets import load_iris
>>> from engines import GMLVQ, surgery
>>> X, y = load_iris(return_X_y=True)
>>> model = GMLVQ(3, random_state=0, max_iter=5).fit(X, y)
>>> smaller = surgery.prune(model, X, y)
>>> surgery.effect(model, smaller, X, y).rise <= 0
True
>>> model = smaller.fit(X, y)  # goes on from the prototypes that are left
"""

from engines.surgery.operations import add, delete, going_on, half_apart, merge, pin, relabel, split, unpin
from engines.surgery.untying import TIED, can_go_on, untied
from engines.surgery.usefulness import Effect, effect, merge_close, prune

__all__ = [
    "TIED",
    "Effect",
    "add",
    "can_go_on",
    "delete",
    "effect",
    "going_on",
    "half_apart",
    "merge",
    "merge_close",
    "pin",
    "prune",
    "relabel",
    "split",
    "unpin",
    "untied",
]

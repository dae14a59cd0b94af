"""How long the window is deaf while MNIST-sized runs train and draw: tests/benchmarks/responsiveness.py [FOLDER].

FOLDER, by default what VQ_MNIST names, holds the MNIST files (train-images-idx3-ubyte.gz and its labels). Printed are
the gaps of a 10 ms timer of the interface thread, view by view, and the time from the click on Stop to the stopped run.
Targets: p99 of at most 50 ms, at most 150 ms ever, stopped within 200 ms. Nothing is asserted.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

from PySide6.QtCore import QEventLoop, QObject, QTimer, Slot
from PySide6.QtWidgets import QApplication

from workbench.data import guess
from workbench.desktop.app import SWITCH_SECONDS
from workbench.desktop.settings import Settings
from workbench.desktop.theme import ThemeSwitch
from workbench.desktop.window import Window
from workbench.session import Run

RUNS = (
    ("KMeans", {"n_clusters": 256, "tol": 0.0, "n_init": 5}),
    ("GMLVQ", {"prototypes_per_class": 3, "rank": 30, "max_iter": 500, "tol": 0.0}),
    ("SOM", {"shape": (20, 20), "max_iter": 500}),
    (
        "GaussianMixture",
        {"n_components": 10, "covariance_type": "diag", "reg_covar": 25.0, "tol": 0.0, "max_iter": 500},
    ),
    ("ResidualQuantizer", {"n_stages": 4, "n_bits": 6}),
)
"""Engine and parameters; every view that fits is drawn while it trains."""
SIDE_BY_SIDE = ("projection", "prototypes", "curves", "picked")
SECONDS = 4.0


class Gaps(QObject):
    """Times between the ticks of a 10 ms timer on the interface thread."""

    def __init__(self) -> None:
        super().__init__()
        self._last = time.perf_counter()
        self.seconds: list[float] = []
        self._timer = QTimer(self, interval=10)
        self._timer.timeout.connect(self._tick)
        self._timer.start()

    @Slot()
    def _tick(self) -> None:
        now = time.perf_counter()
        self.seconds.append(now - self._last)
        self._last = now

    def take(self) -> dict[str, float]:
        """Figures in ms since the last call."""
        ms = 1000 * np.array(self.seconds)
        self.seconds = []
        return {
            "p50": round(float(np.percentile(ms, 50)), 1),
            "p99": round(float(np.percentile(ms, 99)), 1),
            "max": round(float(ms.max()), 1),
            "ticks": len(ms),
        }


def main(folder: Path) -> None:
    """Import, train, look at each view, stop."""
    sys.setswitchinterval(SWITCH_SECONDS)
    application = QApplication([])
    gaps = Gaps()
    with tempfile.TemporaryDirectory() as place:
        settings = Settings(Path(place) / "window.ini")
        window = Window(settings, ThemeSwitch(settings))
        window.resize(1400, 900)
        window.show()

        def until(condition: Callable[[], object], seconds: float = 300.0) -> None:
            end = time.monotonic() + seconds
            while not condition():
                if time.monotonic() > end:
                    raise TimeoutError
                application.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents)

        def rest(seconds: float) -> None:
            end = time.monotonic() + seconds
            until(lambda: time.monotonic() > end)

        window.projects.create(Path(place) / "mnist.vqw")
        until(lambda: window.session is not None)
        session = window.session
        assert session is not None
        pool = ThreadPoolExecutor(
            1
        )  # the window guesses and adds runs off the interface thread, and so is it done here
        plan = guess(folder / "train-images-idx3-ubyte.gz")

        def added(engine: str, parameters: dict[str, object]) -> Run:
            made = pool.submit(session.add_run, dataset, engine, parameters)
            until(made.done)
            rest(0.2)  # until the tree was told of it
            window.tree.select(made.result())
            return made.result()

        rest(3)  # nobody is faster; meanwhile the engines are loaded
        tell("starting", gaps.take())
        job = session.import_data(plan)
        until(job.done)
        tell("while importing", gaps.take())
        dataset = job.result()

        def looked_at(engine: str, parameters: dict[str, object], run: Run, what: str) -> Run:
            """Tell the figures of some seconds; gives the run that trains, another one if that has ended."""
            rest(0.3)
            gaps.take()
            before, drawn = run.sequence, window.live.n_drawn
            rest(SECONDS)
            figures = gaps.take() | {"snapshots": run.sequence - before, "drawn": window.live.n_drawn - drawn}
            tell(f"{engine}: {what}", figures)
            return run if run.active else added(engine, parameters)

        for engine, parameters in RUNS:
            run = added(engine, parameters)
            until(lambda: run.sequence > 2)  # noqa: B023
            until(lambda: window.live.shown is run and run.sequence and window.views.front.shown is not None)  # noqa: B023
            tell(f"{engine}: first steps", gaps.take())
            session.selection.pick_prototypes(run.id, [1])
            for name in [pane.view.name for pane in window.views.panes if pane.view.name in window.live.looker.fitting]:
                window.views.show_view(name)
                run = looked_at(engine, parameters, run, f"{name} drawn live")
            for name in SIDE_BY_SIDE[1:]:
                window.views.show_view(name)
                window.views.split()
            window.views.show_view(SIDE_BY_SIDE[0])
            run = looked_at(engine, parameters, run, f"{len(window.views.visible_panes())} views side by side")
            window.views.reset()
            rest(0.5)
            tell(f"{engine}: views put back", gaps.take())
            clicked = time.perf_counter()
            window.actions_by_name.by_name["stop"].trigger()
            until(lambda: not run.active and gaps.seconds)  # noqa: B023
            tell(f"{engine}: stop", {"ms": round(1000 * (time.perf_counter() - clicked))} | gaps.take())
            until(lambda: run.job is not None and run.job.done())  # noqa: B023
        window.close()
        until(lambda: not window.isVisible())
        tell("closing", gaps.take())
        pool.shutdown()


def tell(what: str, figures: dict[str, float]) -> None:
    """One line of figures."""
    print(f"{what:36s} {json.dumps(figures)}", flush=True)


if __name__ == "__main__":
    given = sys.argv[1] if len(sys.argv) > 1 else os.environ.get("VQ_MNIST")
    if given is None:
        print("MNIST is not here; name its folder in VQ_MNIST")
    else:
        main(Path(given))

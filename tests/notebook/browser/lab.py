"""A real JupyterLab and a real browser: one server and one browser, a notebook for each test; no tests."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import nbformat

ROOT = Path(__file__).parents[3]
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
TOKEN = "for-the-tests"
PATIENCE = 60_000
"""Milliseconds: a machine may be busy."""


def missing() -> str:
    """What is not installed that these tests need, in a sentence; "" where nothing is missing."""
    lacking = [name for name in ("jupyterlab", "playwright", "ipykernel", "anywidget") if find_spec(name) is None]
    if lacking:
        return f"Not installed: {', '.join(lacking)}; pip install vq-workbench[notebook,browser] brings them."
    return "" if browser_path() else "There is no Chromium: apt-get install chromium, or any Google Chrome, brings one."


def browser_path() -> str:
    """Where the browser is; "" where there is none."""
    return next((path for name in BROWSERS if (path := shutil.which(name))), "")


class Lab:
    """A server over a folder, and a browser; use as a context manager."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._n_notebooks = 0

    def __enter__(self) -> Self:
        from playwright.sync_api import sync_playwright

        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port = free.getsockname()[1]
        places = {f"JUPYTER_{kind}_DIR": str(self.folder / f".{kind}") for kind in ("CONFIG", "DATA", "RUNTIME")}
        environment = (
            os.environ
            | places
            | {
                "IPYTHONDIR": str(self.folder / ".ipython"),
                "PYTHONPATH": str(ROOT),
                "JUPYTERLAB_SETTINGS_DIR": str(self.folder / ".settings"),
                "JUPYTERLAB_WORKSPACES_DIR": str(self.folder / ".workspaces"),
            }
        )
        self._log = (self.folder / "server.log").open("w")
        self._server = subprocess.Popen(
            [
                *(sys.executable, "-m", "jupyterlab", "--no-browser", "--ip=127.0.0.1", f"--port={self._port}"),
                *(f"--IdentityProvider.token={TOKEN}", "--ServerApp.root_dir=.", "--allow-root"),
                "--LabApp.expose_app_in_browser=True",
                "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
                "--LabApp.news_url=None",
            ],
            cwd=self.folder,
            env=environment,
            stdout=self._log,
            stderr=subprocess.STDOUT,
        )
        self._await_server()
        self._playwright = sync_playwright().start()
        self._browser = self._playwright.chromium.launch(executable_path=browser_path(), args=list(FLAGS))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._browser.close()
        self._playwright.stop()
        self._server.terminate()
        try:
            self._server.wait(20)
        except subprocess.TimeoutExpired:
            self._server.kill()
            self._server.wait()
        self._log.close()

    def _await_server(self) -> None:
        end = time.monotonic() + PATIENCE / 1000
        while True:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{self._port}/api?token={TOKEN}", timeout=2).close()
                return
            except (urllib.error.URLError, OSError):
                if time.monotonic() > end or self._server.poll() is not None:
                    log = (self.folder / "server.log").read_text()
                    raise RuntimeError(f"JupyterLab did not start: {log}") from None
                time.sleep(0.2)

    def open(self, *cells: str) -> Notebook:
        """A new notebook of code cells, in a page of its own, its kernel idle."""
        self._n_notebooks += 1
        name = f"notebook{self._n_notebooks}.ipynb"
        made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
        made.metadata.kernelspec = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}
        nbformat.write(made, self.folder / name)
        context = self._browser.new_context(viewport={"width": 1280, "height": 1000})
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        place = f"lab/workspaces/of-{self._n_notebooks}/tree/{name}"  # one of its own, where no other is opened again
        return Notebook(page, f"http://127.0.0.1:{self._port}/{place}?token={TOKEN}")


class Notebook:
    """A notebook in a page.

    Attributes
    ----------
    page : playwright Page
    errors : list of str
        What the page complained of.
    """

    def __init__(self, page: Any, url: str) -> None:
        self.page = page
        self.errors: list[str] = []
        page.on("console", lambda message: self.errors.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.goto(url)
        page.wait_for_selector(".jp-Notebook .jp-Cell")
        self.until_idle()

    def until_idle(self) -> None:
        """Wait until the kernel is there and does nothing."""
        self.page.wait_for_function(
            "() => window.jupyterapp?.shell.currentWidget?.sessionContext?.session?.kernel?.status === 'idle'"
        )

    def command(self, name: str, **arguments: Any) -> None:
        """Carry out a command of JupyterLab."""
        self.page.evaluate("([name, args]) => window.jupyterapp.commands.execute(name, args)", [name, arguments])

    def run(self, cell: int, *, wait: bool = True) -> None:
        """Run the cell of this number; with `wait`, until it is done."""
        self.page.evaluate("k => { window.jupyterapp.shell.currentWidget.content.activeCellIndex = k; }", cell)
        self.page.evaluate("() => { window.jupyterapp.commands.execute('notebook:run-cell'); }")
        if wait:
            self.until_done(cell)

    def until_done(self, cell: int) -> None:
        """Wait until a cell that was run is done; the kernel may seem idle before, as it answers the page meanwhile."""
        self.page.wait_for_function(
            "k => /\\d/.test(window.jupyterapp.shell.currentWidget.content.widgets[k]"
            ".node.querySelector('.jp-InputPrompt').textContent)",
            arg=cell,
        )

    def output(self, cell: int) -> str:
        """What stands under a cell as text."""
        found: str = self.page.evaluate(
            "k => window.jupyterapp.shell.currentWidget.content.widgets[k].outputArea?.node.innerText ?? ''", cell
        )
        return found

    def widget(self, title: str) -> Any:
        """The widget with this title."""
        return self.page.locator(f'section.vqw[aria-label^="{title}"]')

    def theme(self, name: str) -> None:
        """Change JupyterLab's theme to "light" or "dark"."""
        self.command("apputils:change-theme", theme=f"JupyterLab {name.title()}")
        light = "true" if name == "light" else "false"
        self.page.wait_for_selector(f'body[data-jp-theme-light="{light}"]', state="attached")

    def close(self) -> None:
        """Shut the kernel down and close the page."""
        self.page.evaluate("() => window.jupyterapp.shell.currentWidget.sessionContext.shutdown()")
        self.page.context.close()

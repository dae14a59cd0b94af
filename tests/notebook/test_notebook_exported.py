"""A notebook that was executed keeps pictures of its widgets, which an export shows to people without a kernel."""

from __future__ import annotations

import base64
import io
import os
from pathlib import Path
from typing import Any

import nbformat
import pytest
from PIL import Image

ROOT = Path(__file__).parents[2]
CELLS = (
    "import workbench.notebook as nb\nfrom engines import GMLVQ\nfrom sklearn.datasets import load_iris\n"
    "iris = load_iris()\nmodel = GMLVQ(random_state=0, max_iter=3).fit(iris.data, iris.target)",
    "nb.Projection(model, iris.data, iris.target, svg=True)",
    "model",
    "nb.RunMonitor(model, theme='dark')",
)


@pytest.fixture(scope="module")
def executed(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The notebook of these cells with its outputs."""
    client = pytest.importorskip("nbclient", reason="Not installed: nbclient, which executes notebooks.")
    folder = tmp_path_factory.mktemp("executed")
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in CELLS])
    environment = os.environ | {"PYTHONPATH": str(ROOT), "IPYTHONDIR": str(folder / "ipython")}
    made = client.NotebookClient(notebook, timeout=300, kernel_name="python3")
    return made.execute(cwd=str(folder), env=environment)


@pytest.mark.slow
def test_every_widget_keeps_a_picture(executed: Any) -> None:
    for cell in executed.cells[1:]:
        data = cell.outputs[0].data
        assert min(Image.open(io.BytesIO(base64.b64decode(data["image/png"]))).size) > 100
    assert executed.cells[1].outputs[0].data["image/svg+xml"].startswith("<?xml")
    assert "GMLVQ" in executed.cells[2].outputs[0].data["text/html"]


@pytest.mark.slow
def test_an_export_without_widgets_shows_the_pictures(executed: Any) -> None:
    nbconvert = pytest.importorskip("nbconvert", reason="Not installed: nbconvert, which exports notebooks.")
    bare = nbformat.from_dict(dict(executed))
    bare.metadata.pop("widgets", None)  # as JupyterLab saves a notebook
    page, _ = nbconvert.HTMLExporter().from_notebook_node(bare)
    assert "data:image/svg+xml" in page, "of the projection, as was asked"
    for cell in (2, 3):
        assert executed.cells[cell].outputs[0].data["image/png"].strip() in page.replace("\n", "")

"""ONNX networks against the engine and the recipe that they are made of, by onnxruntime."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest

from engines import ArrayRows, DeepVQ
from tests.reports.conftest import Shelf
from workbench.data import Recipe
from workbench.data.fitting import fit_recipe
from workbench.reports import ReportError, export, onnx_files
from workbench.reports.onnx_graph import decoder_model, encoder_model

RECIPES = {
    "none": Recipe(),
    "standard": Recipe(scaling="standard"),
    "filled": Recipe(missing="median", scaling="symmetric"),
    "whitened": Recipe(scaling="minmax", whitening="zca"),
    "components": Recipe(whitening="pca"),
    "contrast": Recipe(contrast=True, whitening="zca"),
}


def ran(network, **given):
    session = onnxruntime.InferenceSession(network.SerializeToString(), providers=["CPUExecutionProvider"])
    return dict(zip([output.name for output in session.get_outputs()], session.run(None, given), strict=True))


def raw_rows(dtype=np.float64):
    rng = np.random.default_rng(0)
    return (5 + rng.normal(size=(300, 6)) @ rng.normal(size=(6, 6))).astype(dtype)


@pytest.mark.parametrize("method", ["product", "sign"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", RECIPES)
def test_networks_take_and_give_raw_rows_as_engine_and_recipe_do(name: str, dtype: type, method: str) -> None:
    raw = raw_rows(dtype)
    if name == "filled":
        raw[::7, 2] = np.nan
        raw[1, 0] = np.inf
    recipe = fit_recipe(RECIPES[name], ArrayRows(raw), tuple("abcdef"))
    X = recipe.transform(raw)
    told = {"n_bits": 11, "hidden": (9, 7), "max_iter": 3, "device": "cpu", "random_state": 0, "learning_rate": 0.01}
    model = DeepVQ(method=method, **told).fit(X)
    coder = model.coder(X.dtype)
    found = ran(encoder_model(coder, recipe, {}), rows=raw)
    latent = model.transform(X)
    assert len(coder.links) == (2 if method == "product" else 3)
    sure = np.logical_and.accumulate(coder.margins(latent) > 1e-4, axis=1)  # later links are told the bits before
    assert sure.mean() > 0.99
    np.testing.assert_allclose(found["latent"][sure[:, -1]], latent[sure[:, -1]], atol=1e-4)
    np.testing.assert_array_equal(found["bits"][sure], model.encode(X)[sure])
    np.testing.assert_array_equal(found["packed"], np.packbits(found["bits"] > 0, axis=1, bitorder="little"))
    bits = model.encode(X)
    rows = ran(decoder_model(coder, recipe, {}), bits=bits)["rows"]
    assert rows.dtype == dtype
    np.testing.assert_allclose(rows, recipe.inverse(model.decode(bits)), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(("activation", "decoder"), [("tanh", "tied"), ("relu", "untied"), ("gelu", "tied")])
def test_every_activation_is_the_engines(activation: str, decoder: str) -> None:
    raw = raw_rows(np.float32)
    recipe = fit_recipe(Recipe(), ArrayRows(raw), tuple("abcdef"))
    model = DeepVQ(n_bits=3, hidden=(8,), activation=activation, decoder=decoder, max_iter=2, device="cpu").fit(raw)
    coder = model.coder(raw.dtype)
    np.testing.assert_allclose(
        ran(encoder_model(coder, recipe, {}), rows=raw)["latent"], model.transform(raw), atol=1e-5
    )
    bits = model.encode(raw)
    found = ran(decoder_model(coder, recipe, {}), bits=bits)["rows"]
    np.testing.assert_allclose(found, model.decode(bits), rtol=1e-4, atol=1e-4)


@pytest.fixture(scope="module")
def run(shelf: Shelf):
    made = shelf.session.add_run(
        shelf.pictures.dataset, "DeepVQ", {"n_bits": 12, "hidden": [16], "max_iter": 2, "device": "cpu"}, name="deep"
    )
    assert made.wait(120) == "finished", made.error
    return made


def test_two_files_are_written_that_onnxruntime_takes(shelf: Shelf, run, tmp_path: Path) -> None:
    paths = export("onnx", shelf.session, run, tmp_path / "model.onnx")
    assert [path.name for path in paths] == ["model-encoder.onnx", "model-decoder.onnx"]
    raw = np.asarray(run.dataset.raw.read(0, 50), np.float32)
    bits = ran(onnx.load(paths[0]), rows=raw)["bits"]
    back = ran(onnx.load(paths[1]), bits=bits)["rows"]
    np.testing.assert_allclose(back, run.dataset.recipe.inverse(run.model().decode(bits)), rtol=1e-3, atol=1e-3)
    notes = {entry.key: entry.value for entry in onnx.load(paths[0]).metadata_props}
    assert "imported data" in notes["units"]
    assert {path.stem for path in export("onnx", shelf.session, run, tmp_path / "folder")} == {"encoder", "decoder"}


@pytest.mark.parametrize("which", ["encoder", "decoder"])
def test_a_network_that_runs_otherwise_is_not_saved(shelf: Shelf, run, which: str, tmp_path: Path, monkeypatch) -> None:
    make = getattr(onnx_files, f"{which}_model")

    def wrong(coder, recipe, notes):
        network = make(coder, recipe, notes)
        for node in network.graph.node:
            if node.op_type == "Sub" or (which == "decoder" and node.op_type == "Mul"):
                node.op_type = "Add"
        return network

    monkeypatch.setattr(onnx_files, f"{which}_model", wrong)
    with pytest.raises(ReportError, match=f"The {which} of run 'deep' gives other"):
        export("onnx", shelf.session, run, tmp_path / "model.onnx")
    assert not list(tmp_path.iterdir())

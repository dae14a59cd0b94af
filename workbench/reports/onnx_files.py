"""ONNX files: a portable model, or encoder and decoder of an engine of bits; tried by running before they are saved."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from workbench.reports.codebook import about
from workbench.reports.errors import ReportError
from workbench.reports.files import made_folder, written_beside
from workbench.reports.learned import Trained, Watch
from workbench.reports.onnx_graph import decoder_model, encoder_model
from workbench.reports.onnx_portable import portable_model
from workbench.reports.portable import Books, Portable, portable
from workbench.reports.portable_check import Answers, check, some_rows
from workbench.session import Session

if TYPE_CHECKING:
    from onnx import ModelProto

MARGIN = 1e-3
"""Bits that are nearer than that to being another, as the engine measures it, may come out either way."""
TOLERANCE = 1e-4
"""Of the range of what is decoded: by so much the rows of the two decoders may differ."""


def write_onnx(session: Session, run: Trained, path: Path, form: str, watch: Watch) -> tuple[Path, ...]:
    """Write what `run` learned and give the paths: one file, or of an engine of bits its two networks.

    Raises
    ------
    ReportError
        If ONNX has no operation for it, or onnxruntime finds other answers than the engine does.
    """
    return _write_networks(run, path, form, watch) if run.has_bits else _write_model(run, path, form, watch)


def _write_model(run: Trained, path: Path, form: str, watch: Watch) -> tuple[Path, ...]:
    """Write the recipe and rule of `run`; a `path` without ending is a folder, in which the file is called "model"."""
    model = portable(run)
    notes = _notes(run) | {"classes": json.dumps(model.classes, ensure_ascii=False, default=str)}
    network = portable_model(model, notes)
    watch(0.3)
    check(run, model, lambda raw: _answers(model, network, raw), "an ONNX file")
    watch(0.9)
    with made_folder(path.parent if path.suffix else path):
        target = path if path.suffix else path / f"model.{form}"
        with written_beside(target) as part:
            part.write_bytes(network.SerializeToString())
    watch(1.0)
    return (target,)


def _answers(model: Portable, network: ModelProto, raw: NDArray[Any]) -> Answers:
    """What onnxruntime says of raw rows."""
    names = [output.name for output in network.graph.output]
    found = dict(zip(names, _ran(network, {"rows": raw}), strict=True))
    if isinstance(model.rule, Books):
        return Answers(found["codes"], found["distance"][:, None])
    label = found.get("label")
    if label is not None and label.dtype.kind == "O":
        named = {str(value): value for value in model.classes}
        label = np.array([named[text] for text in label])
    return Answers(found["winner"], found["distances"], label, found.get("certainty"), found.get("posteriors"))


def _notes(run: Trained) -> dict[str, str]:
    """Metadata of every file."""
    return {
        "about": json.dumps(about(run), ensure_ascii=False),
        "features": json.dumps(run.data.raw_names, ensure_ascii=False),
        "units": "rows are in the units of the imported data",
    }


def _write_networks(run: Trained, path: Path, form: str, watch: Watch) -> tuple[Path, ...]:
    """Write the networks of an engine of bits.

    A `path` without ending is a folder, which is made; "deep.onnx" stands for "deep-encoder.onnx" and
    "deep-decoder.onnx". Both take and give rows in original units and run in float32, on any number of rows. Codes are
    int8 of -1 and +1; the encoder also packs them, the first bit lowest.

    Raises
    ------
    ReportError
        If onnxruntime makes other codes or rows of up to 2,000 rows of the dataset than the engine does; a bit that
        is within `MARGIN` of being another does not count, nor what comes after it, as it may depend on it.
    """
    model: Any = run.model
    recipe = run.data.recipe
    coder = model.coder(model.mean_.dtype)
    notes = _notes(run)
    encoder, decoder = encoder_model(coder, recipe, notes), decoder_model(coder, recipe, notes)
    watch(0.3)
    raw = some_rows(run)
    bits = _check_encoder(run, encoder, raw)
    watch(0.7)
    _check_decoder(run, decoder, bits)
    watch(0.9)
    with made_folder(path.parent if path.suffix else path):
        paths = tuple(
            path.with_name(f"{path.stem}-{name}.{form}") if path.suffix else path / f"{name}.{form}"
            for name in ("encoder", "decoder")
        )
        with written_beside(paths[0]) as first, written_beside(paths[1]) as second:
            first.write_bytes(encoder.SerializeToString())
            second.write_bytes(decoder.SerializeToString())
    watch(1.0)
    return paths


def _check_encoder(run: Trained, network: ModelProto, raw: NDArray[Any]) -> NDArray[np.int8]:
    """The engine's codes of the rows, which those of the network are."""
    model: Any = run.model
    X = run.data.recipe.transform(raw)
    latent, bits = np.asarray(model.transform(X)), np.asarray(model.encode(X), np.int8)
    found, packed, values = _ran(network, {"rows": raw})
    sure = np.logical_and.accumulate(model.coder(latent.dtype).margins(latent) > MARGIN, axis=1)
    same_packing = np.array_equal(np.packbits(found > 0, axis=1, bitorder="little"), packed)
    apart = np.abs(values - latent)
    apart[~sure[:, -1], model.link_sizes_[0] :] = 0
    if not same_packing or np.any((found != bits) & sure) or float(apart.max()) > MARGIN:
        _refuse(run, "encoder", "codes")
    return bits


def _check_decoder(run: Trained, network: ModelProto, bits: NDArray[np.int8]) -> None:
    model: Any = run.model
    rows = np.asarray(run.data.recipe.inverse(model.decode(bits)), np.float64)
    (found,) = _ran(network, {"bits": bits})
    if not np.allclose(found, rows, rtol=TOLERANCE, atol=TOLERANCE * float(np.ptp(rows))):
        _refuse(run, "decoder", "rows")


def _ran(network: ModelProto, given: dict[str, NDArray[Any]]) -> list[NDArray[Any]]:
    """What onnxruntime makes of the input, on the processor."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    content = network.SerializeToString()
    session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    return [np.asarray(values) for values in session.run(None, given)]


def _refuse(run: Trained, which: str, what: str) -> None:
    raise ReportError(
        f"The {which} of run '{run.run.name}' gives other {what} as an ONNX network than in the workbench, so nothing "
        "was saved: export the model instead."
    )

"""What the report says, in words and numbers ready to be set; how it looks is the template's affair."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from engines import EngineInfo
from workbench.reports.assessment import Assessment
from workbench.reports.decisions import decisions
from workbench.reports.first_look import look_facts, look_notes
from workbench.reports.learned import Trained
from workbench.session import Session
from workbench.session.dataset import SPLIT
from workbench.views import PARTS
from workbench.views.bits import effects
from workbench.views.confusion import ConfusionPart, confusion_data, wilson
from workbench.views.first_look import NOT_YET, sealed_words
from workbench.views.relevance import RelevanceData
from workbench.views.relevance import applies as has_relevance
from workbench.views.relevance import compute as relevance_of
from workbench.views.stability import applies as has_stability
from workbench.views.stability import compute as stability_of
from workbench.views.usage import compute as usage_of
from workbench.views.wording import MISSING, counted, metric_title, number, percent

MOST_ROWS = 500
"""Tables are cut at that many lines; files with all of them can be exported."""
MOST_MATRIX = 20

Pairs = list[tuple[str, str]]


def content(session: Session, run: Trained, found: Assessment) -> dict[str, Any]:
    """Everything the template asks for, by name; texts are plain and escaped by the template."""
    confusion = None
    if found.confusion is not None:
        confusion = confusion_data(found.confusion, run.scene.class_names, "")
    return {
        "title": run.run.name,
        "engine": run.run.engine.title,
        "summary": run.run.engine.summary,
        "dataset": run.data.name,
        "notes": [*_notes(run), *look_notes(session, run)],
        "highlights": _highlights(run, found, confusion.parts if confusion else ()),
        "data": [*_data(run), *look_facts(session, run)],
        "class_table": _class_table(run, found),
        "features": _features(run),
        "recipe": _recipe(run),
        "parameters": _parameters(run.run.engine, run.run.parameters),
        "metrics": list({metric_title(name): number(float(v), 5) for name, v in run.run.metrics.items()}.items()),
        "usage": _usage(run, found),
        "titles": _titles(run),
        "prototypes": _prototypes(run, found),
        "stability": stability_of(run.scene) if has_stability(run.scene) else None,
        "relevance": _relevance(relevance_of(run.scene)) if has_relevance(run.scene) else None,
        "sealed": sealed_words(run.data),
        "confusion": [_confusion(part, run.scene.class_names) for part in confusion.parts] if confusion else [],
        "decisions": decisions(run.scene),
        "provenance": _provenance(session, run),
        "versions": [(str(name), str(value)) for name, value in run.run.facts.versions.items()],
        "files": _files(run.data.source),
        "plan": _plan(run.data.plan),
        "command": _command(session, run),
        "script": _script(session, run),
    }


def _notes(run: Trained) -> list[str]:
    """What a reader must know before trusting the rest."""
    notes = list(run.run.remarks)
    if run.run.status != "finished":
        notes.append(f"The run is {run.run.status}; this report shows what it had learned so far.")
    if run.run.error:
        notes.append(run.run.error)
    if run.run.is_outdated:
        notes.append(
            "Labels were corrected or rows dropped since the run was made: it learned from those of before, and all "
            "figures but those at the end of training are of the data as they are now. Train again to learn from them."
        )
    if run.run.engine.supervised and not run.data.n_in("test"):
        notes.append(
            "No rows were set aside for testing, so every accuracy below was taken on rows the model has seen and "
            "says little about new ones."
        )
    if run.run.parameters.get("random_state", 0) is None:
        notes.append("No seed was set, so training again may give another result.")
    return notes


def _highlights(run: Trained, found: Assessment, parts: tuple[ConfusionPart, ...]) -> list[tuple[str, str, str]]:
    """The figures of the first glance: value, what it is, and on what."""
    shown = []
    for part in parts:
        interval = f"95 % interval {percent(part.low)} to {percent(part.high)}"
        shown.append((percent(part.accuracy), f"accuracy, {part.part} part", interval))
    if not parts:
        for code, name in enumerate(PARTS):
            if found.rows[code]:
                value = number(found.mean_squared_distance(code))
                target = "the prototype" if run.has_prototypes else "what the code stands for"
                shown.append((value, f"quantization error, {name} part", f"mean squared distance to {target}"))
    if run.data.is_sealed:
        shown.append((MISSING, f"{'accuracy' if parts else 'quantization error'}, test part", NOT_YET))
    if run.has_bits:
        shown.append((f"{run.bits_per_row:,}", "bits a row", f"{run.bits_per_row:,} numbers of -1 or +1"))
    elif run.has_books:
        sizes = run.model.code_sizes
        shown.append((f"{run.bits_per_row:,}", "bits a row", f"{len(sizes)} books, {sum(sizes):,} words"))
    else:
        shown.append((f"{len(run.prototypes):,}", "prototypes", f"{found.n_used:,} stand for training rows"))
    iteration = run.scene.snapshot.iteration
    shown.append((f"{iteration:,}", "iterations", f"{number(run.run.seconds, 3)} s of training"))
    return shown


def _data(run: Trained) -> Pairs:
    data = run.data
    counts = dict(zip(PARTS, map(data.n_in, SPLIT), strict=True))
    rows = ", ".join(f"{n:,} {name}" for name, n in counts.items() if n)
    pairs = [("rows", f"{data.n_rows:,} ({rows})"), ("features", f"{len(data.raw_names):,}")]
    if data.image_shape is not None:
        shape = " × ".join(map(str, data.image_shape))
        is_matrix = data.kind == "spd"
        noun, unit = ("symmetric positive-definite matrix", "entries") if is_matrix else ("picture", "pixels")
        pairs.append(("each row", f"a {noun} of {shape} {unit}"))
    if data.classes:
        pairs.append(("classes", f"{len(data.classes):,}"))
        unlabelled = data.n_in("all") - data.n_in("all", labelled=True)
        if unlabelled:
            pairs.append(("rows without a label", f"{unlabelled:,}"))
    relabelled, dropped = data.corrections
    if relabelled or dropped:
        pairs.append(("corrections", f"{counted(relabelled, 'row')} relabelled, {counted(dropped, 'row')} dropped"))
    return [*pairs, *(("remark", text) for text in data.warnings)]


def _class_table(run: Trained, found: Assessment) -> dict[str, Any] | None:
    """Rows of each class in each part."""
    if not run.data.classes:
        return None
    used = [i for i in range(len(PARTS)) if found.rows[i]]
    lines = [
        [name, *(f"{found.class_rows[i, code]:,}" for i in used)]
        for code, name in enumerate(run.scene.class_names[:MOST_ROWS])
    ]
    return {"heading": ["class", *(PARTS[i] for i in used)], "lines": lines}


def _features(run: Trained) -> list[tuple[str, str]]:
    if run.data.image_shape is not None:
        return []
    return list(zip(run.data.raw_names[:MOST_ROWS], run.units, strict=False))


def _recipe(run: Trained) -> list[str]:
    """The preparation of the rows, step by step."""
    recipe = run.data.recipe.recipe
    missing = {
        "error": "No value is missing.",
        "drop": "Rows with missing values were left out.",
        "mean": "Missing values were replaced by the training part's mean of their feature.",
        "median": "Missing values were replaced by the training part's median of their feature.",
        "keep": "Missing values were left to the engine.",
    }
    scaling = {
        "none": "Features were not scaled.",
        "standard": "Each feature was scaled to mean 0 and standard deviation 1 over the training part.",
        "minmax": "Each feature was scaled to the range 0 to 1 over the training part.",
        "symmetric": "Each feature was scaled to the range −1 to 1 over the training part.",
    }
    split = recipe.split
    steps = [missing[recipe.missing], scaling[recipe.scaling]]
    if recipe.contrast:
        steps.append("The contrast of each row was normalised: its mean taken away, divided by its deviation.")
    if recipe.whitening != "none":
        steps.append(f"Features were whitened ({recipe.whitening.upper()}), fitted on the training part.")
    if split.train < 1:
        shares = " / ".join(percent(share, 0) for share in (split.train, split.validation, split.test))
        kept = ", each class in these shares" if split.stratify else ""
        steps.append(f"Rows were dealt to training / validation / test {shares}{kept}, with seed {split.seed}.")
    else:
        steps.append("All rows were used for training.")
    return steps


def _parameters(engine: EngineInfo, values: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [
        {
            "name": parameter.name,
            "value": _shown(values.get(parameter.name, parameter.default)),
            "changed": _shown(values.get(parameter.name, parameter.default)) != _shown(parameter.default),
            "doc": parameter.doc + (f" [{parameter.unit}]" if parameter.unit else ""),
        }
        for parameter in engine.parameters
    ]


def _shown(value: Any) -> str:
    if value is None:
        return "none"
    text = json.dumps(value, default=lambda v: np.asarray(v).tolist()) if not isinstance(value, str) else value
    return text if len(text) <= 80 else text[:77] + "…"


def _usage(run: Trained, found: Assessment) -> Pairs:
    """How well, and how evenly, the codebook stands for the rows."""
    metric = "in the learned metric" if has_relevance(run.scene) else "in training units"
    if run.data.kind == "spd" and "spd" in run.run.engine.data_kinds:
        metric = "between logarithms"
    if run.has_bits:
        return [("bits", usage_of(run.scene).headline), *_errors(run, found, metric)]
    if run.has_books:
        pairs = [tuple(book.told.split(": ", 1)) for book in usage_of(run.scene).books[:MOST_ROWS]]
        pairs += _errors(run, found, metric)
        return pairs
    pairs = [
        ("prototypes in use", f"{found.n_used:,} of {len(run.prototypes):,} stand for at least one training row"),
        ("perplexity", f"{number(found.perplexity, 4)} prototypes, if all in use stood for equally many rows"),
        ("bits of a code", number(float(np.log2(max(2, len(run.prototypes)))), 4)),
    ]
    return pairs + _errors(run, found, metric)


def _errors(run: Trained, found: Assessment, metric: str) -> Pairs:
    """Quantization error of each part."""
    pairs = []
    n_features = run.data.n_features
    for code, name in enumerate(PARTS):
        if found.rows[code]:
            error = found.mean_squared_distance(code)
            text = f"{number(error, 5)} per row, {number(error / n_features, 5)} per feature"
            pairs.append((f"quantization error, {name}", f"{text} (mean squared distance {metric})"))
    return pairs


def _prototypes(run: Trained, found: Assessment) -> dict[str, Any]:
    """One line for each prototype, those of a class together, the most used first; or for each word, or bit."""
    if run.has_bits:
        return _bits(run)
    if run.has_books:
        lines = zip(run.words.book.tolist(), run.words.number.tolist(), run.words.counts.tolist(), strict=True)
        shown = [[str(book + 1), str(word), f"{count:,}"] for book, word, count in lines]
        return {"heading": ["book", "word", "training rows"], "lines": shown[:MOST_ROWS], "n_all": len(shown)}
    totals, distances, names = found.counts.sum(axis=0), found.mean_distance(), run.scene.class_names
    has_class, has_rows = bool((run.codes >= 0).any()), bool(found.classes.sum())
    used = [i for i in range(len(PARTS)) if found.rows[i]]
    heading = ["prototype", *(["class"] if has_class else []), *(f"{PARTS[i]} rows" for i in used)]
    heading += ["mean distance", "farthest row", *(["commonest class of its rows"] if has_rows else [])]
    lines = []
    for k in np.lexsort((-totals, run.codes)).tolist()[:MOST_ROWS]:
        line = [str(k), *([names[run.codes[k]] if run.codes[k] >= 0 else MISSING] if has_class else [])]
        line += [f"{found.counts[i, k]:,}" for i in used]
        line += [number(float(distances[k])), number(float(found.farthest[k])) if totals[k] else MISSING]
        lines.append(line + ([_commonest(found, k, names)] if has_rows else []))
    return {"heading": heading, "lines": lines, "n_all": len(totals)}


def _bits(run: Trained) -> dict[str, Any]:
    """One line for each bit: how its values are shared out, and what it does."""
    counts, changes = np.asarray(run.scene.snapshot.arrays["counts"]), effects(run.scene)
    lines = [
        [str(bit + 1), *(f"{round(n):,}" for n in counts[bit]), number(float(changes[bit]))]
        for bit in np.argsort(-changes, kind="stable").tolist()[:MOST_ROWS]
    ]
    heading = ["bit", "training rows at 0", "at 1", "change of a feature when it is flipped (RMS, training units)"]
    return {"heading": heading, "lines": lines, "n_all": len(counts)}


def _titles(run: Trained) -> dict[str, str]:
    """What the report calls the parts of what was learned."""
    if run.has_bits:
        return {"section": "Codes", "use": "Use of the codes", "each": "bit", "more": "the first have most effect"}
    noun = "word" if run.has_books else "prototype"
    return {
        "section": "Prototypes",
        "use": "Use of the codebook",
        "each": noun,
        "more": "export the codebook for all",
    }


def _commonest(found: Assessment, k: int, names: tuple[str, ...]) -> str:
    total = int(found.classes[k].sum())
    if not total:
        return MISSING
    code = int(found.classes[k].argmax())
    return f"{names[code]} ({percent(found.classes[k, code] / total, 0)})"


def _relevance(data: RelevanceData) -> dict[str, Any]:
    strongest = float(np.nan_to_num(data.relevances).max(initial=0)) or 1.0
    ranked = [
        {
            "rank": rank + 1,
            "name": data.names[i],
            "share": percent(float(data.relevances[i]), 2),
            "width": round(100 * max(0.0, float(np.nan_to_num(data.relevances[i]))) / strongest, 1),
        }
        for rank, i in enumerate(data.order[:MOST_ROWS].tolist())
    ]
    total = float(data.eigenvalues.sum()) or 1.0
    first = [percent(float(v) / total) for v in data.eigenvalues[:5] if v > 5e-4 * total]
    return {
        "ranked": ranked,
        "n_all": len(data.order),
        "is_picture": data.image is not None,
        "n_effective": f"{data.n_effective:.1f}",
        "spectrum": ", ".join(first),
        "note": data.note,
    }


def _confusion(part: ConfusionPart, names: tuple[str, ...]) -> dict[str, Any]:
    matrix = None
    if len(names) <= MOST_MATRIX:
        matrix = [
            [
                {"count": f"{part.counts[i, j]:,}", "rate": round(100 * float(np.nan_to_num(part.rates[i, j])))}
                for j in range(len(names))
            ]
            for i in range(len(names))
        ]
    classes = []
    for code, name in enumerate(names[:MOST_ROWS]):
        n_rows, n_right = int(part.counts[code].sum()), int(part.counts[code, code])
        low, high = wilson(n_right, n_rows)
        interval = f"{percent(low)} to {percent(high)}" if n_rows else MISSING
        classes.append(
            [name, f"{n_rows:,}", percent(float(part.recall[code])), interval, percent(float(part.precision[code]))]
        )
    meaning = {
        "training": "rows the model was trained on",
        "validation": "rows that were watched during training, but not learned from",
        "test": "rows that had no part in training",
    }
    return {
        "part": part.part,
        "meaning": meaning[part.part],
        "accuracy": percent(part.accuracy),
        "interval": f"{percent(part.low)} to {percent(part.high)}",
        "rows": f"{part.n_right:,} of {counted(part.n_rows, 'row')}",
        "names": names,
        "matrix": matrix,
        "classes": classes,
    }


def _provenance(session: Session, run: Trained) -> Pairs:
    facts = run.run.facts
    pairs = [
        ("project", f"{session.path.name}, {session.project.uuid}"),
        ("run", f"{run.run.id}, made {facts.created}"),
        ("dataset", f"{run.data.id}, imported {run.data.created}"),
        ("hash of the data (blake2b)", run.data.data_hash),
    ]
    if facts.labels_version:
        pairs.append(("version of the labels learned from", facts.labels_version))
    if run.run.is_outdated:
        pairs.append(("version of the labels now", run.data.labels_version))
    if facts.data_hash != run.data.data_hash:
        pairs.append(("hash when the run was made", facts.data_hash))
    return pairs


def _files(source: Mapping[str, Any]) -> list[Pairs]:
    """Where the data came from: one list of facts a file; its name without the folders of the one who imported it."""
    return [
        [(str(key), Path(value).name if key == "path" else str(value)) for key, value in file.items()]
        for file in source.get("files", [])[:MOST_ROWS]
    ]


def _plan(plan: Mapping[str, Any]) -> str:
    """The import plan as JSON, with file names alone."""
    named = {**plan, "paths": [Path(path).name for path in plan.get("paths", [])]}
    return json.dumps(named, indent=1, ensure_ascii=False, default=str)


def _command(session: Session, run: Trained) -> str:
    """The command line that trains the same again."""
    words = ["vq-workbench", "train", session.path.name, "--engine", run.run.engine.name, "--dataset", run.data.name]
    for name, value in _changed(run).items():
        words += ["--set", f"{name}={value if isinstance(value, str) else json.dumps(value)}"]
    return shlex.join(words)


def _script(session: Session, run: Trained) -> str:
    """The same in Python."""
    return "\n".join(
        [
            "from workbench.session import Session",
            "",
            f"with Session.open({session.path.name!r}) as session:",
            f"    run = session.add_run({run.data.name!r}, {run.run.engine.name!r}, {_changed(run)!r})",
            "    run.wait()",
            "    model = run.model()",
        ]
    )


def _changed(run: Trained) -> dict[str, Any]:
    """The parameters that are not at their defaults, and the seed in any case."""
    values = run.run.parameters
    return {
        parameter.name: values[parameter.name]
        for parameter in run.run.engine.parameters
        if parameter.name in values
        and (_shown(values[parameter.name]) != _shown(parameter.default) or parameter.name == "random_state")
    }

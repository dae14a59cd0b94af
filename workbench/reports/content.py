"""What the report says, in words and numbers ready to be set; how it looks is the template's affair."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from engines import EngineInfo
from workbench.reports.assessment import Assessment
from workbench.reports.decisions import decisions
from workbench.reports.first_look import look_facts, look_notes
from workbench.reports.learned import Trained
from workbench.reports.reproducing import (
    Pairs,
    command_line,
    import_plan,
    imported_files,
    provenance,
    python_lines,
    spelled,
)
from workbench.session import Session
from workbench.session.dataset import SPLIT
from workbench.views import PARTS
from workbench.views.bits import effects
from workbench.views.confusion import ConfusionPart, confusion_data
from workbench.views.first_look import NOT_YET, sealed_words
from workbench.views.intervals import wilson
from workbench.views.relevance import RelevanceData
from workbench.views.relevance import applies as has_relevance
from workbench.views.relevance import compute as relevance_of
from workbench.views.run_relevances import has_metric
from workbench.views.siblings import OF_DIRECTIONS
from workbench.views.stability import applies as has_stability
from workbench.views.stability import compute as stability_of
from workbench.views.usage import compute as usage_of
from workbench.views.wording import MISSING, counted, metric_title, number, percent

MOST_ROWS = 500
"""Tables are cut at that many lines; files with all of them can be exported."""
MOST_MATRIX = 20


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
        "notes": [*notes(run), *look_notes(session, run)],
        "highlights": _highlights(run, found, confusion.parts if confusion else ()),
        "data": [*facts_of_data(run), *look_facts(session, run)],
        "class_table": class_table(run, found),
        "features": _features(run),
        "recipe": preparation(run),
        "parameters": _parameters(run.run.engine, run.run.parameters),
        "metrics": list({metric_title(name): number(float(v), 5) for name, v in run.run.metrics.items()}.items()),
        "usage": usage(run, found),
        "titles": _titles(run),
        "prototypes": _prototypes(run, found),
        "stability": stability_of(run.scene) if has_stability(run.scene) else None,
        "relevance": _relevance(relevance_of(run.scene)) if has_relevance(run.scene) else None,
        "sealed": sealed_words(run.data),
        "confusion": [confusion_tables(part, run.scene.class_names) for part in confusion.parts] if confusion else [],
        "decisions": decisions(run.scene),
        "provenance": provenance(session, run),
        "versions": [(str(name), str(value)) for name, value in run.run.facts.versions.items()],
        "files": imported_files(run.data.source),
        "plan": import_plan(run.data.plan),
        "command": command_line(session, run),
        "script": python_lines(session, run),
    }


def notes(run: Trained) -> list[str]:
    """What a reader must know before trusting the rest."""
    said = list(run.run.remarks)
    if run.run.status != "finished":
        said.append(f"The run is {run.run.status}; this report shows what it had learned so far.")
    if run.run.error:
        said.append(run.run.error)
    if run.run.is_outdated:
        said.append(
            "Labels were corrected or rows dropped since the run was made: it learned from those of before, and all "
            "figures but those at the end of training are of the data as they are now. Train again to learn from them."
        )
    if run.run.engine.supervised and not run.data.n_in("test"):
        said.append(
            "No rows were set aside for testing, so every accuracy below was taken on rows the model has seen and "
            "says little about new ones."
        )
    if run.run.parameters.get("random_state", 0) is None:
        said.append("No seed was set, so training again may give another result.")
    return said


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


def facts_of_data(run: Trained) -> Pairs:
    """How many rows, features and classes, and what was corrected."""
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
        pairs += [("what they are", column.note) for column in data.columns if column.role == "label" and column.note]
        unlabelled = data.n_in("all") - data.n_in("all", labelled=True)
        if unlabelled:
            pairs.append(("rows without a label", f"{unlabelled:,}"))
    relabelled, dropped = data.corrections
    if relabelled or dropped:
        pairs.append(("corrections", f"{counted(relabelled, 'row')} relabelled, {counted(dropped, 'row')} dropped"))
    return [*pairs, *(("remark", text) for text in data.warnings)]


def class_table(run: Trained, found: Assessment) -> dict[str, Any] | None:
    """Rows of each class in each part."""
    if not run.data.classes:
        return None
    used = [i for i in range(len(PARTS)) if found.rows[i]]
    lines = [
        [name, *(f"{found.class_rows[i, code]:,}" for i in used)]
        for code, name in enumerate(run.scene.class_names[:MOST_ROWS])
    ]
    return {"heading": ["class", *(PARTS[i] for i in used)], "lines": lines}


def _features(run: Trained) -> dict[str, Any] | None:
    """Names and units, and notes where there are any."""
    data = run.data
    if data.image_shape is not None:
        return None
    noted = any(data.raw_notes)
    columns = (data.raw_names, data.raw_units, *([data.raw_notes] if noted else []))
    lines = [[word or "–" for word in line] for line in zip(*columns, strict=True)]
    return {"heading": ["feature", "unit", *(["note"] if noted else [])], "lines": lines[:MOST_ROWS]}


def preparation(run: Trained) -> list[str]:
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
            "value": spelled(values.get(parameter.name, parameter.default)),
            "changed": spelled(values.get(parameter.name, parameter.default)) != spelled(parameter.default),
            "doc": parameter.doc + (f" [{parameter.unit}]" if parameter.unit else ""),
        }
        for parameter in engine.parameters
    ]


def usage(run: Trained, found: Assessment) -> Pairs:
    """How well, and how evenly, the codebook stands for the rows."""
    metric = _metric(run)
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


def _metric(run: Trained) -> str:
    """How the engine measures the distance of a row to what stands for it, in words."""
    engine = run.run.engine
    if run.data.kind == "spd" and "spd" in engine.data_kinds:
        return "between logarithms"
    if has_metric(run.scene):
        return "in the learned metric"
    if engine.family == "mixture":
        return "as the covariance of each component measures"
    if engine.name in OF_DIRECTIONS:
        return "between directions, 1 − cos"
    if run.has_prototypes and engine.family == "deep":
        return "in latent space"
    return "as it is given" if run.data.kind == "dissimilarity" else "in training units"


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


def confusion_tables(part: ConfusionPart, names: tuple[str, ...]) -> dict[str, Any]:
    """The confusion matrix of one part, and what is said of each class."""
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

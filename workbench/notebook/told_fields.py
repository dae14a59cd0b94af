"""Fields of a form as facts for the browser."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from workbench.views.fields import Field, Fields


def told_form(fields: Fields) -> dict[str, Any]:
    """How everything is asked for: what is shown at once, what is folded, and whether it begins unfolded."""
    return {
        "basic": _told(fields.basic),
        "advanced": _told(fields.advanced),
        "unfolded": any(field.changed_from_default for field in fields.advanced),
    }


def told_problems(fields: Fields) -> dict[str, str]:
    """Why answers are not allowed, by name."""
    return {name: field.problem for name, field in fields.items() if field.problem}


def _told(fields: Iterable[Field]) -> list[dict[str, Any]]:
    return [
        {
            "name": field.parameter.name,
            "title": field.title,
            "kind": field.kind,
            "doc": field.parameter.doc,
            "allowed": field.allowed,
            "choices": [text for _, text in field.choices],
            "typed": field.is_typed,
            "placeholder": field.placeholder,
            "shown": field.shown,
            "low": field.parameter.low,
            "high": field.parameter.high,
        }
        for field in fields
    ]

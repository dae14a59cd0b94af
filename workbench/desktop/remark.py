"""Words on a label in the colour of what they mean."""

from __future__ import annotations

from PySide6.QtWidgets import QLabel


def say(label: QLabel, words: str, role: str) -> None:
    """Show `words` on `label` as the style sheet has `role`: "muted", "warning" or "bad"."""
    label.setText(words)
    label.setProperty("role", role)
    label.style().unpolish(label)  # or the style of the role that it had would stay
    label.style().polish(label)

"""Prototypes with neighbours: self-organizing maps and neural gas."""

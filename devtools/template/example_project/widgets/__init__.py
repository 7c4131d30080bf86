"""Widgets, the resource of the example service."""

"""Management commands of the example service."""

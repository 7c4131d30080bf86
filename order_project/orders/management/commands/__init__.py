"""Management commands of the order service."""

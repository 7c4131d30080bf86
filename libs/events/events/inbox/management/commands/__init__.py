"""Management commands of the inbox."""

"""Management commands of the user service."""

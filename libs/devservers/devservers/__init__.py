"""Processes that cannot outlive their parent, free ports, and a private PostgreSQL; no service imports this."""

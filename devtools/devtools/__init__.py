"""Starts, tests and administers the projects of this repository: what ``manage_all.py`` is made of.

The modules import without side effects. For tests that start services themselves: ``devtools.projects`` builds
a service's command line and environment, ``devtools.ports.find_free_port`` finds it a port,
``devtools.processes.spawn`` starts it so that it cannot outlive its parent, and ``devtools.health.is_ready`` asks
whether it is usable.
"""

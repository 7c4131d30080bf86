"""``python -m launcher``: the commands without the care for ``.venv``."""

from devtools.cli import cli

cli(prog_name="manage_all.py")

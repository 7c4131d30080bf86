"""``python -m devtools``: the commands, without the care for ``.venv``."""

from devtools.cli import main

main()

"""``python -m devtools``: the commands, without the care for ``.venv``."""

import sys

from scaffold.descriptions import DescriptionError

try:
    from devtools.cli import main
except DescriptionError as error:
    sys.exit(f"Error: {error}")

main()

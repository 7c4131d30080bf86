"""``python -m devtools``: the commands of ``manage_all.py``, without the installation of ``.venv``."""

import sys

from scaffold.descriptions import DescriptionError

try:
    from devtools.cli import main
except DescriptionError as error:
    sys.exit(f"Error: {error}")

main()

#!/usr/bin/env python3
"""One command for all projects: ``python3 manage_all.py up``, ``test``, ``migrate``, ``status`` and more.

Without arguments it lists its commands. The first run makes ``.venv`` beside this file and installs into it.
"""

import os
import sys

if sys.version_info < (3, 11):  # noqa: UP036 - this file also has to say so where the rest cannot be parsed
    sys.exit(
        "manage_all.py needs Python 3.11 or newer, and this is Python %d.%d. "  # noqa: UP031 - as above
        "Start it with a newer one, for example: python3.11 manage_all.py" % sys.version_info[:2]
    )

if __name__ == "__main__":
    sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))  # noqa: PTH100, PTH120 - as above
    from devtools.bootstrap import enter_environment

    enter_environment(sys.argv[1:])

    from devtools.cli import cli

    cli(prog_name="manage_all.py")

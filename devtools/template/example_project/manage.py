#!/usr/bin/env python
"""Django's command line for the example service."""

import os
import sys

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "example_project.settings")
    if sys.argv[1:2] == ["runserver"]:
        os.environ.setdefault("DEBUG", "true")  # Django's development server serves developers only

    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)

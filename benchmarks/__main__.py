"""Command line of ``python -m benchmarks``, which ``manage_all.py bench`` runs."""

import argparse
import sys

from benchmarks.bench import Options, bench
from devtools.errors import DevtoolsError


def main() -> None:
    """Parse the options and run the benchmark."""
    parser = argparse.ArgumentParser(
        prog="manage_all.py bench", formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    parser.add_argument("--against", choices=["reference"], help="also measure this stack, in alternation")
    parser.add_argument("--rounds", type=int, default=Options.rounds)
    parser.add_argument("--seconds", type=float, default=Options.seconds, help="of each round")
    parser.add_argument("--connections", type=int, default=Options.connections)
    parser.add_argument("--workers", type=int, default=Options.workers, help="processes of each service")
    parser.add_argument("--orders", type=int, default=Options.orders, help="rows in the table")
    parser.add_argument("--only", default=Options.only, metavar="TEXT", help="only requests with TEXT in their names")
    parser.add_argument("--route", choices=["gateway", "direct", "both"], default=Options.route)
    parser.add_argument("--name", default=Options.name, help="of the files in benchmarks/results/")
    options = vars(parser.parse_args())
    for name, least, most in (
        ("rounds", 1, 100),
        ("seconds", 1, 60),
        ("connections", 1, 1000),
        ("workers", 1, 64),
    ):
        if not least <= options[name] <= most:
            parser.error(f"--{name} must be from {least} to {most}")
    if not 200 <= options["orders"] <= 10_000_000:  # noqa: PLR2004 - a few pages; a size that fits a disk
        parser.error("--orders must be from 200 to 10000000")
    try:
        bench(Options(against_reference=options.pop("against") is not None, **options))
    except DevtoolsError as error:
        sys.exit(f"Error: {error}")


if __name__ == "__main__":
    main()

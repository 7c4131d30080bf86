"""``python -m manifests check``: every check of every overlay, in the root of the repository."""

import sys
from collections.abc import Iterator
from pathlib import Path

from manifests.checks import check
from manifests.rendering import RenderingError

ROOT = Path.cwd()


def main() -> None:
    """Print the findings; fail if there is one."""
    found = [*_findings()]
    print("\n".join(found) or "No finding.")
    sys.exit(bool(found))


def _findings() -> Iterator[str]:
    for overlay in sorted((ROOT / "deploy" / "kubernetes" / "overlays").iterdir()):
        try:
            yield from (f"{overlay.name}: {finding}" for finding in check(overlay, ROOT))
        except RenderingError as error:
            yield f"{overlay.name}: {error}"


main()

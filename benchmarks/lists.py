"""Cost of lists in PostgreSQL at a million rows, for every documented parameter and combination.

python -m benchmarks.lists [--rows 1000000] [--every 1] [--load] > benchmarks/results/lists.txt

Requests a page of 100 for each combination, by Django's test client. Its time is the CPU time of the service's backend
in PostgreSQL, the least of three. ``--load`` instead runs the services; four clients search while others read one user
and place orders.
"""

import argparse
import contextlib
import itertools
import secrets
import statistics
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import quote

import psycopg2
from django.core.signing import Signer

from benchmarks.client import Client
from benchmarks.databases import fill
from benchmarks.own_stack import migrate, own_stack
from benchmarks.table import text_table
from benchmarks.wrk import Load, run_wrk
from conformance.modes import MODES, serving
from devservers.folders import temporary_directory
from devservers.postgres import PrivatePostgres, running
from devtools.projects import PROJECTS, with_database

SECRET_KEY = secrets.token_hex()  # signs the cursors of deep pages
TARGET_MILLISECONDS = 20.0
SEARCHERS = 4
LOAD_SECONDS = 5

ROWS = {name: Path(__file__).with_name("rows").joinpath(f"{name}.sql").read_text() for name in ("user", "order")}
RANGES = [
    "created_at__gte={late}",
    "created_at__lt={late}",
    "created_at__gt={middle}&created_at__lte={late}",
    "created_at__gte={late}&created_at__lt={late}",
]
FILTERS = {
    "user": [
        ["", "email=maria.smith1@example.com", "id__in={ids}"],
        ["", "is_active=true", "is_active=false"],
        ["", *RANGES],
    ],
    "order": [
        ["", "user_id=1", "user_id=77777", "user_id=999999"],
        ["", "status=fulfilled", "status=cancelled"],
        ["", "id__in={ids}"],
        ["", "user_deactivated_at__isnull=true", "user_deactivated_at__isnull=false", "user_deleted_at__isnull=false"],
        ["", *RANGES],
    ],
}
SEARCHES = {  # frequent, medium, rare and absent words; beginnings and other parts of words; several words
    "user": [
        *("maria", "smith", "mar", "el", "els", "nobody", "aria", "om", "e", "maria smith", "maria nobody"),
        *("mar smi", "els smi", "maria example com", "com net", "maria.smith1@example.com"),
    ],
    "order": [
        *("laptop", "phone", "lap", "pho", "nothing", "aptop", "7", "07", "laptop nothing", "laptop phone"),
    ],
}
ORDERINGS = {"user": ["id", "created_at", "name"], "order": ["id", "created_at"]}


def combinations(service: str, rows: int) -> Iterator[str]:
    """Yield the query of each combination: filters, search, ordering and cursor."""
    ids = ",".join(str(1 + n * (rows // 100)) for n in range(100))
    middle, late = (_instant(rows * share) for share in (0.5, 0.98))
    searches = ["", *(f"search={quote(words)}" for words in SEARCHES[service])]
    for *filters, search in itertools.product(*FILTERS[service], searches):
        narrowed = "&".join(part for part in filters if part).format(ids=ids, middle=middle, late=late)
        for field, sign in itertools.product(ORDERINGS[service], ("", "-")):
            if ("created_at" in narrowed and field != "created_at") or (search and field == "name"):
                continue  # refused
            number = int(rows * (0.99 if "gte={late}" in "&".join(filters) else 0.75))
            value = {"id": str(number), "created_at": _instant(number), "name": "Maria Smith"}[field]
            for cursor in ("", f"cursor={_cursor(sign + field, value, number)}"):
                yield "&".join(part for part in (narrowed, search, f"ordering={sign}{field}", cursor) if part)


def _instant(number: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(1_577_836_800 + 120 * int(number)))


def _cursor(ordering: str, value: str, number: int) -> str:
    signer = Signer(key=SECRET_KEY, fallback_keys=[], salt="lists.pagination")
    return signer.sign_object([ordering, False, value, str(number)])


class Backends:
    """The processes of PostgreSQL that serve a database."""

    def __init__(self, url: str) -> None:
        self._connection = psycopg2.connect(url)
        self._connection.autocommit = True

    def cpu_milliseconds(self) -> float:
        """Return the CPU time of the connected backends."""
        with self._connection.cursor() as cursor:
            cursor.execute(
                "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
                " AND backend_type = 'client backend'"
            )
            files = [Path(f"/proc/{pid}/schedstat") for (pid,) in cursor.fetchall()]
        return sum(int(file.read_text().split()[0]) for file in files) / 1e6


def measure(service: str, url: str, folder: Path, rows: int, every: int) -> None:
    """Print a summary of the times, and the slowest combinations over the target."""
    backends = Backends(url)
    times: dict[str, list[float]] = defaultdict(list)
    slow: list[tuple[float, str]] = []
    statuses: Counter[int] = Counter()
    environment = {"DATABASE_URL": url, "SECRET_KEY": SECRET_KEY, "LIST_TIMEOUT": "0", "ACCESS_LOG": "false"}
    environment["DJANGO_SETTINGS_MODULE"] = f"{service}_project.settings"
    with serving(MODES[0], PROJECTS[service].folder, environment, folder) as ask:
        for query in itertools.islice(combinations(service, rows), 0, None, every):
            found = []
            for _ in range(3):
                before = backends.cpu_milliseconds()
                response = ask("GET", f"/{service}s?page_size=100&{query}")
                found.append(backends.cpu_milliseconds() - before)
            statuses[response.status] += 1
            kind = "search" if "search=" in query else "filter" if query.count("=") > 1 else "plain"
            times[kind].append(min(found))
            if min(found) > TARGET_MILLISECONDS:
                slow.append((min(found), query))
    print(f"\n{service} service, {rows:,} rows; statuses: {dict(statuses)}\n")
    rows_of_table = [
        ["combinations", "number", "median ms", "p99 ms", "longest ms", f"over {TARGET_MILLISECONDS:g} ms"]
    ]
    for kind, of_kind in times.items():
        numbers = (statistics.median(of_kind), sorted(of_kind)[int(0.99 * len(of_kind))], max(of_kind))
        over = sum(one > TARGET_MILLISECONDS for one in of_kind)
        rows_of_table += [[kind, str(len(of_kind)), *(f"{one:.1f}" for one in numbers), str(over)]]
    print(text_table(rows_of_table))
    for milliseconds, query in sorted(slow, reverse=True)[:20]:
        print(f"  {milliseconds:6.1f} ms  {query[:150]}")


def put_load(urls: dict[str, str], folder: Path) -> None:
    """Print the rates of two kinds of request, with and without four searching clients."""
    with own_stack("lists", urls, folder, 2) as stack, ThreadPoolExecutor(SEARCHERS) as pool:
        users, orders = stack.addresses["user"].url, stack.addresses["order"].url
        for searching in (False, True, False, True):
            for name, url, script in (
                ("GET one user", f"{users}/users/1", "get.lua"),
                ("POST an order", f"{orders}/orders", "post_order.lua"),
            ):
                until = time.monotonic() + LOAD_SECONDS if searching else 0.0
                target = "/users" if "user" in name else "/orders"
                waiting = [pool.submit(_search, url, target, number, until) for number in range(SEARCHERS)]
                responses = run_wrk(url, script, Load(16, LOAD_SECONDS))
                found = sum((one.result() for one in waiting), Counter[int]())
                clients = SEARCHERS if searching else 0
                print(
                    f"{name}, {clients} clients search: {responses.rate:.0f}/s, p50 {responses.p50:.1f} ms,", end=" "
                )
                print(f"p99 {responses.p99:.1f} ms, refused {responses.refused}; searches by status: {dict(found)}")


def _search(url: str, target: str, number: int, until: float) -> Counter[int]:
    words = ["nobody", "els", "maria nobody", "mar smi"] if target == "/users" else ["nothing", "pho", "lap", "phone"]
    found: Counter[int] = Counter()
    with Client(url) as client:
        while time.monotonic() < until:
            status, _ = client.request("GET", f"{target}?search={quote(words[number])}")
            found[status] += 1
    return found


def main() -> None:
    """Fill the databases and run the measurements."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--every", type=int, default=1, help="measure each n-th combination only")
    parser.add_argument("--load", action="store_true")
    options = parser.parse_args()
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(temporary_directory("lists-"))
        server = PrivatePostgres(folder)
        stack.enter_context(running(server))
        names = [project.name for project in with_database()]
        for name in names:
            server.create_database(name)
        urls = {name: server.url(name) for name in names}
        migrate(urls, folder)
        fill(urls, ROWS, options.rows)
        if options.load:
            put_load(urls, folder)
        else:
            for name in names:
                measure(name, urls[name], folder, options.rows, options.every)


if __name__ == "__main__":
    main()

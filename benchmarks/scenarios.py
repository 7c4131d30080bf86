"""The benchmark cases: each kind of request, and the stacks that it is measured on."""

from dataclasses import dataclass
from http import HTTPStatus

OWN, TEXTBOOK, REMEMBERING, REFERENCE = "own", "textbook", "remembering", "reference"
STACKS = {
    OWN: "this system with its default settings",
    TEXTBOOK: "this system with SPEEDUPS=off",
    REMEMBERING: "this system with USER_CACHE_SECONDS=5",
    REFERENCE: "the reference stack",
}
LAST_PAGE = "(the last page)"


@dataclass(frozen=True)
class Scenario:
    """A kind of request, which wrk repeats.

    Args:
        name: the name in the results.
        service: the service that handles the request, which is sent directly or through the gateway.
        path: the request target; ``LAST_PAGE`` stands for the last full page of the list of orders.
        script: the file in ``wrk/`` that makes the request.
        status: the expected status of every response.
        stacks: the stacks that support the request, ours first.
        connections: the number of connections; None for that of the command line.
    """

    name: str
    service: str
    path: str
    script: str = "get.lua"
    status: int = HTTPStatus.OK
    stacks: tuple[str, ...] = (OWN, REFERENCE)
    connections: int | None = None


SCENARIOS = (
    Scenario("GET /health", "gateway", "/health"),
    Scenario("GET one user", "user", "/users/1", stacks=(OWN, TEXTBOOK, REFERENCE)),
    Scenario("POST a user", "user", "/users", "post_user.lua", HTTPStatus.CREATED),
    Scenario("GET one order", "order", "/orders/1"),
    Scenario("POST an order", "order", "/orders", "post_order.lua", HTTPStatus.CREATED, (OWN, TEXTBOOK, REFERENCE)),
    Scenario(
        "POST an order, remembering",
        "order",
        "/orders",
        "post_order.lua",
        HTTPStatus.CREATED,
        (REMEMBERING, REFERENCE),
    ),
    Scenario("GET the first page", "order", "/orders", stacks=(OWN, TEXTBOOK)),
    Scenario("GET the last page", "order", LAST_PAGE, stacks=(OWN,)),
    *[  # last, because the reference stack needs time to recover from them
        Scenario(
            f"POST an order, {connections} connections",
            "order",
            "/orders",
            "post_order.lua",
            HTTPStatus.CREATED,
            connections=connections,
        )
        for connections in (64, 256)
    ],
)


@dataclass(frozen=True)
class BenchmarkCase:
    """A scenario and the service that wrk connects to: the gateway, or the scenario's service directly."""

    scenario: Scenario
    service: str

    @property
    def is_direct(self) -> bool:
        """Whether the requests bypass the gateway."""
        return self.service != "gateway"

    @property
    def name(self) -> str:
        """The name in the results."""
        return f"{self.scenario.name}, direct" if self.is_direct else self.scenario.name


def benchmark_cases(wanted: str = "") -> list[BenchmarkCase]:
    """Return the cases with ``wanted`` in their names: first through the gateway, then directly."""
    through = [BenchmarkCase(scenario, "gateway") for scenario in SCENARIOS]
    direct = [BenchmarkCase(scenario, scenario.service) for scenario in SCENARIOS if scenario.service != "gateway"]
    return [case for case in (*through, *direct) if wanted in case.name]

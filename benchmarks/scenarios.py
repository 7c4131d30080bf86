"""What is measured: each kind of request, and on which stacks."""

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
    """One kind of request, which wrk makes again and again.

    Args:
        name: what it is called.
        service: which one carries it out; the request goes there directly, or through the gateway.
        path: what is asked for; ``LAST_PAGE`` stands for what the last link of the list of orders says.
        script: the file in ``wrk/`` that makes the request.
        status: what every answer has to be.
        stacks: those that can answer it, ours first.
        connections: of wrk; None for as many as the command line says.
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
    *[  # last, since the reference stack takes long to recover from them
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
class Course:
    """A scenario by one of the two ways: ``service`` is the one that wrk speaks to."""

    scenario: Scenario
    service: str

    @property
    def is_direct(self) -> bool:
        """Whether it goes past the gateway."""
        return self.service != "gateway"

    @property
    def name(self) -> str:
        """How it is called in the results."""
        return f"{self.scenario.name}, direct" if self.is_direct else self.scenario.name


def courses(wanted: str = "") -> list[Course]:
    """Return all that is measured and has ``wanted`` in its name: first through the gateway, then directly."""
    through = [Course(scenario, "gateway") for scenario in SCENARIOS]
    direct = [Course(scenario, scenario.service) for scenario in SCENARIOS if scenario.service != "gateway"]
    return [course for course in (*through, *direct) if wanted in course.name]

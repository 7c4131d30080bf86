"""Numbers about the calls to the user service."""

from prometheus_client import Counter, Gauge

CALLS = Counter("user_client_calls", "Questions asked of the user service, by what came of them", ["outcome"])
ANSWERED = CALLS.labels("answered")  # looking it up costs more than counting
RETRIES = Counter("user_client_retries", "Attempts after the first")
REMEMBERED = Counter("user_client_remembered", "Questions answered from memory", ["kind"])
REMEMBERED_FRESH = REMEMBERED.labels("fresh")
CIRCUIT_OPEN = Gauge("user_client_circuit_open", "Processes whose circuit is not closed", multiprocess_mode="livesum")

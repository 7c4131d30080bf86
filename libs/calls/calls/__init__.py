"""Headers, deadlines, circuit breakers and bulkheads of calls between services."""

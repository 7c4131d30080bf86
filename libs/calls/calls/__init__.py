"""Headers, deadlines and bulkheads of HTTP calls between services."""

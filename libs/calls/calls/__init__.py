"""Headers and deadlines of HTTP calls between services."""

"""HTTP/1.1 as RFC 9112 describes it: one codec for both sides of the gateway, and for calls between services."""

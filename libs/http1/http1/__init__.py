"""An HTTP/1.1 codec (RFC 9112) for the gateway's client and upstream connections and for calls between services."""

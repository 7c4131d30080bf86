"""The HTTP/1.1 server of the gateway, inside gunicorn's processes."""

"""The gateway's HTTP/1.1 server, which runs in gunicorn's workers."""

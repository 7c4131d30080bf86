"""An HTTP/1.1 reverse proxy as a Django application."""

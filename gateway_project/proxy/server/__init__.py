"""The client's side: gunicorn brings the processes, this package speaks HTTP/1.1 to the clients."""

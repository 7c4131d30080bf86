"""A client of the worker that sends and receives raw bytes."""

import socket


def connect(port):
    return socket.create_connection(("127.0.0.1", port), timeout=15)


def send(client, path="/", *, body=b""):
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n\r\n"
    client.sendall(head.encode() + body)


def receive(client, bodies=1):
    """Receive responses with status 200 and return their bodies, separated by a space."""
    received = b""
    while True:
        *_, rest = pieces = received.split(b"HTTP/1.1 200 OK\r\n")
        if len(pieces) > bodies and b"\r\n\r\n" in rest:
            found = [piece.partition(b"\r\n\r\n")[2] for piece in pieces[1:]]
            if all(found):
                return b" ".join(found)
        data = client.recv(65536)
        if not data:
            raise EOFError(received)
        received += data


def ask(client, path="/", *, body=b""):
    send(client, path, body=body)
    return receive(client)

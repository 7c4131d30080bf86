"""Random HTTP/1.1 messages: valid ones by grammar, and mutations of them."""

from random import Random

BYTES = [
    *(b"\r\n", b"\n", b"\r", b"\0", b" ", b"\t", b":", b",", b";", b"\x0b", b"\x7f", b"\x80", b"\xff"),
    *(b"0", b"5", b"-1", b"+5", b"0x5", b"ff", b"chunked", b"\r\n\r\n", b"0\r\n\r\n", b"HTTP/1.1", b"\r\n "),
]
METHODS = [b"GET", b"HEAD", b"POST", b"PUT", b"PATCH", b"DELETE", b"OPTIONS", b"TRACE", b"CONNECT", b"get", b"X-Y"]
VERSIONS = [*[b"HTTP/1.1"] * 20, *[b"HTTP/1.0"] * 2, b"HTTP/2.0", b"http/1.1", b"HTTP/1.10"]
STATUSES = [b"200", b"201", b"204", b"206", b"304", b"404", b"500", b"100", b"103", b"99", b"1000"]
VALUES = {
    b"Host": [b"example.org", b"example.org:80", b"a b", b""],
    b"Content-Length": [b"0", b"5", b"05", b"+5", b"-1", b"5, 5", b"5,", b"", b"5 ", b"0x5", b"9" * 20],
    b"Transfer-Encoding": [b"Chunked", b" chunked", b"identity", b"gzip, chunked", b"chunked, chunked"],
    b"Connection": [b"close", b"keep-alive", b"Host", b"Content-Length", b"Upgrade, X"],
    b"Expect": [b"100-continue", b"200-ok"],
    b"TE": [b"trailers", b"gzip"],
    b"Trailer": [b"X"],
    b"Accept": [b"*/*", b"text/html", b"application/json; q=2"],
    b"Content-Type": [b"application/json", b"text/plain", b"multipart/form-data; boundary=x"],
    b"X-Forwarded-For": [b"192.0.2.1", b"\xff"],
    b"Set-Cookie": [b"a=1; Path=/", b"b=2"],
    b"If-None-Match": [b'"x"', b"*", b"W/"],
    b"Idempotency-Key": [b"k1", b'"k 2"', b"\x80"],
}
LINE_ENDS = [*[b"\r\n"] * 60, b"\n", b"\r", b"\r\r\n"]
DOCUMENTS = [
    b'{"name": "Ann", "email": "ann@example.org"}',
    b'{"user_id": 1, "product_name": "Laptop", "quantity": 2}',
    *(b'{"user_id": 1e999}', b'{"name": "\\ud800"}', b"[" * 2_000, b"null", b'"', b"{}", b"\xff\xfe{", b"a=1&b=2"),
]


def request(random: Random, paths: list[bytes]) -> bytes:
    """Return the bytes of a request to one of ``paths``."""
    method = random.choice(METHODS[:6] if random.random() < 0.95 else METHODS)
    target = random.choice(paths) + random.choice([b"", b"", b"?a=1", b"?page_size=x&cursor=%ff", b"/%2F..", b"#f"])
    version = random.choice(VERSIONS)
    content = random.choice([b"", b"", b"hello", random.choice(DOCUMENTS)])
    fields = [(b"Host", b"example.org")] if random.random() < 0.95 else []
    fields += _fields(random)
    return _message(random, b"%b %b %b" % (method, target, version), fields, content, b"")


def response(random: Random) -> bytes:
    """Return the bytes of a response to GET."""
    status = random.choice(STATUSES[:7] if random.random() < 0.9 else STATUSES)
    interim = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" if random.random() < 0.05 else b""
    content = b"x" * 70_000 if random.random() < 0.005 else random.choice([b"", b"hello", random.randbytes(20)])
    reason = random.choice([b" OK", b" ", b"", b" \xff"])
    return _message(random, b"%b %b%b" % (random.choice(VERSIONS), status, reason), _fields(random), content, interim)


def mutated(random: Random, data: bytes) -> bytes:
    """Return ``data`` with up to three mutations, in most cases none; rarely return random bytes instead."""
    if random.random() < 0.01:
        return random.randbytes(random.randrange(1, 200))
    for _ in range(random.choice([0, 0, 0, 0, 0, 1, 1, 2, 3])):
        at = random.randrange(len(data) + 1)
        size = random.randrange(4)
        junk = random.choice([random.choice(BYTES), random.randbytes(random.randrange(4)), data[at : at + size] * 2])
        data = data[:at] + junk + data[at + size :]
    return data


def _fields(random: Random) -> list[tuple[bytes, bytes]]:
    framing = [b"Host", b"Content-Length", b"Transfer-Encoding"]
    names = random.choices([name for name in VALUES if name not in framing], k=random.randrange(4))
    names += random.choices(framing, k=random.random() < 0.07)
    return [(name, random.choice(VALUES[name])) for name in names]


def _message(random: Random, line: bytes, fields: list[tuple[bytes, bytes]], content: bytes, before: bytes) -> bytes:
    if random.random() < 0.4:
        fields, content = [*fields, (b"Transfer-Encoding", b"chunked")], _chunked(random, content)
    elif content or random.random() < 0.3:
        fields = [*fields, (b"Content-Length", b"%d" % len(content))]
    random.shuffle(fields)
    end = random.choice(LINE_ENDS)
    colon = b": " if random.random() < 0.97 else random.choice([b":", b" :", b":\t"])
    head = end.join([line, *[colon.join(field) for field in fields], b"", b""])
    return mutated(random, before + head + content)


def _chunked(random: Random, content: bytes) -> bytes:
    pieces, size = [], max(1, len(content) // 3)
    for at in range(0, len(content), size):
        piece = content[at : at + size]
        extension = random.choice([b"", b"", b"", b";a=1", b' ; a="b"', b" "])
        pieces.append(b"%x%b\r\n%b\r\n" % (len(piece), extension, piece))
    trailers = random.choice([b"", b"", b"X: y\r\n", b"Content-Length: 5\r\n"])
    return b"".join(pieces) + random.choice([b"0", b"000"]) + b"\r\n" + trailers + b"\r\n"

import threading
import time

import pytest

from http1.stream import PIECE, EndOfStreamError, HeadTooLargeError, send_all


@pytest.mark.parametrize("end", [b"\r\n\r\n", b"\n\n", b"\r\n\n", b"\n\r\n"])
def test_head_ends_with_an_empty_line_and_the_rest_stays_buffered(stream, peer, end):
    peer.sendall(b"GET / HTTP/1.1" + end + b"body")

    assert stream.read_head(100) == b"GET / HTTP/1.1" + end
    assert stream.has_buffered
    assert stream.read(100) == b"body"
    assert not stream.has_buffered


def test_heads_received_together_are_read_separately(stream, peer):
    peer.sendall(b"one\r\n\r\ntwo\r\n\r\n")

    assert [stream.read_head(100), stream.read_head(100)] == [b"one\r\n\r\n", b"two\r\n\r\n"]


def test_head_received_byte_by_byte_is_complete(stream, peer):
    head = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"

    def send():
        for byte in head:
            peer.sendall(bytes([byte]))
            time.sleep(0.001)

    thread = threading.Thread(target=send)
    thread.start()
    assert stream.read_head(100) == head
    thread.join()


def test_head_of_exactly_the_limit_is_read(stream, peer):
    peer.sendall(b"x" * 96 + b"\r\n\r\n" + b"y" * 100)

    assert len(stream.read_head(100)) == 100


@pytest.mark.parametrize("data", [b"x" * 97 + b"\r\n\r\n", b"x" * 101])
def test_head_over_the_limit_is_refused(stream, peer, data):
    peer.sendall(data)

    with pytest.raises(HeadTooLargeError):
        stream.read_head(100)


@pytest.mark.parametrize("data", [b"", b"GET / HT"])
def test_closed_connection_interrupts_the_head(stream, peer, data):
    peer.sendall(data)
    peer.close()

    with pytest.raises(EndOfStreamError):
        stream.read_head(100)


def test_time_limit_of_a_head_starts_at_its_first_byte(stream, peer):
    ended = threading.Event()

    def trickle():
        for _ in range(90):  # bytes, fewer than the limit
            peer.sendall(b"x")
            if ended.wait(0.1):
                return

    thread = threading.Thread(target=trickle)
    thread.start()
    began = time.monotonic()
    with pytest.raises(TimeoutError):
        stream.read_head(100, seconds=0.25)
    took = time.monotonic() - began
    ended.set()
    thread.join()

    assert 0.2 < took < 8  # the last byte would come after 9 s


def test_time_limit_excludes_the_wait_for_the_first_byte(stream, peer):
    def send_late():
        time.sleep(0.2)
        peer.sendall(b"x\r\n\r\n")

    thread = threading.Thread(target=send_late)
    thread.start()
    assert stream.read_head(100, seconds=0.1) == b"x\r\n\r\n"
    thread.join()


def test_read_returns_at_most_size_bytes(stream, peer):
    peer.sendall(b"abcdef")

    assert [stream.read(2), stream.read(3), stream.read(9)] == [b"ab", b"cde", b"f"]


def test_large_reads_bypass_the_buffer(stream, peer):
    peer.sendall(b"abc")

    assert stream.read(PIECE) == b"abc"
    assert not stream.has_buffered


@pytest.mark.parametrize("size", [1, PIECE])
def test_read_from_a_closed_connection_is_an_error(stream, peer, size):
    peer.close()

    with pytest.raises(EndOfStreamError):
        stream.read(size)


def test_socket_timeout_limits_each_wait(stream, ours):
    ours.settimeout(0.05)

    with pytest.raises(TimeoutError):
        stream.read(1)


def test_wait_is_repeated_while_keeps_waiting_returns_true(stream, ours, peer):
    ours.settimeout(0.05)
    calls = []

    def keeps_waiting():
        calls.append(None)
        if len(calls) == 2:
            peer.sendall(b"late")
        return True

    stream.keeps_waiting = keeps_waiting

    assert stream.read(10) == b"late"
    assert len(calls) == 2


def test_send_all_completes_partial_sends(ours, peer):
    data = bytes(range(256)) * 20_000
    received = bytearray()

    def read():
        while len(received) < len(data):
            received.extend(peer.recv(65536))

    thread = threading.Thread(target=read)
    thread.start()
    send_all(ours, data)
    thread.join(10)

    assert received == data

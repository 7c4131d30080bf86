import threading
import time

import pytest

from http1.stream import PIECE, EndOfStreamError, HeadTooLargeError, send_all


@pytest.mark.parametrize("end", [b"\r\n\r\n", b"\n\n", b"\r\n\n", b"\n\r\n"])
def test_head_ends_with_an_empty_line_and_what_follows_stays(stream, peer, end):
    peer.sendall(b"GET / HTTP/1.1" + end + b"body")

    assert stream.read_head(100) == b"GET / HTTP/1.1" + end
    assert stream.has_buffered
    assert stream.read(100) == b"body"
    assert not stream.has_buffered


def test_heads_that_come_together_are_read_one_after_the_other(stream, peer):
    peer.sendall(b"one\r\n\r\ntwo\r\n\r\n")

    assert [stream.read_head(100), stream.read_head(100)] == [b"one\r\n\r\n", b"two\r\n\r\n"]


def test_head_that_comes_byte_by_byte_is_whole(stream, peer):
    head = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"

    def send():
        for byte in head:
            peer.sendall(bytes([byte]))
            time.sleep(0.001)

    thread = threading.Thread(target=send)
    thread.start()
    assert stream.read_head(100) == head
    thread.join()


def test_head_of_just_the_limit_is_read_whatever_follows_it(stream, peer):
    peer.sendall(b"x" * 96 + b"\r\n\r\n" + b"y" * 100)

    assert len(stream.read_head(100)) == 100


@pytest.mark.parametrize("data", [b"x" * 97 + b"\r\n\r\n", b"x" * 101])
def test_larger_head_is_refused_before_its_end(stream, peer, data):
    peer.sendall(data)

    with pytest.raises(HeadTooLargeError):
        stream.read_head(100)


@pytest.mark.parametrize("data", [b"", b"GET / HT"])
def test_head_ends_early_with_the_connection(stream, peer, data):
    peer.sendall(data)
    peer.close()

    with pytest.raises(EndOfStreamError):
        stream.read_head(100)


def test_head_may_take_so_long_from_its_first_byte_on(stream, peer):
    ended = threading.Event()

    def trickle():
        for _ in range(90):  # fewer than the head may have
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


def test_time_before_the_first_byte_is_the_socket_s_own_affair(stream, peer):
    def send_late():
        time.sleep(0.2)
        peer.sendall(b"x\r\n\r\n")

    thread = threading.Thread(target=send_late)
    thread.start()
    assert stream.read_head(100, seconds=0.1) == b"x\r\n\r\n"
    thread.join()


def test_no_more_is_read_than_asked_for(stream, peer):
    peer.sendall(b"abcdef")

    assert [stream.read(2), stream.read(3), stream.read(9)] == [b"ab", b"cde", b"f"]


def test_large_pieces_pass_by_the_buffer(stream, peer):
    peer.sendall(b"abc")

    assert stream.read(PIECE) == b"abc"
    assert not stream.has_buffered


@pytest.mark.parametrize("size", [1, PIECE])
def test_reading_ends_with_the_connection(stream, peer, size):
    peer.close()

    with pytest.raises(EndOfStreamError):
        stream.read(size)


def test_socket_s_timeout_bounds_each_wait(stream, ours):
    ours.settimeout(0.05)

    with pytest.raises(TimeoutError):
        stream.read(1)


def test_wait_is_as_long_again_while_there_is_a_reason(stream, ours, peer):
    ours.settimeout(0.05)
    reasons = []

    def keeps_waiting():
        reasons.append(None)
        if len(reasons) == 2:
            peer.sendall(b"late")
        return True

    stream.keeps_waiting = keeps_waiting

    assert stream.read(10) == b"late"
    assert len(reasons) == 2


def test_everything_is_sent_however_little_the_socket_takes_at_once(ours, peer):
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

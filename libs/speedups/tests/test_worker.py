"""The worker under gunicorn, with an application that says which request it answers."""

import contextlib
import os
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from worker_client import ask, connect, receive, send

THREADS = 2
FAILURES = 5


def test_a_connection_carries_one_request_after_the_other(start):
    with connect(start()) as client:
        assert [ask(client, f"/{number}") for number in range(5)] == [b"/0", b"/1", b"/2", b"/3", b"/4"]


def test_requests_that_were_sent_together_are_all_answered(start):
    with connect(start()) as client:
        send(client, "/1", body=b"one")
        send(client, "/2", body=b"two")

        assert receive(client, bodies=2) == b"/1one /2two"


def test_clients_that_say_nothing_keep_nobody_waiting(start, connect_many):
    port = start()
    silent = connect_many(port, 5 * THREADS)
    began = time.monotonic()

    with connect(port) as client:
        assert ask(client) == b"/"

    assert time.monotonic() - began < 1
    assert ask(silent[0]) == b"/"


def test_all_threads_answer(start, connect_many):
    clients = connect_many(start(), THREADS)
    began = time.monotonic()

    for client in clients:
        send(client, "/slow")

    assert [receive(client) for client in clients] == [b"/slow"] * THREADS
    assert time.monotonic() - began < 1.9  # a second each


@contextlib.contextmanager
def busy_clients(port, number):
    """Clients who send their next request as soon as they have a response."""
    stop = threading.Event()

    def go_on():
        with connect(port) as client:
            while not stop.is_set():
                ask(client, "/busy")

    with ThreadPoolExecutor(number) as pool:
        done = [pool.submit(go_on) for _ in range(number)]
        try:
            yield
        finally:
            stop.set()
        for one in done:
            one.result()


def test_clients_who_connect_together_are_let_in_together(start, connect_many):
    port = start("--threads=1")
    with busy_clients(port, 4), connect(port) as slow:
        send(slow, "/slow")
        time.sleep(0.3)  # nothing is accepted meanwhile
        for client in (new := connect_many(port, 5)):
            send(client, "/new")
        assert [receive(client) for client in new] == [b"/new"] * 5

    with connect(port) as client:
        served = ask(client, "/served").decode().split()
    first, last = served.index("/new"), len(served) - 1 - served[::-1].index("/new")
    assert served[first:last].count("/busy") <= 4  # one round of them; it was one for each that was let in


def test_an_idle_connection_is_closed_in_the_end(start):
    with connect(start("--keep-alive=1")) as client:
        ask(client)

        assert client.recv(1) == b""


HEAD = b"POST / HTTP/1.1\r\nHost: localhost\r\n"
BEGINNINGS = {
    "head": b"POST / HT",
    "body": HEAD + b"Content-Length: 9\r\n\r\nx",
    "large body": HEAD + b"Content-Length: 1000000\r\n\r\n" + b"x" * 300_000,
    "chunks": HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n1",
    "body that waits for a 100": HEAD + b"Expect: 100-continue\r\nContent-Length: 9\r\n\r\n",
    "nonsense": b"nonsense\r\n\r\n",  # is refused, and the client does not close
}


@pytest.mark.parametrize("beginning", BEGINNINGS)
def test_requests_that_do_not_arrive_keep_no_thread(start, connect_many, beginning):
    port = start()
    for client in connect_many(port, 5 * THREADS):
        client.sendall(BEGINNINGS[beginning])
    time.sleep(0.2)
    began = time.monotonic()

    with connect(port) as client:
        assert [ask(client) for _ in range(5)] == [b"/"] * 5

    assert time.monotonic() - began < 1


def test_a_request_that_does_not_arrive_in_time_is_refused(start):
    with connect(start("--timeout=2")) as client:
        began = time.monotonic()
        received = b""
        client.settimeout(0.2)
        client.sendall(HEAD)
        while not received:  # a byte now and then gives it no more time
            client.sendall(b"X")
            with contextlib.suppress(TimeoutError):
                received = client.recv(1000)

    assert received.startswith(b"HTTP/1.1 408 ")
    assert b"urn:problem:request_timeout" in received
    assert 2 <= time.monotonic() - began < 5


def test_each_request_of_a_connection_has_its_own_time(start):
    with connect(start("--timeout=3")) as client:
        for _ in range(3):
            client.sendall(HEAD)
            time.sleep(1.2)
            client.sendall(b"Content-Length: 0\r\n\r\n")
            assert receive(client) == b"/"


def test_an_idle_connection_is_closed_without_a_word(start):
    with connect(start("--keep-alive=1")) as client:
        client.sendall(b"\r\n")

        assert client.recv(1) == b""


def test_unfinished_requests_share_a_bounded_memory(start, connect_many):
    port = start("--worker-class=app.SmallWorker")
    clients = connect_many(port, 5)
    for client in clients:
        client.sendall(HEAD + b"Content-Length: 300001\r\n\r\n" + b"x" * 300_000)
        time.sleep(0.3)

    refused = [client.recv(1000) for client in clients[3:]]
    for client in clients[:3]:
        client.sendall(b"x")

    for response in refused:
        assert response.startswith(b"HTTP/1.1 503 ")
        assert b"urn:problem:overloaded" in response
    for client in clients[:3]:
        assert receive(client).startswith(b"/xxx")
    for client in connect_many(port, 3):  # there is room again
        client.sendall(HEAD + b"Content-Length: 300001\r\n\r\n" + b"x" * 300_000)
        time.sleep(0.1)
        client.sendall(b"x")
        assert receive(client).startswith(b"/xxx")


def test_a_client_that_goes_on_sending_reads_its_refusal(start):
    with connect(start()) as client:
        client.sendall(b"nonsense\r\n\r\n" + b"x" * 500_000)

        assert client.recv(12) == b"HTTP/1.1 400"


def test_told_to_stop_it_waits_for_requests_that_have_begun(start, tmp_path):
    pid_file = tmp_path / "pid"
    port = start(f"--pid={pid_file}", "--graceful-timeout=8")
    with connect(port) as client:
        client.sendall(HEAD)
        time.sleep(0.3)
        os.kill(int(pid_file.read_text()), signal.SIGTERM)
        time.sleep(3)
        client.sendall(b"Content-Length: 0\r\n\r\n")

        assert receive(client) == b"/"


def test_an_answer_may_take_longer_than_its_request(start):
    with connect(start("--timeout=3")) as client:
        assert ask(client, "/slower") == b"/slower"


def test_a_request_may_take_its_time_where_there_is_no_limit(start):
    with connect(start("--timeout=0")) as client:
        client.sendall(b"POST /late HTTP/1.1\r\nHost: localhost\r\n")
        time.sleep(1.5)
        client.sendall(b"Content-Length: 0\r\n\r\n")

        assert receive(client) == b"/late"


def test_who_finds_no_room_gets_it_when_another_leaves(start, connect_many):
    port = start("--worker-connections=3")
    here = connect_many(port, 3)
    assert [ask(client) for client in here] == [b"/"] * 3
    with connect(port) as waiting:  # in the socket's queue
        send(waiting)
        waiting.settimeout(0.5)
        with pytest.raises(TimeoutError):
            waiting.recv(1)

        here[0].close()

        waiting.settimeout(15)
        assert receive(waiting) == b"/"


def test_an_error_in_a_thread_is_logged_and_the_thread_goes_on(start, capfd):
    port = start("--worker-class=app.FailingWorker")
    broken = 0

    for _ in range(20):
        with connect(port) as client:
            send(client)
            broken += client.recv(1000) == b""

    assert broken == FAILURES
    assert capfd.readouterr().err.count("RuntimeError: injected") == FAILURES


def test_an_answer_that_fails_before_it_began_is_a_500(start, capfd):
    with connect(start()) as client:
        send(client, "/broken")

        assert client.recv(1000).startswith(b"HTTP/1.1 500 ")

    assert capfd.readouterr().err.count("RuntimeError: injected") == 1


def test_an_answer_that_fails_in_the_middle_ends_with_the_connection(start, capfd):
    with connect(start()) as client:
        send(client, "/broken-late")

        received = b""
        while data := client.recv(1000):
            received += data

    assert received.endswith(b"\r\n\r\nabc")
    assert capfd.readouterr().err.count("RuntimeError: injected") == 1


def test_a_process_ends_after_as_many_requests_as_it_may_answer(start, capfd):
    port = start("--max-requests=3")
    with connect(port) as client:  # the first was that of the start
        ask(client)
        send(client, "/last")

        assert receive(client) == b"/last"
        assert client.recv(1) == b""

    assert "Autorestarting worker" in capfd.readouterr().err


def test_told_to_stop_it_answers_what_has_begun_and_ends(start, tmp_path):
    pid_file = tmp_path / "pid"
    port = start(f"--pid={pid_file}", "--graceful-timeout=8")
    with connect(port) as busy, connect(port) as idle:
        ask(idle)
        send(busy, "/slow")
        time.sleep(0.3)
        began = time.monotonic()

        os.kill(int(pid_file.read_text()), signal.SIGTERM)

        assert receive(busy) == b"/slow"
        assert idle.recv(1) == b""
        assert time.monotonic() - began < 4
    with pytest.raises(ConnectionRefusedError):
        connect(port)

"""The sockets on which the local API and the embedded store listen."""

import socket

from functions.local.process.listening import HOST, listen, port_of


def test_a_port_that_is_taken_is_replaced_by_a_free_one() -> None:
    with listen(0) as first, listen(port_of(first)) as second:
        assert port_of(second) not in {0, port_of(first)}


def test_a_connection_sends_small_answers_at_once() -> None:
    with listen(0) as listener, socket.create_connection((HOST, port_of(listener))):
        accepted, _ = listener.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)

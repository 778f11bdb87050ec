"""A listening socket on the port asked for, or on a free one where that is taken."""

import errno
import socket

HOST = "127.0.0.1"


def listen(port: int, host: str = HOST) -> socket.socket:
    """Listen on `port`, of this machine only; on a free port when it is taken. The socket knows which."""
    try:
        return _listen(port, host)
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        return _listen(0, host)


def port_of(listener: socket.socket) -> int:
    port: int = listener.getsockname()[1]
    return port


def _listen(port: int, host: str) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        # A port whose last user has just stopped is free.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # Connections inherit this. asyncio sees to it only for sockets that name their protocol; without it,
        # an answer may wait 40 ms to be sent (https://github.com/python/cpython/issues/148783).
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        listener.bind((host, port))
        listener.listen(128)
    except OSError:
        listener.close()
        raise
    return listener

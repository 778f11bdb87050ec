"""A store behind TLS, on this machine: what S3 itself is, as far as a client can tell."""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from functions.local.process.listening import HOST
from tests.support.certificate import write_certificate

# A client that hangs is let go of then.
SECONDS = 60.0


@contextmanager
def behind_tls(port: int, folder: Path, authorities: Path) -> Iterator[tuple[str, Path]]:
    """The address of what passes on, to `port` of this machine, what comes to it by TLS, and a file with who
    vouches for it: among all of `authorities`, so that to read it takes as long as it does elsewhere."""
    certificate, key = write_certificate(folder)
    trusted = folder / "trusted.pem"
    trusted.write_bytes(authorities.read_bytes() + b"\n" + certificate.read_bytes())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with socket.create_server((HOST, 0)) as listener:
        threading.Thread(target=_accept, args=(listener, context, port), daemon=True).start()
        try:
            yield f"https://{HOST}:{listener.getsockname()[1]}", trusted
        finally:
            # It wakes who waits for a connection, which closing alone does not.
            listener.shutdown(socket.SHUT_RDWR)


def _accept(listener: socket.socket, context: ssl.SSLContext, port: int) -> None:
    while True:
        try:
            plain, _ = listener.accept()
        except OSError:
            return
        threading.Thread(target=_serve, args=(plain, context, port), daemon=True).start()


def _serve(plain: socket.socket, context: ssl.SSLContext, port: int) -> None:
    with plain:
        try:
            client = context.wrap_socket(plain, server_side=True)
        except OSError:
            return
        with client, socket.create_connection((HOST, port)) as store:
            answers = threading.Thread(target=_pass_on, args=(store, client), daemon=True)
            answers.start()
            _pass_on(client, store)
            answers.join(SECONDS)


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    try:
        while data := source.recv(65_536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        # One side has gone: the other sees the end of its own connection.
        return

"""A store behind TLS, on this machine: what S3 itself is, as far as a client can tell."""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from functions.local.listening import HOST

# A client that hangs is let go of then.
SECONDS = 60.0


@contextmanager
def behind_tls(port: int, folder: Path, authorities: Path) -> Iterator[tuple[str, Path]]:
    """The address of what passes on, to `port` of this machine, what comes to it by TLS, and a file with who
    vouches for it: among all of `authorities`, so that to read it takes as long as it does elsewhere."""
    key, certificate = _certificate()
    files = {
        "key": key,
        "certificate": certificate,
        "trusted": authorities.read_bytes() + b"\n" + certificate,
    }
    for name, text in files.items():
        (folder / f"{name}.pem").write_bytes(text)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "certificate.pem", folder / "key.pem")
    with socket.create_server((HOST, 0)) as listener:
        threading.Thread(target=_accept, args=(listener, context, port), daemon=True).start()
        try:
            yield f"https://{HOST}:{listener.getsockname()[1]}", folder / "trusted.pem"
        finally:
            # It wakes who waits for a connection, which closing alone does not.
            listener.shutdown(socket.SHUT_RDWR)


def _certificate() -> tuple[bytes, bytes]:
    """A key and its certificate, signed by itself, for an hour."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a store to be measured")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(HOST))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    return key.private_bytes(pem, *plain), certificate.public_bytes(pem)


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

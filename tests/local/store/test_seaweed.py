"""The certificates of the store that stays: such as every Python takes, the strict ones of 3.13 as well."""

import ssl
from pathlib import Path

from functions.local.store.seaweed import CA, CERTIFICATE, KEY, _write_certificates


def test_the_certificates_stand_a_strict_look(tmp_path: Path) -> None:
    _write_certificates(tmp_path)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_verify_locations(tmp_path / CA)
    server.verify_mode = ssl.CERT_REQUIRED
    client = ssl.create_default_context(cafile=str(tmp_path / CA))
    for context in (server, client):
        context.load_cert_chain(tmp_path / CERTIFICATE, tmp_path / KEY)
        # What Python 3.13 looks at by itself.
        context.verify_flags |= ssl.VERIFY_X509_STRICT | ssl.VERIFY_X509_PARTIAL_CHAIN
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = [
        client.wrap_bio(to_client, to_server, server_hostname="127.0.0.1"),
        server.wrap_bio(to_server, to_client, server_side=True),
    ]
    for _ in range(4):
        for end in ends:
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                continue
    assert [bool(end.getpeercert()) for end in ends] == [True, True]

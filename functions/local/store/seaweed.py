"""How SeaweedFS is run for one person on one machine: what is on, who may ask, and how much memory it takes.

Beside S3 it has a master, a volume server and a filer, each with a port for HTTP and one for gRPC that by
default take anybody's word; a page in a browser could have them delete everything. Here each of these ports
wants a certificate of the client (mutual TLS) that only this run's own parts have. S3 wants a signature.
https://github.com/seaweedfs/seaweedfs/wiki/Security-Configuration
"""

import ipaddress
import json
import sysconfig
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from functions.local.process.environment import Credentials
from functions.local.process.listening import HOST

# Of Go's heap. What is resident is more: the program's own pages, and a part that is freed a little later.
MEMORY = "256MiB"
_VOLUME_MB = 1_024
_VOLUMES = 1_000
_PARTS = ("master", "volume", "filer")
_GRPC_PARTS = (*_PARTS, "s3")
# Beyond the longest run: a certificate is never looked at again after it.
_CERTIFICATE_DAYS = 3_650
# A name that leads nowhere (RFC 6761): no page has this origin.
_NO_ORIGIN = "https://nobody.invalid"
CA, CERTIFICATE, KEY = "ca.crt", "own.crt", "own.key"
IDENTITIES = "s3.json"


@dataclass(frozen=True, slots=True)
class Ports:
    """Where its parts listen, on 127.0.0.1. Each part has a port for HTTP and one for gRPC."""

    s3: int
    s3_grpc: int
    master: int
    master_grpc: int
    volume: int
    volume_grpc: int
    filer: int
    filer_grpc: int

    @property
    def sockets(self) -> list[Path]:
        """The sockets that it makes beside the ports of gRPC, and leaves behind when it is killed."""
        grpc = {"s3": self.s3_grpc, "master": self.master_grpc}
        grpc |= {"volume": self.volume_grpc, "filer": self.filer_grpc}
        return [Path(f"/tmp/seaweedfs-{part}-grpc-{port}.sock") for part, port in grpc.items()]  # noqa: S108


def find_weed() -> Path | None:
    """The program, where its wheel is installed beside this Python: there is none for every platform."""
    weed = Path(sysconfig.get_path("scripts")) / "weed"
    return weed if weed.exists() else None


def write_configuration(folder: Path, data: Path, credentials: Credentials) -> None:
    """Write into `folder`, which the program is started in, what it reads there."""
    _write_certificates(folder)
    own = f'cert = "{CERTIFICATE}"\nkey = "{KEY}"\n'
    sections = [f'[cors.allowed_origins]\nvalues = "{_NO_ORIGIN}"\n', f'[grpc]\nca = "{CA}"\n']
    sections += [f"[grpc.{part}]\n{own}" for part in (*_GRPC_PARTS, "client")]
    sections += [f'[https.{part}]\n{own}ca = "{CA}"\n' for part in _PARTS]
    sections += [f'[https.client]\nenabled = true\n{own}ca = "{CA}"\n']
    (folder / "security.toml").write_text("\n".join(sections))
    # Else it would be beside the master's state, which is made anew for each run.
    (folder / "filer.toml").write_text(f"[leveldb2]\nenabled = true\ndir = {json.dumps(f'{data}/filer')}\n")
    keys = {"accessKey": credentials.access_key, "secretKey": credentials.secret_key}
    identities = [{"name": "lifeboat", "credentials": [keys], "actions": ["Admin"]}]
    (folder / IDENTITIES).write_text(json.dumps({"identities": identities}))


def arguments(data: Path, ports: Ports) -> list[str]:
    """What the program is started with, in the folder of `write_configuration`."""
    options = {
        "ip": HOST,
        "ip.bind": HOST,
        "dir": data / "volumes",
        # Which volumes there are it learns from the volume server, at every start.
        "master.dir": ".",
        "master.telemetry": "false",
        "master.volumeSizeLimitMB": _VOLUME_MB,
        # There is no other: by default it looks for others, for a second and a half, before it leads.
        "master.peers": "none",
        "volume.max": _VOLUMES,
        "volume.preStopSeconds": 0,
        "filer": "true",
        # The names of sockets must be short: they are in the folder that it is started in.
        "filer.localSocket": "filer.sock",
        "filer.exposeDirectoryData": "false",
        "s3": "true",
        "s3.localSocket": "s3.sock",
        "s3.config": IDENTITIES,
        "s3.allowedOrigins": _NO_ORIGIN,
        "s3.autoCreateBucket": "false",
        # What listens by default beside these.
        "s3.iam": "false",
        "s3.port.iceberg": 0,
        "s3.port.lance": 0,
        "webdav": "false",
        "sftp": "false",
        "iam": "false",
    }
    for part in _GRPC_PARTS:
        options |= {f"{part}.port": getattr(ports, part), f"{part}.port.grpc": getattr(ports, f"{part}_grpc")}
    return ["-logtostderr", "server", *(f"-{name}={value}" for name, value in options.items())]


def environment_of(folder: Path) -> dict[str, str]:
    """All that the program gets of an environment: no setting for another SeaweedFS leads it elsewhere."""
    return {
        "HOME": str(folder),
        "TMPDIR": str(folder),
        "GOMEMLIMIT": MEMORY,
        # One file for a bucket's objects, not seven.
        "WEED_MASTER_VOLUME_GROWTH_COPY_1": "1",
    }


def _write_certificates(folder: Path) -> None:
    """A certificate by which the parts know each other. Who has signed it is forgotten: there is no other.

    Long because a certificate has many fields, each written once: there is nothing to be told apart in it.
    """
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    def name(text: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])

    now = datetime.now(UTC)
    signing, own = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())

    def certificate(subject: str, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(name(subject))
            .issuer_name(name("the store of a run"))
            .public_key(key)
            .serial_number(x509.random_serial_number())
            # A clock that is set back while it runs ends nothing.
            .not_valid_before(now - timedelta(days=_CERTIFICATE_DAYS))
            .not_valid_after(now + timedelta(days=_CERTIFICATE_DAYS))
        )

    # Python 3.13 wants what RFC 5280 does: who signed it, and for what it may sign (VERIFY_X509_STRICT).
    signs = x509.KeyUsage(
        digital_signature=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    authority = (
        certificate("the store of a run", signing.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(signs, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(signing.public_key()), critical=False)
    )
    signed_by = x509.AuthorityKeyIdentifier.from_issuer_public_key(signing.public_key())
    usage = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
    part = (
        certificate("a part of it", own.public_key())
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(HOST))]), False)
        .add_extension(x509.ExtendedKeyUsage(usage), critical=False)
        .add_extension(signed_by, critical=False)
    )
    pem = serialization.Encoding.PEM
    (folder / CA).write_bytes(authority.sign(signing, hashes.SHA256()).public_bytes(pem))
    (folder / CERTIFICATE).write_bytes(part.sign(signing, hashes.SHA256()).public_bytes(pem))
    (folder / KEY).write_bytes(
        own.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )

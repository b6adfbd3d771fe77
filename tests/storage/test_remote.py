"""A storage behaves the same on a path, on S3 and on Google Cloud Storage; its errors."""

import io
import itertools
import json
import pickle
import time
import urllib.request
from pathlib import Path

import pytest
from s3 import address, free_port

from class_sweep.errors import InputError, StorageError
from class_sweep.storage.connection import local_path
from class_sweep.storage.remote import Storage

BUCKETS = itertools.count()


@pytest.fixture(scope="session")
def gcs():
    """The port of a server with the interface of Google Cloud Storage."""
    from gcp_storage_emulator.server import create_server

    port = free_port()
    server = create_server("127.0.0.1", port, in_memory=True)
    server.start()
    yield port
    server.stop()


@pytest.fixture(params=["path", "s3", "gs"])
def storage(request, tmp_path):
    if request.param == "gs":
        port, bucket = request.getfixturevalue("gcs"), f"bucket-{next(BUCKETS)}"
        creation = urllib.request.Request(
            f"http://127.0.0.1:{port}/storage/v1/b?project=p",
            json.dumps({"name": bucket}).encode(),
            {"Content-Type": "application/json"},
        )
        urllib.request.urlopen(creation, timeout=10).close()  # noqa: S310
        options = f"scheme=http&endpoint_override=127.0.0.1:{port}"
        return Storage.parse(f"gs://anonymous@{bucket}/sweeps?{options}") / "one"
    if request.param == "path":
        return Storage.parse(str(tmp_path / "shared")) / "one"
    request.getfixturevalue("s3_credentials")
    s3 = request.getfixturevalue("s3")
    return Storage.parse(address(s3.port, s3.bucket())) / "one"


def test_written_files_are_read_back_and_can_be_replaced(storage, tmp_path):
    (tmp_path / "file").write_bytes(b"of a file")
    storage.put("a.txt", b"first")
    storage.put("a.txt", b"second")
    storage.put("deep/er/b", tmp_path / "file")
    storage.put("deep/c", io.BytesIO(b"of a stream"))
    storage.put("empty", b"")
    assert storage.get("a.txt") == b"second"
    assert storage.get("deep/er/b") == b"of a file"
    fetched = io.BytesIO()
    storage.fetch("deep/c", fetched)
    assert fetched.getvalue() == b"of a stream"
    assert {name: stored.size for name, stored in storage.files().items()} == {
        "a.txt": 6, "deep/er/b": 9, "deep/c": 11, "empty": 0,
    }  # fmt: skip
    assert set(storage.files("deep")) == {"deep/er/b", "deep/c"}
    assert abs(storage.stat("a.txt").mtime - time.time()) < 10


class Torn(io.BytesIO):
    """A stream that fails after its first bytes."""

    def read(self, _size=-1):
        if self.tell():
            raise OSError("the worker died")
        return super().read(4)


def test_a_file_on_a_shared_path_is_written_as_a_whole_or_not_at_all(tmp_path):
    storage = Storage.parse(str(tmp_path / "shared"))
    storage.put("state", b"old")
    for name in ("state", "new"):
        with pytest.raises(StorageError, match="the worker died"):
            storage.put(name, Torn(b"new content"))
    assert storage.get("state") == b"old"
    # What is left of a torn write is not a file of the storage.
    assert set(storage.files()) == {"state"}


def test_a_missing_file_and_an_empty_storage(storage):
    assert storage.files() == {}
    assert storage.stat("a.txt") is None
    with pytest.raises(FileNotFoundError):
        storage.get("a.txt")
    with pytest.raises(FileNotFoundError):
        storage.fetch("a.txt", io.BytesIO())
    storage.remove("a.txt")


def test_only_the_removed_files_are_gone(storage):
    for name in ("a", "deep/b", "deep/c"):
        storage.put(name, b"x")
    storage.remove("deep/b")
    assert set(storage.files()) == {"a", "deep/c"}


def test_the_check_of_a_usable_storage_leaves_it_unchanged(storage):
    assert abs(storage.require_usable() - time.time()) < 10
    assert storage.files() == {}


def test_a_storage_is_pickled_as_its_address(storage):
    storage.put("a", b"x")
    again = pickle.loads(pickle.dumps(storage))  # noqa: S301 - as Ray does
    assert again == storage
    assert again.get("a") == b"x"
    assert b"testing" not in pickle.dumps(storage)  # the pickle has no credentials


def test_a_folder_of_a_storage_keeps_the_options_of_the_address():
    uri = "s3://bucket/prefix/?region=eu-west-1"
    assert str(Storage.parse(uri) / "sweep") == "s3://bucket/prefix/sweep?region=eu-west-1"
    assert (Storage.parse(uri) / "sweep").name == "sweep"
    assert str(Storage.parse("s3://bucket") / "sweep") == "s3://bucket/sweep"
    assert str(Storage.parse("file:///nfs/a/") / "sweep") == "/nfs/a/sweep"


def test_a_path_may_be_written_as_a_file_uri(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert Storage.parse("file:///nfs/a%20b%3Fc") == Storage.parse("/nfs/a b?c")
    assert Storage.parse("file://localhost/nfs") == Storage.parse("/nfs")
    assert local_path("file:///nfs/a") == Path("/nfs/a")
    assert local_path("which σ?/a#b%20") == Path("which σ?/a#b%20")
    assert local_path("~/a") == tmp_path / "a"
    for text in ("file://host/a", "file://a", "s3://bucket/a"):
        with pytest.raises(InputError, match="must"):
            local_path(text)


@pytest.mark.parametrize("name", ["which σ?", "50%", "a#1", "%3F", "a b&c=d"])
def test_a_name_is_never_read_as_a_part_of_a_uri(s3, s3_credentials, name):
    bucket = Storage.parse(address(s3.port, s3.bucket()))
    storage = bucket / name
    assert storage.name == name
    storage.put("file", b"x")
    assert set(bucket.files()) == {f"{name}/file"}
    assert Storage.parse(str(storage)) == storage
    assert storage.get("file") == b"x"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("s3://bucket/a#1", "a # in the name of a storage must be written %23"),
        ("ftp://host/a", "a storage must be s3://bucket/prefix, gs://.* got ftp://"),
        ("s3:///a", "a storage must name its bucket, got s3:///a"),
        ("s3://key:secret@bucket/a", "without credentials.* got some with s3://bucket/a; put"),
        ("s3://bucket/a?secret_key=hush", "one of endpoint_override, .* got secret_key$"),
        ("s3://bucket/a?session_token", "got session_token$"),
        ("gs://anonymous:secret@bucket/a", "without credentials"),
        ("gs://bucket/a?region=x", "one of endpoint_override, scheme, got region$"),
    ],
)
def test_an_invalid_address_is_refused(text, message):
    with pytest.raises(InputError, match=message) as error:
        Storage.parse(text)
    assert "hush" not in str(error.value)
    assert "key:secret" not in str(error.value)


def unusable(storage):
    start = time.monotonic()
    with pytest.raises(InputError) as error:
        storage.require_usable()
    assert time.monotonic() - start < 15
    assert str(storage) in str(error.value)
    return str(error.value)


def test_a_missing_bucket_is_an_error(s3, s3_credentials):
    assert "NO_SUCH_BUCKET" in unusable(Storage.parse(address(s3.port, "nowhere")))


def test_a_storage_without_write_permission_is_an_error(s3, s3_credentials, line):
    storage = Storage.parse(address(line.port, s3.bucket()))
    line.broken = "403 Forbidden"
    assert "ACCESS_DENIED" in unusable(storage)


def test_a_silent_server_is_an_error(s3, s3_credentials, line, monkeypatch):
    monkeypatch.setattr("class_sweep.storage.connection._HURRIED_ANSWER_SECONDS", 1)
    storage = Storage.parse(address(line.port, s3.bucket()))
    line.broken = "silent"
    unusable(storage)


def test_a_missing_server_is_an_error(s3_credentials):
    unusable(Storage.parse(address(free_port(), "bucket")))


def test_missing_credentials_are_an_error(s3, monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name, raising=False)
    unusable(Storage.parse("s3://bucket/prefix?region=us-east-1"))


def test_a_path_that_cannot_be_written_is_an_error(tmp_path):
    (tmp_path / "file").write_text("x")
    assert "could not write" in unusable(Storage.parse(str(tmp_path / "file")) / "one")


def test_a_later_failure_names_the_storage_and_the_file(s3, s3_credentials, line):
    storage = Storage.parse(address(line.port, s3.bucket()))
    storage.put("a", b"x")
    line.broken = "500 Internal Server Error"
    for action in (
        lambda: storage.put("a", b"y"),
        lambda: storage.get("a"),
        lambda: storage.stat("a"),
        storage.files,
        lambda: storage.remove("a"),
    ):
        with pytest.raises(StorageError) as error:
            action()
        assert str(storage) in str(error.value)
    line.broken = None
    assert storage.get("a") == b"x"


@pytest.mark.cluster
def test_a_slow_storage_is_waited_for(s3, s3_credentials, line):
    storage = Storage.parse(address(line.port, s3.bucket()))
    line.delay = 4.0  # longer than the default timeout of the AWS SDK
    assert storage.stat("a") is None

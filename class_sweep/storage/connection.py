"""The address of a storage, and the connection to it through Arrow's file systems.

Every command reads a location in the same way: a path, `file:///path`, or a URI of an object store.
In a URI, `%3F`, `%23` and `%25` are `?`, `#` and `%` of a name.
"""

import os
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit, urlunsplit

from class_sweep.errors import InputError

_FILE = "file://"
_OPTIONS = {
    "s3": {"region", "scheme", "endpoint_override", "tls_ca_file_path"},
    "gs": {"scheme", "endpoint_override"},
}
_ANONYMOUS = ("gs", "anonymous", None)  # Arrow's notation for a public bucket
_ENDPOINTS = ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3")
_CONNECT_SECONDS, _ANSWER_SECONDS = 10, 30
_HURRIED_CONNECT_SECONDS, _HURRIED_ANSWER_SECONDS = 3, 5  # while a person waits


def is_remote(text: str) -> bool:
    """Whether an address names an object store and not a path."""
    return "://" in text and not text.startswith(_FILE)


def local_path(text: str) -> Path:
    """The path that a location names: `file:///path`, or a path with `~` for the home.

    Raises:
        InputError: If it is a URI of another kind.
    """
    if is_remote(text):
        raise InputError(f"a location on this machine must be a path or file:///path, got {text}")
    if not text.startswith(_FILE):
        return Path(text).expanduser()
    host, slash, path = text.removeprefix(_FILE).partition("/")
    if not slash or host not in {"", "localhost"}:
        raise InputError(f"a file URI must name an absolute path, as file:///path does, got {text}")
    return Path(f"/{unquote(path)}")


def escaped(name: str) -> str:
    """A name as a part of the path of a URI."""
    return name.replace("%", "%25").replace("?", "%3F").replace("#", "%23")


def checked_address(text: str) -> str:
    """The canonical address of a storage: a URI without credentials, or an absolute path.

    Raises:
        InputError: If the kind of storage is unknown, or the address holds credentials.
    """
    if not is_remote(text):
        return str(local_path(text).resolve())
    parts = urlsplit(text)
    if parts.scheme not in _OPTIONS:
        raise InputError(
            "a storage must be s3://bucket/prefix, gs://bucket/prefix or a path that every node"
            f" sees, got {parts.scheme}://"
        )
    plain_address = f"{parts.scheme}://{parts.hostname or ''}{parts.path}"
    if "@" in parts.netloc and (parts.scheme, parts.username, parts.password) != _ANONYMOUS:
        raise InputError(
            f"a storage must be named without credentials, got some with {plain_address}; put them"
            " into the environment or the provider's own files"
        )
    if not parts.netloc:
        raise InputError(f"a storage must name its bucket, got {plain_address}")
    if "#" in text:
        raise InputError(f"a # in the name of a storage must be written %23, got {plain_address}#…")
    options = _OPTIONS[parts.scheme]
    for key, _ in parse_qsl(parts.query, keep_blank_values=True):
        if key not in options:  # the value is not shown: it may be a secret
            raise InputError(
                f"an option of {parts.scheme}:// must be one of {', '.join(sorted(options))}, got"
                f" {key}"
            )
    return urlunsplit(parts._replace(path=parts.path.rstrip("/")))


def connect(address: str, *, hurried: bool) -> tuple[Any, str]:
    """Connect to a storage.

    Args:
        address: An address from `checked_address`.
        hurried: Whether to give up within seconds, because a person waits.

    Returns:
        Arrow's file system, and the path of the storage on it.

    Raises:
        OSError: If the bucket's region cannot be found.
    """
    from pyarrow import fs  # noqa: PLC0415 - takes a second to import

    if not is_remote(address):
        return fs.LocalFileSystem(), address
    parts = urlsplit(address)
    options: dict[str, Any] = dict(parse_qsl(parts.query))
    answer_seconds = _HURRIED_ANSWER_SECONDS if hurried else _ANSWER_SECONDS
    if parts.scheme == "gs":
        query = urlencode(options | {"retry_limit_seconds": answer_seconds})
        uri = urlunsplit(parts._replace(path=quote(unquote(parts.path)), query=query))
        file_system, path = fs.FileSystem.from_uri(uri)
        return file_system, path
    other_endpoint = "endpoint_override" in options or any(map(os.environ.get, _ENDPOINTS))
    if "region" not in options and not other_endpoint:
        options["region"] = fs.resolve_s3_region(parts.netloc)
    return fs.S3FileSystem(
        **options,
        connect_timeout=_HURRIED_CONNECT_SECONDS if hurried else _CONNECT_SECONDS,
        request_timeout=answer_seconds,
        allow_delayed_open=not hurried,  # one request per file instead of three
        retry_strategy=fs.AwsStandardS3RetryStrategy(max_attempts=2),
    ), f"{parts.netloc}{unquote(parts.path)}"

"""From a storage's address to Arrow's file system, with time limits and without credentials."""

import os
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from class_sweep.errors import InputError

_OPTIONS = {
    "s3": {"region", "scheme", "endpoint_override", "tls_ca_file_path"},
    "gs": {"scheme", "endpoint_override"},
}
_ANONYMOUS = ("gs", "anonymous", None)  # Arrow's way to say that a bucket is public
_ENDPOINTS = ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3")
_CONNECT, _ANSWER = 10, 30  # seconds a slow storage has
_HURRIED_CONNECT, _HURRIED_ANSWER = 3, 5  # and at the first word with it


def is_remote(text: str) -> bool:
    """Whether an address is of an object store, not a path."""
    return "://" in text and not text.startswith("file://")


def checked_address(text: str) -> str:
    """A storage's address as it is kept: a URI without credentials, or an absolute path.

    Raises:
        InputError: If it names no kind of storage that there is, or holds credentials.
    """
    if not is_remote(text):
        return str(Path(text.removeprefix("file://")).expanduser().resolve())
    parts = urlsplit(text)
    if parts.scheme not in _OPTIONS:
        raise InputError(
            "a storage must be s3://bucket/prefix, gs://bucket/prefix or a path that every node"
            f" sees, got {parts.scheme}://"
        )
    plain = f"{parts.scheme}://{parts.hostname or ''}{parts.path}"
    if "@" in parts.netloc and (parts.scheme, parts.username, parts.password) != _ANONYMOUS:
        raise InputError(
            "a storage must be named without credentials, which belong into the environment or the"
            f" provider's own files, got some with {plain}"
        )
    if not parts.netloc:
        raise InputError(f"a storage must name its bucket, got {plain}")
    known = _OPTIONS[parts.scheme]
    for key, _ in parse_qsl(parts.query, keep_blank_values=True):
        if key not in known:  # its value may be a secret
            raise InputError(
                f"an option of {parts.scheme}:// must be one of {', '.join(sorted(known))}, got"
                f" {key}"
            )
    return urlunsplit(parts._replace(path=parts.path.rstrip("/"), fragment=""))


def connect(address: str, *, hurried: bool) -> tuple[Any, str]:
    """Arrow's file system of an address of `checked_address`, and the path on it.

    Args:
        address: Where.
        hurried: Give up within seconds, as a person who waits wants it.

    Raises:
        OSError: If the bucket's region cannot be found.
    """
    from pyarrow import fs  # noqa: PLC0415 - a second that few commands need

    if not is_remote(address):
        return fs.LocalFileSystem(), address
    parts = urlsplit(address)
    options: dict[str, Any] = dict(parse_qsl(parts.query))
    answer = _HURRIED_ANSWER if hurried else _ANSWER
    if parts.scheme == "gs":
        query = urlencode(options | {"retry_limit_seconds": answer})
        found, path = fs.FileSystem.from_uri(urlunsplit(parts._replace(query=query)))
        return found, path
    elsewhere = "endpoint_override" in options or any(map(os.environ.get, _ENDPOINTS))
    if "region" not in options and not elsewhere:
        options["region"] = fs.resolve_s3_region(parts.netloc)
    return fs.S3FileSystem(
        **options,
        connect_timeout=_HURRIED_CONNECT if hurried else _CONNECT,
        request_timeout=answer,
        allow_delayed_open=not hurried,  # one request a file, not three, but a failure takes longer
        retry_strategy=fs.AwsStandardS3RetryStrategy(max_attempts=2),
    ), f"{parts.netloc}{parts.path}"

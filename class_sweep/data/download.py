"""The download of one file over HTTP; an interrupted download is continued.

This module exists because pooch has a registry, checksums and retries, but cannot continue a
download.
"""

import logging
import time
from collections.abc import Callable
from pathlib import Path

import httpx

from class_sweep.errors import DataError

log = logging.getLogger(__name__)

ATTEMPTS = 5
FIRST_PAUSE = 1.0  # seconds before the second attempt; doubled for each further one
TIMEOUT = httpx.Timeout(30.0)  # seconds to connect, and between two pieces
RETRIED = frozenset({408, 425, 429, 500, 502, 503, 504})

Progress = Callable[[str, int, int | None], None]  # file, bytes so far, total bytes if known


class _RetryableError(Exception):
    """This attempt failed; another one may succeed."""


def download(url: str, part: Path, progress: Progress | None = None) -> None:
    """Download the whole of `url` into `part`.

    The bytes of an earlier, interrupted download are kept if the server still has the same version
    of the file (its ETag, stored beside `part`); otherwise the download starts from the beginning.

    Args:
        url: http or https.
        part: The file to write; complete on return, and kept for the next call after an error.
        progress: Called after every piece.

    Raises:
        DataError: If the server refuses, the connection fails `ATTEMPTS` times, or the disk refuses
            the file.
    """
    with httpx.Client(timeout=TIMEOUT, follow_redirects=True) as client:
        for attempt in range(ATTEMPTS):
            if attempt:
                time.sleep(FIRST_PAUSE * 2 ** (attempt - 1))
            try:
                return _attempt(client, url, part, progress)
            except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
                raise DataError(f"a URL must be http or https, got {error}: {url}") from error
            except (httpx.HTTPError, _RetryableError) as error:
                reason = f"{type(error).__name__.strip('_')}: {error}"
                log.info("attempt %d of %d: %s: %s", attempt + 1, ATTEMPTS, reason, url)
            except OSError as error:
                raise DataError(
                    f"a download must be written to disk, got {error.strerror}: {part}"
                ) from error
    raise DataError(f"a download must succeed within {ATTEMPTS} attempts, got {reason}: {url}")


def _attempt(client: httpx.Client, url: str, part: Path, progress: Progress | None) -> None:
    version = _version_file(part)
    etag = version.read_text() if version.exists() and part.exists() else ""
    start = part.stat().st_size if etag else 0
    # A compressed stream cannot be continued at an offset of the decompressed bytes.
    headers = {"Accept-Encoding": "identity"}
    if start:
        headers |= {"Range": f"bytes={start}-", "If-Range": etag}
    with client.stream("GET", url, headers=headers) as response:
        if start and not _continues(response, start, etag):
            part.unlink()
            raise _RetryableError("the file on the server has changed")
        _check_status(response, url)
        if response.status_code == httpx.codes.OK:
            start = 0
            part.unlink(missing_ok=True)  # before the ETag file, which describes the new bytes
            _save_version(response, version)
        length = response.headers.get("Content-Length")
        done, total = start, start + int(length) if length else None
        with part.open("ab" if start else "wb") as file:
            for piece in response.iter_bytes():  # unbuffered: an interruption loses no bytes
                file.write(piece)
                done += len(piece)
                if progress is not None:
                    progress(part.stem, done, total)
    version.unlink(missing_ok=True)


def _continues(response: httpx.Response, start: int, etag: str) -> bool:
    if response.status_code == httpx.codes.PARTIAL_CONTENT:
        at_start = str(response.headers.get("Content-Range")).startswith(f"bytes {start}-")
        return at_start and bool(response.headers.get("ETag", etag) == etag)
    return response.status_code != httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE


def _check_status(response: httpx.Response, url: str) -> None:
    status = response.status_code
    if status in RETRIED:
        raise _RetryableError(f"status {status}")
    if status not in {httpx.codes.OK, httpx.codes.PARTIAL_CONTENT}:
        raise DataError(f"the server must have the file, got status {status}: {url}")


def _version_file(part: Path) -> Path:
    return part.with_name(part.name + ".etag")


def _save_version(response: httpx.Response, version: Path) -> None:
    etag = response.headers.get("ETag", "")
    # A weak tag does not guarantee equal bytes.
    if etag and not etag.startswith("W/") and "Content-Encoding" not in response.headers:
        version.write_text(etag)
    else:
        version.unlink(missing_ok=True)

"""An S3 server in its own process on loopback, and a proxy to it that can be slow or fail."""

import contextlib
import os
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Self

from waiting import patience, wait_until

ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing-secret",
    "AWS_EC2_METADATA_DISABLED": "true",
}
_ANSWER = (
    "HTTP/1.1 {status}\r\nContent-Type: application/xml\r\nContent-Length: {length}\r\n"
    "Connection: close\r\n\r\n{body}"
)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class S3Server:
    """Moto's server, which keeps the objects in memory."""

    def __init__(self) -> None:
        self.port = free_port()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(self.port)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=os.environ | ENVIRONMENT,
        )
        self.buckets = 0
        wait_until(self._answers, usual=3, possible=lambda: self._process.poll() is None)

    def _answers(self) -> bool:
        try:
            self.request("GET", "/")
        except urllib.error.URLError:
            return False
        return True

    def request(self, method: str, path: str) -> bytes:
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", method=method)
        with urllib.request.urlopen(request, timeout=patience(1)) as answer:  # noqa: S310
            return answer.read()

    def bucket(self) -> str:
        """Create a bucket and return its name."""
        self.buckets += 1
        name = f"bucket-{self.buckets}"
        self.request("PUT", f"/{name}")
        return name

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait()


def address(port: int, bucket: str, prefix: str = "sweeps") -> str:
    return f"s3://{bucket}/{prefix}?scheme=http&endpoint_override=127.0.0.1:{port}"


class Line:
    """A proxy in front of another port, which can delay or break requests.

    Attributes:
        delay: Seconds added to each request.
        broken: None; `drop` closes connections; `silent` never answers; any other text is the
            status of every answer, for example `500 Internal Server Error`.
        requests: Number of requests so far.
    """

    def __init__(self, to: int) -> None:
        self._to = to
        self.delay, self.broken, self.requests = 0.0, None, 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._open: set[socket.socket] = {self._listener}
        self._start(self._accept)

    def _start(self, work: Callable[..., None], *arguments: object) -> None:
        threading.Thread(target=self._quietly, args=(work, *arguments), daemon=True).start()

    @staticmethod
    def _quietly(work: Callable[..., None], *arguments: object) -> None:
        with contextlib.suppress(OSError):  # one side closed the connection
            work(*arguments)

    def _accept(self) -> None:
        while True:
            client, _ = self._listener.accept()
            self._open.add(client)
            self._start(self._serve, client)

    def _serve(self, client: socket.socket) -> None:
        server = socket.create_connection(("127.0.0.1", self._to))
        self._open.add(server)
        self._start(self._answers, server, client)
        try:
            while data := client.recv(1 << 16):
                self.requests += data.startswith((b"GET", b"PUT", b"POST", b"HEAD", b"DELETE"))
                if self.broken == "silent":
                    time.sleep(60)
                if self.broken == "drop":
                    return
                if self.broken:
                    code = "AccessDenied" if "403" in self.broken else "InternalError"
                    body = f"<Error><Code>{code}</Code><Message>{self.broken}</Message></Error>"
                    answer = _ANSWER.format(status=self.broken, length=len(body), body=body)
                    client.sendall(answer.encode())
                    return
                if self.delay:
                    time.sleep(self.delay)
                server.sendall(data)
        finally:
            self._close(client, server)

    def _answers(self, server: socket.socket, client: socket.socket) -> None:
        try:
            while data := server.recv(1 << 16):
                client.sendall(data)
        finally:
            self._close(client, server)

    def _close(self, *ends: socket.socket) -> None:
        for end in ends:
            self._open.discard(end)
            end.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._close(*self._open)

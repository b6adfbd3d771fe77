"""Downloads with the client of the Hugging Face hub from a local server with its protocol."""

import hashlib
import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

COMMIT = "0123456789" * 4
SCRIPT = """
import sys
from class_sweep.encoders.hub import find_model
files = find_model(sys.argv[1])
print(files.identity, *sorted(path.name for path in files.folder.iterdir()))
"""


@pytest.fixture
def hub(tmp_path):
    """Serve one model, `someone/tiny`; yield its folder and the environment of a client."""
    folder = tmp_path / "repository"
    folder.mkdir()

    class Hub(BaseHTTPRequestHandler):
        def do_HEAD(self):
            self.answer(send_body=False)

        def do_GET(self):
            self.answer(send_body=True)

        def answer(self, send_body):
            path = self.path.split("?")[0]
            files = sorted(folder.iterdir())
            if path in ("/api/models/someone/tiny", "/api/models/someone/tiny/revision/main"):
                names = [{"rfilename": file.name} for file in files]
                body = json.dumps({"id": "someone/tiny", "sha": COMMIT, "siblings": names}).encode()
            elif path.startswith("/api/models/someone/tiny/tree/"):
                rows = [
                    {
                        "type": "file",
                        "path": file.name,
                        "size": file.stat().st_size,
                        "oid": hashlib.sha256(file.read_bytes()).hexdigest()[:40],
                    }
                    for file in files
                ]
                body = json.dumps(rows).encode()
            elif path.startswith(f"/someone/tiny/resolve/{COMMIT}/"):
                body = (folder / path.rsplit("/", 1)[1]).read_bytes()
            else:
                self.send_response(404)
                self.send_header("X-Error-Code", "RepoNotFound")
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("ETag", f'"{hashlib.sha256(body).hexdigest()[:40]}"')
            self.send_header("X-Repo-Commit", COMMIT)
            self.end_headers()
            if send_body:
                self.wfile.write(body)

        def log_message(self, *_args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    without_hub = {name: value for name, value in os.environ.items() if not name.startswith("HF_")}
    environment = {
        **without_hub,
        "HF_ENDPOINT": f"http://127.0.0.1:{server.server_port}",
        "HF_HUB_CACHE": str(tmp_path / "cache"),
    }
    yield folder, environment
    server.shutdown()
    thread.join()
    server.server_close()


def find(model, environment):
    return subprocess.run(
        [sys.executable, "-c", SCRIPT, model],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )


def test_a_model_is_downloaded_once_and_then_used_without_network(hub, tiny_bert):
    folder, environment = hub
    shutil.copytree(tiny_bert, folder, dirs_exist_ok=True)
    for unwanted in ("pytorch_model.bin", "flax_model.msgpack", "README.md"):
        (folder / unwanted).write_text("not needed")
    wanted = sorted(path.name for path in tiny_bert.iterdir())
    fetched = find("someone/tiny", environment)
    assert fetched.stdout.split() == ["commit", COMMIT, *wanted], fetched.stderr
    offline = find("someone/tiny", {**environment, "HF_HUB_OFFLINE": "1"})
    assert offline.stdout == fetched.stdout, offline.stderr


def test_pickled_weights_are_downloaded_if_there_are_no_safetensors(hub, tiny_bert):
    folder, environment = hub
    shutil.copy(tiny_bert / "config.json", folder)
    (folder / "pytorch_model.bin").write_text("weights")
    for network in ({}, {"HF_HUB_OFFLINE": "1"}):
        result = find("someone/tiny", {**environment, **network})
        assert result.stdout.split()[2:] == ["config.json", "pytorch_model.bin"], result.stderr


def test_a_model_unknown_to_the_hub_is_an_error(hub):
    result = find("someone/else", hub[1])
    assert "EncoderError: text_encoder.model must be" in result.stderr
    assert "got 'someone/else'" in result.stderr
    assert "Repository Not Found" in result.stderr.splitlines()[-1]


def test_a_hub_that_never_answers_is_an_error_within_seconds(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        endpoint = f"http://127.0.0.1:{silent.getsockname()[1]}"
        start = time.monotonic()
        result = find(
            "someone/tiny",
            {**os.environ, "HF_ENDPOINT": endpoint, "HF_HUB_CACHE": str(tmp_path)},
        )
    assert "EncoderError: text_encoder.model must be" in result.stderr
    assert time.monotonic() - start < 30

"""clusters/on-premises.yaml from `ray up` to `ray down`, on three simulated machines over ssh.

The tests use one cluster, in the order of a user's steps.
"""

import json
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from machines import lacking, machines, new_key
from s3 import ENVIRONMENT
from s3 import address as address_in
from waiting import patience, wait_for, wait_until

from class_sweep.storage.remote import Storage

pytestmark = pytest.mark.cluster

HEAD, *WORKERS = ADDRESSES = ["127.77.0.1", "127.77.0.2", "127.77.0.3"]
BIN = Path(sys.executable).parent
CREDENTIALS = {k.lower(): v for k, v in ENVIRONMENT.items() if k.startswith("AWS_") and "KEY" in k}
NOISE = re.compile(r"V+INFO |VWARN |File Mount: |To ensure this mount|\.(py|css|js)$|^$")


class Laptop:
    """The laptop that starts the cluster: a home with a token, a key and the cluster file."""

    def __init__(self, folder: Path, checkout: Path, ssh_port: int) -> None:
        self.folder, self._checkout = folder, checkout
        self.ports = dict(zip(("6379", "8265", "10001"), free_ports(3), strict=True))
        for name in ("bin", "tmp", ".ray"):
            (folder / name).mkdir(parents=True)
        self.key = new_key(folder / "key")
        token = folder / ".ray" / "auth_token"
        token.write_text(secrets.token_hex(32))
        token.chmod(0o600)
        # Replaces ~/.ssh/config, which ssh reads from the real home.
        (folder / "ssh_config").write_text(f"Host 127.77.0.*\n  Port {ssh_port}\n")
        wrapper = folder / "bin" / "ssh"
        ssh = shutil.which("ssh")
        wrapper.write_text(f'#!/bin/sh\nexec {ssh} -F {folder}/ssh_config "$@"\n')
        wrapper.chmod(0o755)
        self.file = folder / "on-premises.yaml"
        self.file.write_text(self._filled_in())
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("RAY_", "PYTHONPATH"))}
        self.environment = kept | {
            "HOME": str(folder),
            "TMPDIR": str(folder / "tmp"),
            "RAY_TMPDIR": str(folder / "tmp"),
            "RAY_AUTH_MODE": "token",
            "PATH": f"{folder / 'bin'}:{BIN}:{os.environ['PATH']}",
        }

    def _filled_in(self) -> str:
        """The shipped file with the user's values, and ports that are free here."""
        text = (self._checkout / "clusters" / "on-premises.yaml").read_text()
        dashboard = "--dashboard-host=127.0.0.1"
        for blank, value in {
            "HEAD-ADDRESS": HEAD,
            "FIRST-WORKER-ADDRESS": WORKERS[0],
            "SECOND-WORKER-ADDRESS": WORKERS[1],
            "ssh_user: USER": f"ssh_user: {os.environ.get('USER', 'root')}",
            "~/.ssh/class-sweep": str(self.key),
            "/SHARED/FOLDER": "$HOME/shared",
            "6379": self.ports["6379"],
            dashboard: f"{dashboard} --dashboard-port={self.ports['8265']}"
            f" --ray-client-server-port={self.ports['10001']}",
        }.items():
            assert blank in text
            text = text.replace(blank, str(value))
        return text

    def ray(self, verb: str, *arguments: str, usual: float = 60) -> str:
        """Run `ray VERB FILE ARGUMENTS`, which must succeed, and return its output."""
        command = [str(BIN / "ray"), verb, str(self.file), *arguments]
        done = subprocess.run(
            command, check=False, cwd=self._checkout, env=self.environment, timeout=patience(usual),
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        output = "\n".join(line for line in done.stdout.splitlines() if not NOISE.search(line))
        with (self.folder / "transcript.txt").open("a") as transcript:
            shown = " ".join(["ray", verb, self.file.name, *(repr(a) for a in arguments)])
            transcript.write(f"$ {shown}\n{output}\n[exit {done.returncode}]\n\n")
        assert done.returncode == 0, output
        return done.stdout

    def jobs(self, headers: dict[str, str]) -> urllib.request.Request:
        """A request for the list of jobs."""
        url = f"http://127.0.0.1:{self.ports['8265']}/api/jobs/"
        return urllib.request.Request(url, headers=headers)


def free_ports(count: int) -> list[int]:
    servers = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [server.getsockname()[1] for server in servers]
    for server in servers:
        server.close()
    return ports


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("cluster")


@pytest.fixture(scope="module")
def laptop(folder, checkout) -> Iterator[Laptop]:
    if reason := lacking():
        pytest.skip(reason)
    (ssh_port,) = free_ports(1)
    laptop = Laptop(folder / "laptop", checkout, ssh_port)
    with machines(folder / "machines", ADDRESSES, ssh_port, laptop.key):
        laptop.ray("up", "--yes")
        yield laptop


def test_every_machine_joins(laptop):
    wait_until(lambda: "3 local.cluster.node" in laptop.ray("exec", "ray status"), usual=60)


def test_a_sweep_runs_on_every_machine_and_its_results_are_copied_back(
    laptop, folder, small_space_text
):
    space = laptop.folder / "small.yaml"
    space.write_text(small_space_text.replace(", max_concurrent: 1", ""))
    laptop.ray("rsync-up", str(space), "~/small.yaml")
    # ssh opens a terminal; `cat` makes the command print lines without control codes.
    sweep = "class-sweep run ~/small.yaml --out ~/results/small --address auto --storage $RESULTS"
    laptop.ray("exec", f"set -o pipefail; {sweep} | cat")
    laptop.ray("rsync-down", "~/results/", f"{laptop.folder}/results/")
    fetched = laptop.folder / "results" / "small"
    summary = json.loads((fetched / "summary.json").read_text())
    assert summary["state"] == "finished"
    stored = folder / "machines" / "shared" / "small"
    for name in ("trials.jsonl", "best.yaml", "summary.json"):
        assert (stored / name).read_bytes() == (fetched / name).read_bytes()
    for address in ADDRESSES:
        logs = (folder / "machines" / address / "tmp" / "ray").glob("session_*/logs/worker-*.out")
        assert any(":actor_name:CurriculumTrial" in log.read_text() for log in logs), address


class Submission:
    """Submits jobs from the laptop through the tunnel of `ray dashboard`."""

    def __init__(self, laptop: Laptop, storage: str, text: str) -> None:
        self.storage = storage
        self._laptop = laptop
        (local_port,) = free_ports(1)
        self._address = f"http://127.0.0.1:{local_port}"
        self._folder = laptop.folder / "spaces"
        self._folder.mkdir(exist_ok=True)
        (self._folder / "job.yaml").write_text(text)
        self._tunnel = self._start(
            "dashboard", str(laptop.file),
            "--port", str(local_port), "--remote-port", laptop.ports["8265"],
        )  # fmt: skip
        wait_until(lambda: _answers(local_port), usual=5)

    def _start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [str(BIN / "ray"), *map(str, arguments)], env=self._laptop.environment,
            cwd=self._laptop.folder, text=True, start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip

    def submit(self, *options: str) -> subprocess.Popen[str]:
        sweep = f"class-sweep run job.yaml --address auto {' '.join(options)}"
        return self._start(
            "job", "submit", "--address", self._address, "--working-dir", str(self._folder),
            "--", "bash", "-c", sweep,
        )  # fmt: skip

    def leave(self, *processes: subprocess.Popen[str]) -> None:
        """Kill the tunnel and the processes, as if the laptop disappeared."""
        for process in (self._tunnel, *processes):
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            assert process.stdout
            process.stdout.close()


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
def submission(laptop, folder, s3, s3_credentials, small_space_text) -> Iterator[Submission]:
    for address in ADDRESSES:
        credentials = folder / "machines" / address / "home" / ".aws" / "credentials"
        credentials.parent.mkdir(exist_ok=True)
        credentials.write_text(
            "[default]\n" + "".join(f"{k} = {v}\n" for k, v in CREDENTIALS.items())
        )
    text = small_space_text.replace(", max_concurrent: 1", "")
    submission = Submission(laptop, address_in(s3.port, s3.bucket()), text)
    yield submission
    submission.leave()


def test_a_submitted_sweep_needs_a_storage_that_every_machine_reaches(submission):
    out, _ = submission.submit("--out", "~/results/alone").communicate(timeout=patience(30))
    assert "every machine of a cluster must reach the location of a sweep's checkpoints" in out
    for worker in WORKERS:
        assert f"({worker}): the driver's file is not there" in out
    assert f"({HEAD}): " not in out


def test_a_submitted_sweep_continues_without_the_laptop(submission, checkout, laptop):
    job = submission.submit("--out", "~/results/job", "--storage", f"'{submission.storage}'")
    stored = Storage.parse(submission.storage) / "job"
    wait_for(job, lambda: stored.stat("trials.jsonl"), usual=40)
    submission.leave(job)
    reports = stored.get("trials.jsonl")
    assert reports.count(b'"finish"') < 4, "the sweep had almost ended before the laptop left"

    def status() -> str:
        """The state of the sweep, as the laptop reads it from the storage."""
        command = [sys.executable, "-m", "class_sweep.cli", "status", str(stored), "--json"]
        environment = laptop.environment | ENVIRONMENT
        done = subprocess.run(
            command, check=True, cwd=checkout, env=environment, timeout=patience(5),
            capture_output=True, text=True,
        )  # fmt: skip
        return json.loads(done.stdout)["state"]

    assert status() == "running"
    wait_until(lambda: status() == "finished", usual=60, describe=status)
    assert stored.get("trials.jsonl").startswith(reports)
    assert stored.get("trials.jsonl") != reports
    assert json.loads(stored.get("summary.json"))["state"] == "finished"


@pytest.mark.parametrize(
    ("mode", "token"), [("disabled", ""), ("token", "0" * 64)], ids=["no token", "a wrong token"]
)
def test_another_users_client_is_refused(laptop, checkout, tmp_path, space_file, mode, token):
    stranger = laptop.environment | {"HOME": str(tmp_path), "RAY_AUTH_MODE": mode}
    stranger |= {"RAY_AUTH_TOKEN": token} if token else {}
    address = f"{HEAD}:{laptop.ports['6379']}"

    def attempt(*command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*command, "--address", address], check=False, env=stranger, cwd=checkout,
            timeout=patience(10), capture_output=True, text=True,
        )  # fmt: skip

    result = attempt(str(BIN / "ray"), "status")
    assert result.returncode != 0
    assert "AuthenticationError" in result.stderr
    sweep = (sys.executable, "-m", "class_sweep.cli", "run", str(space_file))
    swept = attempt(*sweep, "--out", str(tmp_path / "mine"))
    assert swept.returncode == 2, swept.stderr
    assert "token" in swept.stderr
    assert not (tmp_path / "mine").exists()
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(laptop.jobs(headers), timeout=30)  # noqa: S310 - on loopback
    assert refused.value.code in {401, 403}
    refused.value.close()


def test_the_dashboard_is_on_loopback_alone_and_demands_the_token(laptop):
    token = (laptop.folder / ".ray" / "auth_token").read_text()
    request = laptop.jobs({"Authorization": f"Bearer {token}"})
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - on loopback
        assert answer.status == 200
    with socket.socket() as probe:
        assert probe.connect_ex((HEAD, laptop.ports["8265"])) != 0


def test_down_ends_ray_on_every_machine(laptop, folder):
    laptop.ray("down", "--yes")
    wait_until(lambda: not any(_raylets(laptop, address) for address in ADDRESSES), usual=60)


def _raylets(laptop: Laptop, address: str) -> str:
    listed = subprocess.run(
        ["ssh", "-i", laptop.key, "-o", "StrictHostKeyChecking=no",
         "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR",
         address, "ps -A -o comm= | grep -E 'raylet|gcs_server' || true"],
        check=True, env=laptop.environment, timeout=patience(1), stdin=subprocess.DEVNULL,
        capture_output=True, text=True,
    )  # fmt: skip
    return listed.stdout.strip()

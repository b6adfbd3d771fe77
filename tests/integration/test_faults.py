"""Faults in real sweeps: no written report is lost, and no trial is run twice."""

import contextlib
import json
import signal
import subprocess
import sys
import time

import numpy as np
import psutil
import pytest
from waiting import patience, wait_for

pytestmark = pytest.mark.ray

GIB = 1 << 30


def ended(lines: list[dict]) -> dict[int, str]:
    return {line["trial"]: line["decision"] for line in lines if line["decision"] != "continue"}


def newest_checkpoint(folder) -> int:
    """The time of the newest checkpoint file in nanoseconds, 0 without one."""
    return max((path.stat().st_mtime_ns for path in folder.glob("checkpoints/*.pt")), default=0)


@pytest.mark.parametrize(
    "how",
    [
        pytest.param("ctrl-c", marks=pytest.mark.long),
        pytest.param("ctrl-c twice", marks=pytest.mark.long),
        "kill -9",
    ],
)
def test_an_interrupted_sweep_continues_like_an_uninterrupted_one(
    finished, sweep, small_file, lines, without_times, how
):
    folder, _ = finished
    cut = sweep.cwd / f"cut-{how.replace(' ', '-')}"
    process = sweep.start_and_wait(cut, 7, "run", small_file, "--out", cut)
    process.send_signal(signal.SIGKILL if how == "kill -9" else signal.SIGINT)
    if how == "ctrl-c twice":
        assert any("stopping after the running reports" in line for line in process.stdout)
        process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=patience())
    if how != "kill -9":
        assert process.returncode == 130
        assert f"class-sweep resume {cut}" in out
    written = (cut / "trials.jsonl").read_bytes()
    code, out = sweep.run("status", cut, "--json")
    assert json.loads(out)["state"] == "interrupted"
    code, out = sweep.run("resume", cut)
    assert code == 0, out
    whole = written[: written.rfind(b"\n") + 1]
    assert (cut / "trials.jsonl").read_bytes().startswith(whole)
    assert without_times(cut) == without_times(folder)


@pytest.mark.long
def test_the_first_ctrl_c_waits_for_the_running_report(sweep, small_space_text, lines):
    space = sweep.cwd / "long.yaml"
    space.write_text(small_space_text.replace("epochs: 6", "epochs: 300"))
    folder = sweep.cwd / "long"
    process = sweep.start_and_wait(folder, 5, "run", space, "--out", folder)
    before = lines(folder)
    # The worker saves its state after the driver has acted on the report; now it trains again.
    log = folder / "trials.jsonl"
    wait_for(process, lambda: newest_checkpoint(folder) > log.stat().st_mtime_ns)
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=patience())
    assert process.returncode == 130
    assert "stopping after the running reports" in out
    after = lines(folder)
    assert after[: len(before)] == before
    assert len(after) > len(before)
    assert not ended(after)  # one trial, on its way to its next rung
    assert list(folder.glob("checkpoints/trial-0000-*.pt"))


def test_a_killed_worker_costs_no_report(
    finished, sweep, small_file, lines, without_times, workers_of
):
    folder, _ = finished
    path = sweep.cwd / "worker-killed"
    process = sweep.start_and_wait(path, 3, "run", small_file, "--out", path)
    for worker in workers_of(process):
        worker.kill()
    out, _ = process.communicate(timeout=patience())
    assert process.returncode == 0, out
    assert without_times(path) == without_times(folder)


def test_a_sweep_whose_first_trials_fail_for_one_reason_says_so_and_stops(
    sweep, small_space_text, lines, tmp_path
):
    space, folder = tmp_path / "diverges.yaml", sweep.cwd / "diverges"
    text = small_space_text.replace("lr: 3e-3", "lr: 10, weight_decay: 0.9")
    text = text.replace("baselines: [full_data]", "baselines: [paper, full_data]")
    space.write_text(text.replace("{grace_epochs: 1, reduction_factor: 2}", "{kind: none}"))
    code, out = sweep.run("run", space, "--out", folder)
    assert code == 1, out
    assert "error: the first 5 trials of this run failed for one reason: the loss must" in out
    assert f"class-sweep rerun {folder}" in " ".join(out.split())
    assert [(line["trial"], line["decision"]) for line in lines(folder)] == [
        (trial, "fail") for trial in range(5)
    ]
    code, out = sweep.run("status", folder, "--json")
    assert json.loads(out)["state"] == "interrupted"


DYING_WORKERS = """\
import os, signal, sys
from pathlib import Path
from class_sweep.cli.main import main
from class_sweep.execution.tune import session
from class_sweep.execution.tune.trainable import CurriculumTrial

folder = Path(sys.argv.pop(1))

class Dying(CurriculumTrial):
    def die(self, moment, trial, of):
        if trial == of:
            try:
                (folder / moment).touch(exist_ok=False)
            except FileExistsError:
                return
            os.kill(os.getpid(), signal.SIGKILL)

    def setup(self, config, *arguments, **options):
        self.die("setup", config["trial"], of=0)
        super().setup(config, *arguments, **options)

    def reset_config(self, config):  # between two trials
        self.die("reset", config["trial"], of=2)
        return super().reset_config(config)

    def step(self):
        self.die("step", self._config["trial"], of=3)
        return super().step()

    def save(self, *arguments):
        self.die("save", self._config["trial"], of=6)
        return super().save(*arguments)

session.CurriculumTrial = Dying
main()
"""


@pytest.mark.long
def test_a_worker_that_dies_at_any_point_of_a_trial_changes_no_line(
    finished, sweep, small_file, without_times, tmp_path
):
    script, deaths, path = tmp_path / "dying.py", tmp_path / "deaths", sweep.cwd / "dying"
    script.write_text(DYING_WORKERS)
    deaths.mkdir()
    process = subprocess.run(
        [sys.executable, script, deaths, "run", small_file, "--out", path], env=sweep.env,
        cwd=sweep.cwd, capture_output=True, text=True, timeout=patience(), check=False,
    )  # fmt: skip
    assert process.returncode == 0, process.stdout + process.stderr
    assert {death.name for death in deaths.iterdir()} == {"setup", "reset", "step", "save"}
    assert without_times(path) == without_times(finished[0])
    assert not (path / "errors").exists()


@pytest.mark.long
def test_the_sweep_survives_a_worker_that_rays_memory_monitor_killed(
    sweep, small_file, lines, workers_of
):
    memory = psutil.virtual_memory()
    step = GIB // 2  # bytes
    if memory.available < 4 * GIB:
        pytest.skip("needs 4 GiB of free memory")
    path = sweep.cwd / "memory"
    process = sweep.start_and_wait(
        path, 3, "run", small_file, "--out", path,
        RAY_memory_monitor_refresh_ms="100",
        RAY_memory_usage_threshold="0.01",
        RAY_min_memory_free_bytes=str(max(0, memory.available - 2 * GIB)),
    )  # fmt: skip
    before = workers_of(process)
    filling = []
    deadline = time.monotonic() + patience()
    while any(worker.is_running() and worker.status() != "zombie" for worker in before):
        assert time.monotonic() < deadline
        if process.poll() is not None:
            break
        if len(filling) < 8:
            filling.append(np.ones(step // 8))
        time.sleep(0.2)
    filling.clear()
    out, _ = process.communicate(timeout=patience())
    assert process.returncode == 0, out
    assert len(ended(lines(path))) == 8
    assert "fail" not in ended(lines(path)).values()


@pytest.mark.long
def test_a_full_disk_stops_the_sweep_and_loses_no_report(
    finished, sweep, small_file, lines, without_times, tmp_path
):
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", disk], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("needs the right to mount a small file system")
    try:
        path = disk / "results"
        process = sweep.start_and_wait(path, 3, "run", small_file, "--out", path)
        with contextlib.suppress(OSError), (disk / "filling").open("wb", buffering=0) as filling:
            while True:
                filling.write(b"x" * 4096)
        out, _ = process.communicate(timeout=patience())
        assert process.returncode == 1, out
        assert "error: a " in out
        assert "Traceback" not in out
        before = lines(path)
        assert "fail" not in ended(before).values()
        (disk / "filling").unlink()
        code, out = sweep.run("resume", path)
        assert code == 0, out
        assert lines(path)[: len(before)] == before
        assert without_times(path) == without_times(finished[0])
    finally:
        subprocess.run(["umount", "-l", disk], check=True)

"""Sweeps with a copy of their results in a storage, on a real Ray and an S3 server."""

import json
import signal
from itertools import pairwise

import optuna
import pytest
from s3 import ENVIRONMENT, address
from waiting import patience, wait_for

from class_sweep.storage.remote import Storage

pytestmark = pytest.mark.ray

SLOW = "epochs: 60"  # each trial long enough to have a checkpoint to continue from


@pytest.fixture
def bucket(s3, s3_credentials):
    return s3.bucket()


def at(port, bucket, name):
    return Storage.parse(address(port, bucket)) / name


def contents(storage):
    return {name: storage.get(name) for name in storage.files()}


def require_same_content(storage, folder):
    stored = contents(storage)
    local = {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name != ".lock"
    }
    assert set(stored) == set(local)
    assert {name for name in local if stored[name] != local[name]} <= {"study.db"}
    assert trials_of(stored["study.db"], folder) == trials_of(local["study.db"], folder)


def trials_of(study, folder):
    path = folder.parent / "read.db"
    path.write_bytes(study)
    trials = optuna.load_study(study_name="class-sweep", storage=f"sqlite:///{path}").trials
    return [(t.number, t.state, t.values, t.user_attrs, t.intermediate_values) for t in trials]


def rungs(lines):
    return [(line["trial"], line["rung"], line["decision"]) for line in lines]


@pytest.mark.long
def test_a_driver_is_killed_and_another_machine_continues_from_the_storage(
    finished, sweep, small_file, lines, without_times, s3, bucket
):
    whole, _ = finished
    first, again = sweep.cwd / "on-s3", sweep.cwd / "another-machine" / "on-s3"
    uri, storage = address(s3.port, bucket), at(s3.port, bucket, "on-s3")
    process = sweep.start_and_wait(
        first, 1, "run", small_file, "--out", first, "--storage", uri, **ENVIRONMENT
    )
    wait_for(process, lambda: storage.stat("trials.jsonl"))
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=patience())
    stored = storage.get("trials.jsonl")
    assert stored.endswith(b"\n")
    assert (first / "trials.jsonl").read_bytes().startswith(stored)
    code, out = sweep.run("status", storage, "--json", **ENVIRONMENT)
    assert code == 0, out
    assert json.loads(out)["state"] == "running"  # its lease is still valid
    first.rename(sweep.cwd / "lost")
    again.parent.mkdir()
    code, out = sweep.run("resume", storage, "--out", again, **ENVIRONMENT)
    assert code == 0, out
    assert (again / "trials.jsonl").read_bytes().startswith(stored)
    assert without_times(again) == without_times(whole)
    assert rungs(lines(again)) == rungs(lines(whole))
    require_same_content(storage, again)


@pytest.mark.cluster
def test_a_trial_continues_from_its_checkpoint_in_the_storage(
    sweep, small_space_text, lines, s3, bucket
):
    space = sweep.cwd / "long-on-s3.yaml"
    text = small_space_text.replace("epochs: 6", "epochs: 400").replace("trials: 8", "trials: 1")
    space.write_text(text.replace("sigma: {uniform: [0.40, 0.80], step: 0.05}", "sigma: 0.6"))
    storage = at(s3.port, bucket, "cut")
    folder, again = sweep.cwd / "cut", sweep.cwd / "cut-elsewhere"
    process = sweep.start_and_wait(
        folder, 6, "run", space, "--out", folder, "--storage", address(s3.port, bucket),
        **ENVIRONMENT,
    )  # fmt: skip
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=patience())
    assert process.returncode == 130, out
    same = contents(storage)["trials.jsonl"]
    assert same == (folder / "trials.jsonl").read_bytes()
    (state,) = storage.files("checkpoints")
    assert state.startswith("checkpoints/trial-0000-")
    assert not (folder / "checkpoints").exists()
    code, out = sweep.run("resume", storage, "--out", again, **ENVIRONMENT)
    assert code == 0, out
    before, after = lines(folder), lines(again)
    assert after[: len(before)] == before
    # A trial that began again would need all earlier steps for its first report after the cut.
    per_step = [
        line["seconds"] / (line["step"] - earlier["step"]) for earlier, line in pairwise(after)
    ]
    cut = len(before) - 1
    assert per_step[cut] < 3 * sorted(per_step)[len(per_step) // 2]
    assert not storage.files("checkpoints")


@pytest.mark.cluster
@pytest.mark.parametrize("how", ["500 Internal Server Error", "drop"])
def test_a_temporary_failure_of_the_storage_costs_no_report(
    finished, sweep, small_file, without_times, bucket, s3, line, how
):
    folder = sweep.cwd / f"failing-{how[:3]}"
    process = sweep.start_and_wait(
        folder, 3, "run", small_file, "--out", folder, "--storage", address(line.port, bucket),
        **ENVIRONMENT,
    )  # fmt: skip
    line.broken = how
    wait_for(
        process, lambda: json.loads((folder / "summary.json").read_text())["state"] != "running"
    )
    failed = line.requests  # the driver is ending, and tries to upload the rest
    wait_for(process, lambda: line.requests > failed)
    line.broken = None
    out, _ = process.communicate(timeout=patience())
    assert process.returncode == 0, out
    text = " ".join(out.split())  # log lines are wrapped
    assert text.count("the storage fails, and the sweep continues without it") == 1
    assert text.count("the storage works again, and has all results of") == 1
    assert "Traceback" not in out
    assert without_times(folder) == without_times(finished[0])
    require_same_content(at(s3.port, bucket, folder.name), folder)


@pytest.mark.cluster
def test_a_slow_storage_delays_no_trial_and_is_complete_at_the_end(
    finished, sweep, small_file, lines, without_times, bucket, s3, line
):
    folder = sweep.cwd / "slow"
    process = sweep.start_and_wait(
        folder, 1, "run", small_file, "--out", folder, "--storage", address(line.port, bucket),
        **ENVIRONMENT,
    )  # fmt: skip
    line.delay = 0.2  # seconds for each 64 kB
    out, _ = process.communicate(timeout=patience())
    assert process.returncode == 0, out
    assert without_times(folder) == without_times(finished[0])
    require_same_content(at(s3.port, bucket, folder.name), folder)

    def spent(path):
        return json.loads((path / "summary.json").read_text())["seconds"]["trials"]

    assert spent(folder) < 3 * spent(finished[0]) + 5


@pytest.mark.cluster
def test_a_storage_that_keeps_failing_gives_a_warning_with_the_missing_files(
    finished, sweep, small_file, without_times, bucket, s3, line
):
    folder = sweep.cwd / "gone"
    process = sweep.start_and_wait(
        folder, 3, "run", small_file, "--out", folder, "--storage", address(line.port, bucket),
        **ENVIRONMENT,
    )  # fmt: skip
    line.broken = "500 Internal Server Error"
    out, _ = process.communicate(timeout=patience())
    assert process.returncode == 0, out
    text = " ".join(out.split())  # log lines are wrapped
    assert f"gone?scheme=http&endpoint_override=127.0.0.1:{line.port} lacks" in text
    assert f"class-sweep resume {folder}" in text
    assert f"the report is only in {folder}" in text
    assert "Traceback" not in out
    assert without_times(folder) == without_times(finished[0])
    line.broken = None
    code, out = sweep.run("resume", folder, **ENVIRONMENT)
    assert code == 0, out
    require_same_content(at(s3.port, bucket, folder.name), folder)


@pytest.mark.cluster
def test_a_shared_path_is_a_storage(sweep, small_file, without_times, finished):
    shared = sweep.cwd / "nfs"
    shared.mkdir()
    folder = sweep.cwd / "to-nfs"
    code, out = sweep.run("run", small_file, "--out", folder, "--storage", shared)
    assert code == 0, out
    require_same_content(Storage.parse(str(shared)) / "to-nfs", folder)
    code, out = sweep.run("status", shared / "to-nfs", "--json")
    assert json.loads(out)["state"] == "finished"
    assert without_times(shared / "to-nfs") == without_times(finished[0])

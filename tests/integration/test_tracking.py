"""The reports of a sweep in TensorBoard, MLflow and wandb, without a network."""

import importlib.util
import sqlite3
import struct

import pytest

from class_sweep.config.sections import Tracking
from class_sweep.errors import ConfigError
from class_sweep.execution.tune.tracking import require_trackers

pytestmark = pytest.mark.ray


def scalars(path) -> dict[str, dict[int, float]]:
    """Tag to step to value, of a TensorBoard event file."""
    from tensorboardX.proto.event_pb2 import Event

    by_tag: dict[str, dict[int, float]] = {}
    data = path.read_bytes()
    while data:
        (length,) = struct.unpack("<Q", data[:8])
        event = Event.FromString(data[12 : 12 + length])
        for value in event.summary.value:
            by_tag.setdefault(value.tag, {})[event.step] = value.simple_value
        data = data[12 + length + 4 :]
    return by_tag


@pytest.mark.long
def test_each_tracker_has_the_learning_curves_by_samples(sweep, small_space_text, lines):
    database = sweep.cwd / "mlflow.db"
    space = sweep.cwd / "tracked.yaml"
    trackers = f'{{tensorboard: true, wandb: curves, mlflow: "sqlite:///{database}"}}'
    space.write_text(small_space_text.replace("trials: 8", "trials: 2") + f"tracking: {trackers}\n")
    folder = sweep.cwd / "tracked"
    code, out = sweep.run("run", space, "--out", folder, WANDB_MODE="offline")
    assert code == 0, out
    curves: dict[int, dict[int, float]] = {}
    for line in lines(folder):
        curves.setdefault(line["trial"], {})[line["samples"]] = line["objective"]
    for number, curve in curves.items():
        written: dict[int, float] = {}
        for events in (folder / "tensorboard" / f"trial-{number:04d}").iterdir():
            written |= scalars(events)["ray/tune/objective"]
        assert written == pytest.approx(curve, abs=1e-6)
    assert len(list((folder / "tensorboard").iterdir())) == len(curves)
    with sqlite3.connect(database) as runs:
        rows = runs.execute(
            "select name, step, value from metrics join runs using (run_uuid) where key = ?",
            ("split/text_to_molecule/hits_at_1",),
        ).fetchall()
        status = dict(runs.execute("select name, status from runs").fetchall())
    runs.close()
    assert status == {f"trial-{number:04d}": "FINISHED" for number in curves}
    measured = {
        (f"trial-{line['trial']:04d}", line["samples"]): line["metrics"] for line in lines(folder)
    }
    assert {(name, step): value for name, step, value in rows} == {
        key: metrics["split/text_to_molecule/hits@1"] for key, metrics in measured.items()
    }
    # Each part of a trial between two pauses is a run of its own.
    pauses = sum(line["decision"] == "pause" for line in lines(folder))
    wandb_runs = list((folder / "wandb").glob("offline-run-*/run-*.wandb"))
    assert len(wandb_runs) == len(curves) + pauses


def test_the_error_of_a_missing_tracker_names_the_package_to_install(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(ConfigError) as caught:
        require_trackers(Tracking(wandb="curves"), "a.yaml")
    assert str(caught.value) == (
        "a.yaml: tracking.wandb needs the package wandb, which is not installed:"
        " pip install 'class-sweep[wandb]'"
    )

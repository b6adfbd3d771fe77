"""`class-sweep train` in two processes that is interrupted or killed leaves none, and goes on."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from waiting import patience, wait_for, wait_until

from class_sweep.models.model_folder import WEIGHTS
from class_sweep.models.resumable_training import STATE_FILE

SPACE = """\
data: {source: names, limit: 400}
text_encoder: {kind: lsa, dimensions: 16}
molecule_encoder: {kind: morgan, bits: 64}
backbone: {name: contrastive, hidden: 32, dimension: 16}
curriculum: {order: easy_first, alpha: 0.5, beta: 0.1}
optimizer: {lr: 3e-3, batch_size: 16}
budget: {epochs: 20}
search: {trials: 1}
resources: {cpus: 1}
"""
PROGRAM = """\
import sys
from class_sweep.models import resumable_training
from class_sweep.training import slices
from class_sweep.training.replicas import Replicas

resumable_training.Replicas = lambda count, **options: Replicas(1)
slices.CHECKPOINT_EVERY, slices._SLICE = 0.0, 0.1
if __name__ == "__main__":
    from class_sweep.cli.main import main
    main()
"""


def start(folder: Path, out: str) -> subprocess.Popen:
    (folder / "space.yaml").write_text(SPACE)
    (folder / "program.py").write_text(PROGRAM)
    command = [sys.executable, "program.py", "train", "space.yaml", "--out", out]
    return subprocess.Popen(
        command, cwd=folder, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        start_new_session=True,  # as a terminal's job: Ctrl-C is for the whole group
    )  # fmt: skip


def complete(folder: Path, out: str) -> bytes:
    """Train to the end; return the weights."""
    process = start(folder, out)
    text, _ = process.communicate(timeout=patience(40))
    assert process.returncode == 0, text

    return (folder / out / WEIGHTS).read_bytes()


@pytest.mark.long
def test_a_training_in_two_processes_that_is_cut_is_the_uncut_one(tmp_path):
    whole = complete(tmp_path, "whole")
    for sent in (signal.SIGINT, signal.SIGKILL):
        out = sent.name
        process = start(tmp_path, out)
        state = tmp_path / f"{out}.training" / STATE_FILE
        wait_for(process, state.exists)
        processes = psutil.Process(process.pid).children(recursive=True)
        assert processes
        os.killpg(process.pid, sent)
        text, _ = process.communicate(timeout=patience())
        assert process.returncode != 0, text
        assert "Traceback" not in text
        wait_until(lambda running=processes: not any(map(psutil.Process.is_running, running)))
        assert complete(tmp_path, out) == whole
        assert not state.parent.exists()

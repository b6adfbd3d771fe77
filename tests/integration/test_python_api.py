"""The same space run from Python and on the command line gives the same log."""

import subprocess
import sys

import pytest

pytestmark = [pytest.mark.ray, pytest.mark.long]

PROGRAM = """\
import sys
import class_sweep as cs

if __name__ == "__main__":
    space = cs.Space(
        data=cs.data.Names(limit=700),
        text_encoder=cs.text_encoders.Lsa(dimensions=32),
        molecule_encoder=cs.molecule_encoders.Morgan(bits=256),
        backbone=cs.backbones.Contrastive(hidden=32, dimension=16),
        curriculum=cs.Curriculum(
            order=cs.choice(["easy_first", "hard_first", "random"]),
            alpha=cs.uniform(0.3, 0.9),
            beta=cs.uniform(0.05, 0.20),
            sigma=cs.uniform(0.40, 0.80, step=0.05),
            intensity=cs.choice(["constant", "sigmoid", "inverse"]),
        ),
        optimizer=cs.Optimizer(lr=3e-3, batch_size=32),
        budget=cs.Budget(6),
        search=cs.Search(8, seed=3, baselines=["full_data"], max_concurrent=1),
        pruning=cs.pruners.SuccessiveHalving(grace_epochs=1, reduction_factor=2),
        objective="validation/mrr",
        confirm=cs.Confirm(finalists=0),
        resources=cs.Resources(cpus=1),
    )
    file = cs.load_space(sys.argv[1])
    assert (space.settings, list(space.axes.items())) == (file.settings, list(file.axes.items()))
    results = cs.run(space, sys.argv[2])
    print(results, len(results.trials), results.best)
"""


def test_a_sweep_from_python_has_the_log_of_the_command_line(
    finished, sweep, small_file, without_times, tmp_path
):
    by_command, _ = finished
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    by_python = tmp_path / "first"
    done = subprocess.run(
        [sys.executable, program, small_file, by_python],
        env=sweep.env, cwd=sweep.cwd, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "running trials" in done.stdout  # lines, because no terminal is there
    assert without_times(by_python) == without_times(by_command)
    assert (by_python / "best.yaml").read_bytes() == (by_command / "best.yaml").read_bytes()
    assert {p.name for p in by_python.iterdir()} == {p.name for p in by_command.iterdir()}

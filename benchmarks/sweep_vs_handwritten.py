"""Wall time to the same quality: a sweep of ours against the scripts that it stands instead of.

`python benchmarks/sweep_vs_handwritten.py [--quick] [--pairs N] [--epochs N] [--json FILE]`: 32
configurations, two at a time, each way a process of its own from an empty cache, in turn on the
same machine: ours; a Ray Tune script (data and index in each trial, a process each, FIFO); the same
under ASHA; Optuna with SuccessiveHalvingPruner in two processes. Timed is the whole, and when the
first finished trial is as good as the best that every way came to. Over `names`, or ChEBI-20's
stand-in where CLASS_SWEEP_DATA is set; `--pairs 33000` is as many as ChEBI-20 has.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from common import data_folder

TRIALS, QUICK_TRIALS = 32, 6
SCRIPTS = Path(__file__).parent / "handwritten"
SPACE = """\
data: {data}
text_encoder: {{kind: lsa, dimensions: 256}}
molecule_encoder: {{kind: morgan, bits: 1024}}
backbone: {{name: contrastive, hidden: 512, dimension: 256}}
curriculum:
  order: {{choice: [easy_first, hard_first, random]}}
  alpha: {{uniform: [0.2, 0.9]}}
  beta: {{uniform: [0.05, 0.20]}}
  sigma: {{uniform: [0.30, 0.66], step: 0.01}}
  intensity: {{choice: [constant, sigmoid, inverse]}}
optimizer: {{lr: 1e-3, batch_size: 128}}
budget: {{epochs: {epochs}}}
search: {{trials: {trials}, sampler: tpe, max_concurrent: 2}}
pruning: {{kind: asha, grace_epochs: 1, reduction_factor: 2}}
confirm: {{finalists: 0}}
"""


@dataclass(frozen=True)
class Run:
    """One way's run.

    Attributes:
        seconds: Wall time of the whole.
        finished: Seconds from its start and value of each finished trial.
    """

    seconds: float
    finished: list[tuple[float, float]]

    @property
    def best(self) -> float:
        """The best value of a finished trial."""
        return max(value for _, value in self.finished)

    def reaches(self, value: float) -> float:
        """Seconds until a finished trial is as good."""
        return min(seconds for seconds, own in self.finished if own >= value)


def timed(name: str, command: list[str], cache: Path) -> tuple[float, float]:
    """Run a command; when it started, and its wall seconds."""
    start, clock = time.time(), time.perf_counter()
    environment = os.environ | {"CLASS_SWEEP_CACHE": str(cache), "RAY_USAGE_STATS_ENABLED": "0"}
    done = subprocess.run(
        [sys.executable, *command],
        check=False,
        env=environment,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}\n{done.stdout}\n{done.stderr}")
    seconds = time.perf_counter() - clock
    print(f"{seconds:8.1f} s  {name}", flush=True)
    return start, seconds


def ours(space: Path, folder: Path) -> Run:
    """`class-sweep run`."""
    results = folder / "results"
    command = ["-m", "class_sweep.cli", "run", str(space), "--out", str(results)]
    start, seconds = timed("ours", command, folder / "cache")
    finished = []
    for line in (results / "trials.jsonl").read_text(encoding="utf-8").splitlines():
        record = json.loads(line)
        if record["decision"] == "finish":
            at = datetime.fromisoformat(record["at"]).timestamp() - start
            finished.append((at, record["objective"]))
    return Run(seconds, finished)


def script(name: str, space: Path, folder: Path, trials: int, *options: str) -> Run:
    """One of the scripts."""
    command = [str(SCRIPTS / name), str(space), str(folder), str(trials), *options]
    start, seconds = timed(" ".join([name, *options]), command, folder / "cache")
    lines = (folder / "finished.txt").read_text(encoding="utf-8").split("\n")[:-1]
    found = [tuple(map(float, line.split())) for line in lines]
    return Run(seconds, [(at - start, value) for at, value in found])


def main() -> None:
    """Run every way once, print a table, and write the ratios where they are asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="6 configurations, little data")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the ratios there")
    parser.add_argument("--pairs", type=int, metavar="N", help="of names, whatever else there is")
    parser.add_argument("--epochs", type=int, metavar="N", help="default 18, or 3 if quick")
    options = parser.parse_args()
    trials = QUICK_TRIALS if options.quick else TRIALS
    epochs = options.epochs or (3 if options.quick else 18)
    pairs, real = options.pairs or (1000 if options.quick else None), data_folder()
    data = f"{{source: names, limit: {pairs or 6000}}}"
    if real and not pairs:
        data = f"{{source: chebi20, path: {real / 'chebi20'}}}"
    with tempfile.TemporaryDirectory() as root:
        space = Path(root, "space.yaml")
        space.write_text(SPACE.format(data=data, epochs=epochs, trials=trials))

        def folder(name: str) -> Path:
            path = Path(root, name)
            path.mkdir()
            return path

        runs = {
            "ours": ours(space, folder("ours")),
            "vs_script": script("ray_script.py", space, folder("fifo"), trials),
            "vs_script_asha": script("ray_script.py", space, folder("asha"), trials, "--asha"),
            "vs_optuna_processes": script("optuna_script.py", space, folder("optuna"), trials),
        }
    target = min(run.best for run in runs.values())
    print(f"{trials} configurations over {data}, {epochs} epochs; load {os.getloadavg()[0]:.1f}")
    print(f"{'':24}{'whole, s':>10}{'best MRR':>10}{f'to {target:.3f}, s':>15}{'/ ours':>8}")
    own = runs["ours"].reaches(target)
    for name, run in runs.items():
        ratio = run.reaches(target) / own
        print(
            f"{name:24}{run.seconds:10.1f}{run.best:10.3f}{run.reaches(target):15.1f}{ratio:8.2f}"
        )
    figures = {name: run.reaches(target) / own for name, run in runs.items() if name != "ours"}
    figures |= {f"{name}_whole": run.seconds / runs["ours"].seconds for name, run in runs.items()}
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()

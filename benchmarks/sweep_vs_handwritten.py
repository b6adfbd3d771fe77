"""The wall time of a sweep against hand-written scripts for the same configurations.

`python benchmarks/sweep_vs_handwritten.py [--quick] [--pairs N] [--epochs N] [--json FILE]`: four
programs train the same 32 configurations, two at a time, one program after the other, each from an
empty cache: `class-sweep run`; a Ray Tune script (data and index in each trial, one process per
trial, FIFO); the same script with ASHA; Optuna with SuccessiveHalvingPruner in two processes. By
default there are as many pairs as in ChEBI-20 and the epochs of Text2Mol; the pairs come from
`names`.

A configuration has the same curve in every program, because the model, the loop, the batches and
the features are the same. So the score of the selected configuration shows whether each program
found the same best, and the ratios compare the time of the complete search.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

PAIRS, EPOCHS, TRIALS = 33_000, 40, 32
QUICK_PAIRS, QUICK_EPOCHS, QUICK_TRIALS = 1_000, 2, 4
SCRIPTS = Path(__file__).parent / "handwritten"
SPACE = """\
data: {{source: names, limit: {pairs}}}
text_encoder: {{kind: lsa, dimensions: 256}}
molecule_encoder: {{kind: morgan, bits: 512}}
backbone: {{name: contrastive, hidden: 256, dimension: 128}}
curriculum:
  order: {{choice: [easy_first, hard_first, random]}}
  alpha: {{uniform: [0.2, 0.9]}}
  beta: {{uniform: [0.05, 0.20]}}
  sigma: {{uniform: [0.30, 0.66], step: 0.01}}
  intensity: {{choice: [constant, sigmoid, inverse]}}
optimizer: {{lr: 1e-3, batch_size: 128}}
budget: {{epochs: {epochs}}}
search: {{trials: {trials}, sampler: random, baselines: [], max_concurrent: 2}}
pruning: {{grace_epochs: 1, reduction_factor: 2, min_kept: 1}}
confirm: {{finalists: 0}}
"""


@dataclass(frozen=True)
class Run:
    """The run of one program.

    Attributes:
        seconds: Wall time of the complete run.
        finished: Final score of each finished trial.
    """

    seconds: float
    finished: list[float]


def timed(name: str, command: list[str], cache: Path) -> float:
    """Run a command and return its wall seconds."""
    start = time.perf_counter()
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
    seconds = time.perf_counter() - start
    print(f"{seconds:8.1f} s  {name}", flush=True)
    return seconds


def ours(space: Path, folder: Path, configurations: Path) -> Run:
    """Run `class-sweep run`, and write its configurations to a file for the other programs."""
    results = folder / "results"
    command = ["-m", "class_sweep.cli", "run", str(space), "--out", str(results)]
    seconds = timed("ours", command, folder / "cache")
    lines = (results / "trials.jsonl").read_text(encoding="utf-8").splitlines()
    records = [json.loads(line) for line in lines]
    drawn = {record["trial"]: record["config"] for record in records}
    configurations.write_text(json.dumps([drawn[trial] for trial in sorted(drawn)]))
    summary = json.loads((results / "summary.json").read_text(encoding="utf-8"))
    print(f"{'':12}of which {summary['seconds']}", flush=True)
    return Run(seconds, [r["objective"] for r in records if r["decision"] == "finish"])


def script(name: str, space: Path, folder: Path, configurations: Path, *options: str) -> Run:
    """Run one of the scripts."""
    command = [str(SCRIPTS / name), str(space), str(folder), str(configurations), *options]
    seconds = timed(" ".join([name, *options]), command, folder / "cache")
    lines = (folder / "finished.txt").read_text(encoding="utf-8").split()
    return Run(seconds, list(map(float, lines)))


def main() -> None:
    """Run every program once, print a table, and write the ratios to the file of `--json`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="4 configurations, little data, under a minute"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the ratios there")
    parser.add_argument("--pairs", type=int, metavar="N", help=f"default {PAIRS:,}")
    parser.add_argument("--epochs", type=int, metavar="N", help=f"default {EPOCHS}")
    options = parser.parse_args()
    trials = QUICK_TRIALS if options.quick else TRIALS
    epochs = options.epochs or (QUICK_EPOCHS if options.quick else EPOCHS)
    pairs = options.pairs or (QUICK_PAIRS if options.quick else PAIRS)
    with tempfile.TemporaryDirectory() as root:
        space, configurations = Path(root, "space.yaml"), Path(root, "configurations.json")
        space.write_text(SPACE.format(pairs=pairs, epochs=epochs, trials=trials))

        def folder(name: str) -> Path:
            path = Path(root, name)
            path.mkdir()
            return path

        def run_script(name: str, subfolder: str, *options: str) -> Run:
            return script(name, space, folder(subfolder), configurations, *options)

        runs = {
            "ours": ours(space, folder("ours"), configurations),
            "vs_script": run_script("ray_script.py", "fifo"),
            "vs_script_asha": run_script("ray_script.py", "asha", "--asha"),
            "vs_optuna_processes": run_script("optuna_script.py", "optuna"),
        }
    print(
        f"{trials} configurations, {pairs:,} pairs, {epochs} epochs; load {os.getloadavg()[0]:.1f}"
    )
    print(f"{'':24}{'whole, s':>10}{'/ ours':>8}{'finished':>10}{'best MRR':>10}")
    our_seconds = runs["ours"].seconds
    for name, run in runs.items():
        print(
            f"{name:24}{run.seconds:10.1f}{run.seconds / our_seconds:8.2f}{len(run.finished):10}"
            f"{max(run.finished):10.4f}"
        )
    figures = {name: run.seconds / our_seconds for name, run in runs.items() if name != "ours"}
    figures |= {f"best/{name}": max(run.finished) for name, run in runs.items()}
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()

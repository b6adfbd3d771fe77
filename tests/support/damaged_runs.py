"""Runs reading commands over damaged folders, each folder in a forked child of this warm process.

`python damaged_runs.py SWEEP RECORDING MODEL COUNT SEED` prints a JSON list with one entry for each
folder that a command did not bear, and the number of commands that ran.
"""

import faulthandler
import importlib
import json
import os
import random
import resource
import shutil
import sys
import tempfile
import time
import traceback
from collections.abc import Sequence
from pathlib import Path

from mutations import mutate

from class_sweep.cli.main import main
from class_sweep.rendering.html import _plotly

SECONDS = 20  # of CPU for a command; it hangs if it takes three times as long on a busy machine
MEMORY = 2 << 30  # bytes that a command may take
_READ = {
    "sweep": [
        ["status", "{}"], ["status", "{}", "--json"], ["report", "{}"],
        ["report", "{}", "--markdown"], ["compare", "{}", "{good}"],
        ["export", "{}", "--top", "2"], ["export", "{}", "--format", "optuna"],
    ],
    "recording": [["replay", "{}", "--searches", "3"], ["report", "{}", "--markdown"]],
    "model": [
        ["evaluate", "{}", "--split", "validation"], ["retrieve", "{}", "an acid", "--top", "2"],
    ],
}  # fmt: skip
_WARM = (  # what the commands import when they need it
    "class_sweep.data.molecule", "class_sweep.data.table", "class_sweep.encoders.latent_semantics",
    "class_sweep.encoders.morgan", "class_sweep.models", "class_sweep.report.sweep_comparison",
    "class_sweep.report.sweep_page", "class_sweep.results.exporters",
    "class_sweep.tuning.replay.replay_table", "pandas", "rdkit.Chem.rdFingerprintGenerator",
    "sklearn.decomposition", "sklearn.feature_extraction.text",
)  # fmt: skip
_SHARES = {"sweep": 0.6, "recording": 0.15, "model": 0.25}


def call(arguments: Sequence[str], output: Path) -> tuple[int, str]:
    """Run a command in this process, with its output in a file; its exit code and its errors."""
    with output.open("w") as out, output.with_suffix(".err").open("w+") as err:
        sys.stdout, sys.stderr, sys.argv = out, err, ["class-sweep", *arguments]
        try:
            main()
        except SystemExit as end:
            code = int(end.code or 0)
        except BaseException:
            traceback.print_exc()
            code = -1
        err.flush()
        err.seek(0)
        return code, err.read()


def mistake(code: int, errors: str) -> str | None:
    """What is wrong with the end of a command, or None."""
    if code not in {0, 1, 2} or "Traceback" in errors:
        return errors[-2_000:]
    if code and sum(line.startswith("error: ") for line in errors.splitlines()) != 1:
        return f"exit code {code} without one error: {errors[-500:]}"
    if code == 1:
        return f"exit code 1 for a damaged file: {errors[-500:]}"
    return None


def child(kind: str, folder: Path, good: Path, report: int) -> None:
    """Run each command over a folder; the parent reads what became of them from `report`."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    limit = pages * resource.getpagesize() + 2 * MEMORY  # so that no fault takes the machine along
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    for command in _READ[kind]:
        arguments = [part.format(folder, good=good) for part in command]
        os.write(report, f"{json.dumps([command[0], None])}\n".encode())
        faulthandler.dump_traceback_later(3 * SECONDS, exit=True, file=sys.__stderr__)
        start = time.process_time()
        wrong = mistake(*call(arguments, folder.parent / "out"))
        faulthandler.cancel_dump_traceback_later()
        if time.process_time() - start > SECONDS:
            wrong = f"{time.process_time() - start:.0f} s of CPU"
        os.write(report, f"{json.dumps([command[0], wrong])}\n".encode())


def examine(kind: str, base: Path, seed: int, scratch: Path) -> tuple[int, list[str]]:
    """Damage a copy of a folder and read it; the number of commands and what went wrong."""
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir()
    folder = scratch / base.name
    shutil.copytree(base, folder)
    what = f"seed {seed}, {kind}, {mutate(folder, random.Random(seed))}"  # noqa: S311
    receive, send = os.pipe()
    process = os.fork()
    if process == 0:
        os.close(receive)
        try:
            child(kind, folder, base, send)
        finally:
            os._exit(0)
    os.close(send)
    with os.fdopen(receive) as lines:
        results = [json.loads(line) for line in lines]
    _, status, usage = os.wait4(process, 0)
    done = [result for result in results if len(results)]
    faults = [f"{what}: {verb}: {wrong}" for verb, wrong in done if wrong]
    if status:
        faults.append(f"{what}: {done[-1][0]} hung, or was ended by signal {os.WTERMSIG(status)}")
    if usage.ru_maxrss * 1024 > MEMORY:
        faults.append(f"{what}: {usage.ru_maxrss >> 10} MiB of memory")
    return len(done) // 2, faults


def run(bases: dict[str, Path], count: int, seed: int) -> dict[str, object]:
    """Examine `count` damaged folders."""
    commands, faults = 0, []
    numbers = list(range(seed, seed + count))
    kinds = random.Random(seed).choices(list(_SHARES), list(_SHARES.values()), k=count)  # noqa: S311
    with tempfile.TemporaryDirectory() as scratch:
        for number, kind in zip(numbers, kinds, strict=True):
            ran, wrong = examine(kind, bases[kind], number, Path(scratch) / "copy")
            commands += ran
            faults += wrong
            for fault in wrong:
                sys.__stderr__.write(f"{fault}\n\n")
                sys.__stderr__.flush()
    return {"folders": count, "commands": commands, "faults": faults}


if __name__ == "__main__":
    for module in _WARM:
        importlib.import_module(module)
    _plotly()  # compressed once
    sweep, recording, model, count, seed = sys.argv[1:]
    bases = {"sweep": Path(sweep), "recording": Path(recording), "model": Path(model)}
    printed = sys.stdout
    printed.write(json.dumps(run(bases, int(count), int(seed))))

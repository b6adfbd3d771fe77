"""Kills of sweeps, confirmations and trainings at random moments.

Each round runs a small sweep with its confirmation, or a training, to its end. Processes of it are
killed on the way, it is continued with the command that its user would type, and its files are
compared line by line with those of an undisturbed run. By hand:

    python tests/support/kill_loop.py --kills 200 --seed 1 --folder /tmp/kills
"""

import argparse
import hashlib
import json
import multiprocessing
import os
import random
import re
import signal
import sqlite3
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from class_sweep.cli.main import main as class_sweep_main
from class_sweep.training import slices

SPACE = """\
data: {source: names, limit: 400}
text_encoder: {kind: lsa, dimensions: 16}
molecule_encoder: {kind: morgan, bits: 64}
backbone: {name: contrastive, hidden: 16, dimension: 8}
curriculum:
  order: {choice: [easy_first, random]}
  alpha: {uniform: [0.3, 0.9]}
  sigma: {uniform: [0.40, 0.80], step: 0.05}
optimizer: {lr: 3e-3, batch_size: 8}
budget: {epochs: 8}
search: {trials: 6, seed: 3, baselines: [full_data], max_concurrent: 1}
pruning: {grace_epochs: 1, reduction_factor: 2}
objective: validation/mrr
confirm: {finalists: 1, seeds: 3, max_seeds: 3}
resources: {cpus: 1, retries: 100}
"""
CONFIGURATION = """\
data: {source: names, limit: 1500}
text_encoder: {kind: lsa, dimensions: 32}
molecule_encoder: {kind: morgan, bits: 256}
backbone: {name: contrastive, hidden: 64, dimension: 32}
curriculum: {order: easy_first, alpha: 0.4, beta: 0.1}
optimizer: {lr: 3e-3, batch_size: 32}
budget: {epochs: 40}
search: {trials: 1, seed: 3, baselines: []}
resources: {cpus: 1}
"""
_SERVER = multiprocessing.get_context("forkserver")
_SERVER.set_forkserver_preload(  # a command is a fork that has imported everything
    ["class_sweep.sweep", "class_sweep.cli.main", "class_sweep.models.model_training",
     "class_sweep.report.sweep_page", "plotly.graph_objects", "sklearn.decomposition", "rdkit.Chem"]
)  # fmt: skip

HANG_SECONDS = 60.0  # without a line and without an end, after a kill on a quiet machine
_START_SECONDS = 120.0  # the same to the first line of a run
# Times, and the checksums of lines and files that hold times.
_TIMES = re.compile(r"seconds|time_share|^at$|^check$|^seal$|^metrics\.json$")
_ENDS = {"finish": "COMPLETE", "prune": "PRUNED", "fail": "FAIL"}

Line = dict[str, Any]


@dataclass
class Row:
    """What became of the kills of one target in one phase."""

    kills: int = 0
    lost: int = 0
    twice: int = 0
    rerun: int = 0
    different: int = 0


@dataclass
class Outcome:
    """The kills so far, and everything that must not be.

    Attributes:
        rows: The counts by target and phase.
        problems: One line for each thing that went wrong.
        slowest: The longest time from a kill to the next line or the end, in seconds.
    """

    rows: dict[tuple[str, str], Row] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    slowest: float = 0.0

    @property
    def kills(self) -> int:
        """All kills."""
        return sum(row.kills for row in self.rows.values())

    def row(self, target: str, phase: str) -> Row:
        """The counts of a target in a phase."""
        return self.rows.setdefault((target, phase), Row())

    def table(self) -> str:
        """The counts as text."""
        head = "target   phase        kills  lost twice rerun different"
        lines = [
            f"{target:8} {phase:12} {row.kills:5} {row.lost:5} {row.twice:5} {row.rerun:5}"
            f" {row.different:5}"
            for (target, phase), row in sorted(self.rows.items())
        ]
        total = f"{self.kills} kills; slowest reaction {self.slowest:.0f} s"
        return "\n".join([head, *lines, total, *self.problems])


def seconds_here(quiet: float) -> float:
    """The seconds on this machine as it is loaded now, from those on a quiet one."""
    return quiet * max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))


def read_lines(path: Path) -> list[Line]:
    """The complete lines of a log, without times and checksums."""
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    return [_timeless(json.loads(line)) for line in text[: text.rfind("\n") + 1].splitlines()]


def _timeless(tree: Any) -> Any:
    if isinstance(tree, dict):
        return {k: _timeless(v) for k, v in tree.items() if not _TIMES.search(k)}
    return [_timeless(item) for item in tree] if isinstance(tree, list) else tree


class Work:
    """A sweep with its confirmation, or a training, that is killed on its way.

    Attributes:
        folder: The results or model folder.
    """

    targets: tuple[str, ...]

    def __init__(self, folder: Path, file: Path) -> None:
        self.folder, self.file = folder, file

    def arguments(self) -> list[str]:
        """The command that starts or continues it."""
        raise NotImplementedError

    def progress(self) -> int:
        """A number that grows with everything that is written down."""
        raise NotImplementedError

    def phase(self) -> str:
        """The phase that it is in, from its files."""
        raise NotImplementedError

    def lines(self) -> list[list[Line]]:
        """Its logs, which only grow."""
        return []

    def contents(self) -> dict[str, Any]:
        """Everything in its folder that must be equal to that of an undisturbed run."""
        raise NotImplementedError

    def repeated(self) -> tuple[int, int]:
        """The number of reports that are there twice, and of ended trials that ran again."""
        return 0, 0


class SweepWork(Work):
    """A sweep and its confirmation."""

    targets = ("driver", "group", "worker", "worker", "raylet", "gcs", "agent")

    def arguments(self) -> list[str]:
        if self.folder.exists():
            return ["resume", str(self.folder)]
        return ["run", str(self.file), "--out", str(self.folder)]

    def lines(self) -> list[list[Line]]:
        runs = read_lines(self.folder / "confirm.jsonl")
        return [read_lines(self.folder / "trials.jsonl"), [run for run in runs if "arm" in run]]

    def progress(self) -> int:
        return sum(map(len, self.lines()))

    def phase(self) -> str:
        return "confirmation" if (self.folder / "best.yaml").exists() else "sweep"

    def repeated(self) -> tuple[int, int]:
        trials, runs = self.lines()
        reports = Counter((line["trial"], line["report"]) for line in trials)
        reports += Counter((run["arm"], run["seed"]) for run in runs if not run["reason"])
        twice = sum(count - 1 for count in reports.values())
        ended: set[int] = set()
        rerun = 0
        for line in trials:
            rerun += line["trial"] in ended
            ended |= {line["trial"]} if line["decision"] in _ENDS else set()
        return twice, rerun

    def contents(self) -> dict[str, Any]:
        trials, runs = self.lines()
        tree: dict[str, Any] = {"files": _files(self.folder), "trials": trials, "runs": runs}
        for name in ("summary.json", "verdict.json"):
            tree[name] = _timeless(json.loads((self.folder / name).read_text(encoding="utf-8")))
        tree["best.yaml"] = (self.folder / "best.yaml").read_text(encoding="utf-8")
        with sqlite3.connect(self.folder / "study.db") as study:
            states = study.execute("SELECT number, state FROM trials ORDER BY number").fetchall()
        ends = {line["trial"]: _ENDS.get(line["decision"]) for line in trials}
        tree["the study and the log agree"] = dict(states) == ends
        return tree


class TrainWork(Work):
    """A training; only its driver has processes."""

    targets = ("driver", "group")

    @property
    def _work_folder(self) -> Path:
        return self.folder.with_name(f"{self.folder.name}.training")

    def arguments(self) -> list[str]:
        return ["train", str(self.file), "--out", str(self.folder)]

    def progress(self) -> int:
        files = [*self._work_folder.glob("*"), *self.folder.glob("*")]
        return max((_modified(path) for path in files), default=0)

    def phase(self) -> str:
        return "train"

    def contents(self) -> dict[str, Any]:
        beside = [path.name for path in self.folder.parent.iterdir() if path != self.folder]
        tree: dict[str, Any] = {"files": _files(self.folder), "beside": beside}
        for path in self.folder.iterdir():
            if path.name in {"metrics.json", "model.json"}:
                tree[path.name] = _timeless(json.loads(path.read_text(encoding="utf-8")))
            else:
                content = b"".join(
                    line for line in path.read_bytes().splitlines() if b"**time**" not in line
                )
                tree[path.name] = hashlib.sha256(content).hexdigest()
        return tree


def _files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def _modified(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except FileNotFoundError:  # a temporary file that has its final name now
        return 0


def _processes(driver: psutil.Process, target: str) -> list[psutil.Process]:
    """The processes of a target in the tree of a driver that this loop has started."""

    def is_target(process: psutil.Process) -> bool:
        try:
            title = " ".join(process.cmdline())
            if process.status() == psutil.STATUS_ZOMBIE:
                return False
        except psutil.NoSuchProcess:
            return False
        agent = "Agent" in title or "agent" in title
        return {
            "worker": title.startswith("ray::") and not agent,
            "agent": agent and "ray" in title,
            "raylet": "/raylet/raylet " in title,
            "gcs": "gcs_server" in title.partition(" ")[0],
        }[target]

    try:
        return [child for child in driver.children(recursive=True) if is_target(child)]
    except psutil.NoSuchProcess:
        return []


class Command:
    """A command of class-sweep in a process and a session of its own."""

    def __init__(
        self, arguments: list[str], environment: dict[str, str], folder: Path, output: Path
    ) -> None:
        self._process = _SERVER.Process(
            target=run_command, args=(arguments, environment, folder, output)
        )
        self._process.start()
        self.pid: int = self._process.pid or 0

    @property
    def returncode(self) -> int | None:
        """The exit status, or None while it runs; negative for a signal."""
        return self._process.exitcode

    def poll(self) -> int | None:
        """The exit status, or None while it runs."""
        return self.returncode

    def wait(self) -> int | None:
        """Wait for the end; return the exit status."""
        self._process.join()
        return self.returncode

    def kill(self) -> None:
        """Send SIGKILL."""
        self._process.kill()


def run_command(
    arguments: list[str], environment: dict[str, str], folder: Path, output: Path
) -> None:
    """Run a command in this process, whose output goes to a file."""
    os.setsid()
    file = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(file, 1)
    os.dup2(file, 2)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    sys.argv = ["class-sweep", *arguments]
    # A checkpoint every few steps, so that a training of seconds is continued and not begun again.
    assert slices.CHECKPOINT_EVERY > 0.05
    assert slices._SLICE > 0.1
    slices.CHECKPOINT_EVERY, slices._SLICE = 0.05, 0.1
    class_sweep_main()


class KillLoop:
    """Kills the processes of works until a number of kills is reached."""

    def __init__(self, folder: Path, seed: int, kills: int) -> None:
        """Take a folder, the seed of the moments, and the number of kills."""
        self.folder, self.wanted = folder, kills
        self.chance = random.Random(seed)  # noqa: S311 - no secret
        self.outcome = Outcome()
        self._begun = 0  # the progress at the start of the process
        self.environment = os.environ | {
            "CLASS_SWEEP_CACHE": str(folder / "cache"), "COLUMNS": "200",
        }  # fmt: skip
        for name, text in (("space.yaml", SPACE), ("train.yaml", CONFIGURATION)):
            (folder / name).write_text(text, encoding="utf-8")

    def works(self, kinds: list[type[Work]]) -> Iterator[tuple[Work, dict[str, Any]]]:
        """Works without end, each with the contents of its undisturbed run."""
        expected: dict[type[Work], dict[str, Any]] = {}
        for number in range(10_000):
            kind = kinds[number % len(kinds)]
            file = self.folder / ("space.yaml" if kind is SweepWork else "train.yaml")
            if kind not in expected:
                whole = kind(self._new(f"whole-{kind.__name__}"), file)
                assert self._start(whole).wait() == 0, self._output(whole).read_text()
                expected[kind] = whole.contents()
            yield kind(self._new(f"killed-{number}"), file), expected[kind]

    def run(self, kinds: list[type[Work]]) -> Outcome:
        """Kill, continue and compare until all kills are made."""
        for work, expected in self.works(kinds):
            killed: list[Row] = []
            while not self._ended(work, killed):
                pass
            self._compare(work, expected, killed)
            (self.folder / "table.txt").write_text(self.outcome.table(), encoding="utf-8")
            if self.outcome.kills >= self.wanted:
                break
        return self.outcome

    def _new(self, name: str) -> Path:
        (self.folder / name).mkdir()
        return self.folder / name / "out"

    def _start(self, work: Work) -> "Command":
        return Command(work.arguments(), self.environment, self.folder, self._output(work))

    @staticmethod
    def _output(work: Work) -> Path:
        return work.folder.parents[1] / f"{work.folder.parent.name}.txt"

    def _ended(self, work: Work, killed: list[Row]) -> bool:
        """Run the work once, with kills; return whether it has ended with success."""
        before, self._begun = work.lines(), work.progress()
        process = self._start(work)
        fatal, last = False, ""
        while process.poll() is None and self.outcome.kills < self.wanted and not fatal:
            target = self.chance.choice(work.targets)
            if not self._wait_for_moment(process, work):
                break
            row = self._kill(process, work, target)
            if row is None:
                continue
            killed.append(row)
            last, fatal = target, target != "worker"
        self._finish(process, work, last)
        output = self._output(work).read_text()[-3000:]
        for old, new in zip(before, work.lines(), strict=True):
            if new[: len(old)] != old:
                self._report(killed, "lost", f"{work.folder}: lines before a restart are not there")
        expected_codes = {0} if not fatal else {0, 1, -signal.SIGKILL}
        if "error: Ray must start" in output:  # this machine is too slow at the moment
            return False
        if process.returncode not in expected_codes:
            self.outcome.problems.append(f"{work.folder}: exit {process.returncode}\n{output}")
            return True
        if "Traceback" in output:
            self.outcome.problems.append(f"{work.folder}: a traceback after {last}\n{output}")
        if process.returncode == 1 and "class-sweep resume" not in output:
            self.outcome.problems.append(f"{work.folder}: no way to go on after {last}\n{output}")
        return process.returncode == 0

    def _wait_for_moment(self, process: "Command", work: Work) -> bool:
        """Wait for a random moment; return whether the process is still there then."""
        steps = self.chance.choice([0, 1, 1, 2, 3, 5])
        if not steps:
            deadline = time.monotonic() + seconds_here(self.chance.uniform(0, 12))
            self._wait(process, lambda: time.monotonic() > deadline)
        else:
            for _ in range(steps):
                seen = work.progress()
                self._wait(process, lambda seen=seen: work.progress() != seen)
        time.sleep(self.chance.uniform(0, 0.4))
        return process.poll() is None

    def _kill(self, process: "Command", work: Work, target: str) -> Row | None:
        """Kill a target, if it is there; return the counts that it belongs to."""
        if target == "driver":
            process.kill()
        elif target == "group":
            os.killpg(process.pid, signal.SIGKILL)
        else:
            try:
                found = _processes(psutil.Process(process.pid), target)
            except psutil.NoSuchProcess:
                return None
            if not found:
                return None
            for victim in found if target == "worker" else found[:1]:
                victim.kill()
        phase = "preparation" if work.progress() == self._begun else work.phase()
        row = self.outcome.row(target, phase)
        row.kills += 1
        return row

    def _finish(self, process: "Command", work: Work, last: str) -> None:
        """Wait for the end of a process; one that does nothing for a minute hangs."""
        start, seen = time.monotonic(), work.progress()
        limit = seconds_here(HANG_SECONDS if last else _START_SECONDS)
        while process.poll() is None:
            if work.progress() != seen:
                start, seen = time.monotonic(), work.progress()
            if time.monotonic() - start > limit:
                self.outcome.problems.append(f"{work.folder}: hangs after {last or 'nothing'}")
                os.killpg(process.pid, signal.SIGKILL)
            time.sleep(0.05)
        if last:
            self.outcome.slowest = max(self.outcome.slowest, time.monotonic() - start)

    def _wait(self, process: "Command", condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + seconds_here(_START_SECONDS)
        while process.poll() is None and not condition() and time.monotonic() < deadline:
            time.sleep(0.01)

    def _compare(self, work: Work, expected: dict[str, Any], killed: list[Row]) -> None:
        twice, rerun = work.repeated()
        if twice:
            self._report(killed, "twice", f"{work.folder}: {twice} reports are there twice")
        if rerun:
            self._report(killed, "rerun", f"{work.folder}: {rerun} trials ran after their end")
        try:
            contents = work.contents()
        except (OSError, ValueError, KeyError) as error:
            self._report(killed, "different", f"{work.folder}: {error}")
            return
        differing = [name for name, content in expected.items() if contents.get(name) != content]
        if differing:
            self._report(killed, "different", f"{work.folder}: {', '.join(differing)} differ")

    def _report(self, killed: list[Row], what: str, problem: str) -> None:
        for row in killed:
            setattr(row, what, getattr(row, what) + 1)
        self.outcome.problems.append(problem)


def main() -> None:
    """Run the loop from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=Path, required=True, help="a new folder")
    parser.add_argument(
        "--kinds", nargs="+", choices=["sweep", "train"], default=["sweep", "train"]
    )
    options = parser.parse_args()
    options.folder.mkdir(parents=True)
    kinds: list[type[Work]] = [
        {"sweep": SweepWork, "train": TrainWork}[kind] for kind in options.kinds
    ]
    loop = KillLoop(options.folder.resolve(), options.seed, options.kills)
    outcome = loop.run(kinds)
    sys.stdout.write(outcome.table() + "\n")
    sys.exit(bool(outcome.problems))


if __name__ == "__main__":
    main()

"""Runs `check` over mutated spaces and tables, each in a forked child of this warm process.

`python broken_inputs.py COUNT SEED` prints a JSON object: how many inputs were tried, how many were
still valid, and each one that `check` did not bear.
"""

import contextlib
import gzip
import json
import os
import random
import resource
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from pathlib import Path

from class_sweep.cli.main import main

SECONDS = 20  # of CPU, and three times as long on the clock of a busy machine
MEMORY = 2 << 30  # bytes that a command may take
SPACE = """\
x-shared: &shared {beta: 0.1}
data: {source: table, path: t.csv, columns: {id: id, split: split}}
text_encoder: {kind: lsa, dimensions: 4}
molecule_encoder: {kind: morgan, bits: 32}
backbone: {name: contrastive, hidden: 8, dimension: 4}
curriculum:
  <<: *shared
  order: {choice: [easy_first, random]}
  alpha: {uniform: [0.3, 0.9]}
  sigma: {uniform: [0.4, 0.8], step: 0.1}
optimizer: {lr: 1e-3, batch_size: 4}
budget: {epochs: 4}
search: {trials: 4, seed: 1, baselines: [paper]}
pruning: {kind: asha, grace_epochs: 1}
confirm: {finalists: 1, seeds: 3}
resources: {cpus: 1}
"""
SPLITS = ("train", "train", "train", "validation", "test")
ROWS = [
    ["id", "smiles", "text", "split"],
    *(
        [f"x{n}", f"{'C' * (n + 1)}{'ON'[n % 2]}", f"alcohol {n} of {n % 7}",
         SPLITS[n // 12]]
        for n in range(60)
    ),
]  # fmt: skip
SCALARS = [
    "0", "-1", "1", "2", "0.5", "1e-3", "1e400", "-.inf", ".nan", "9" * 20, "9" * 5000, "1e39",
    "true",
    "null", "~", "''", "'a'", "[]", "{}", "[1, 2]", "{a: 1}", "*shared", "&b 1", "!!binary aGk=",
    "!!set {a}", "!!python/object:os.system x", "2020-01-01", "1:30", "0x1F", "0o17", '"\\0"',
    '"\\ud800"', '"\\e[2J"', "../t.csv", "/dev/zero", "/proc/self/mem", "pipe", ".", "~nobody",
    "$HOME", "$NOPE", "a" * 300, "{uniform: [0, 1]}", "{choice: [0.1, 0.2]}", "{int: [1, 9]}",
    "{loguniform: [1e-9, 1]}", "{uniform: [0.1, 0.9], step: 1e-4}", "{quantile: 0.5}", "auto",
    "pacing_end", "65536", "4294967295", "100000", "huggingface", "mol2vec", "tpe", "grid", "cmaes",
    "text2mol", "orma", "aman", "[" * 60 + "]" * 60, "{choice: [" + "1, " * 2000 + "1]}",
]  # fmt: skip
LIKELY = [
    "0.5", "0.25", "1", "2", "3", "4", "8", "16", "{uniform: [0.1, 0.9]}", "{choice: [0.1, 0.5]}",
    "{choice: [8, 16]}", "{int: [2, 8]}", "random", "easy_first", "hard_first", "tpe", "1e-4",
    "0.9",
    "{quantile: 0.5}", "{choice: [random, hard_first]}", "sigmoid", "linear", "[full_data]", "true",
]  # fmt: skip
USUAL = [
    "",
    "NA",
    "é",
    "😀",
    "C",
    "CC(=O)O",
    "c1ccccc1O",
    "[Na+].[Cl-]",
    "train",
    "a, b",
    "7",
    "a\nb",
]
VALUES = [
    "", "NA", "nan", "\0", "\x1b[2J", "\ud800", '"', '""', "a\nb", "a\rb", "a\tb", "a,b", "C>>O",
    "*",
    "C" * 6000, "C(" * 3000 + "C" + ")" * 3000, "[" * 500, "C1CC", "[C+99]", "CCO |^1:0|",
    "c1ccccc1",
    "[Au]" * 1200, "C12C3C4C1C5C2C3C45." * 50 + "C", "9" * 5000, "x" * 1_000_001, "é", "😀",
    "train", "\u2028", "=1+1", "{}", "null", "1e999", "<b>", "[red]", "%s", "../x",
]  # fmt: skip
Mutation = Callable[[random.Random, list[list[str]]], None]


def mutated_space(rng: random.Random) -> bytes:
    """The base with one to three of its lines, keys, values or bytes changed."""
    text = SPACE
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        kind = rng.randrange(7)
        lines = text.split("\n")
        row = rng.randrange(len(lines))
        if kind <= 2:  # a value
            marks = [
                i for i, c in enumerate(text) if c in ":[," and text[i + 1 : i + 2] == " "
            ] or [0]
            start = rng.choice(marks) + 2
            end = next((i for i in range(start, len(text)) if text[i] in ",}]\n"), start)
            text = text[:start] + rng.choice(rng.choice((SCALARS, LIKELY))) + text[end:]
        elif kind == 3:
            lines.insert(rng.randrange(len(lines)), lines[row])
            text = "\n".join(lines)
        elif kind == 4:
            del lines[row]
            text = "\n".join(lines)
        elif kind == 5:
            place = rng.randrange(len(text) + 1)
            text = text[:place] + rng.choice("\0\x1b\t{}[]:,&*!|>'\"%@`-#?é\ud800") + text[place:]
        else:
            lines.append(
                f"{rng.choice(['data', 'x-a', 'curriculum', 'a', '<<'])}: {rng.choice(SCALARS)}"
            )
            text = "\n".join(lines)
    content = bytearray(text.encode("utf-8", "surrogatepass"))
    if rng.random() < 0.1:
        content[rng.randrange(len(content))] = rng.randrange(256)
    return bytes(content)


def mutated_table(rng: random.Random, folder: Path) -> str:
    """Write a table with some values, rows or bytes changed; its name."""
    rows = [list(row) for row in ROWS]
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        row = rng.randrange(len(rows))
        kind = rng.randrange(9)
        if kind <= 5 and rows[row]:
            value = rng.choice(rng.choice((VALUES, USUAL)))
            rows[row][rng.choice((0, 1, 2, 2, rng.randrange(len(rows[row])))) % len(rows[row])] = (
                value
            )
        elif kind == 6:
            rows[row].insert(rng.randrange(len(rows[row]) + 1), rng.choice(VALUES))
        elif kind == 7:
            rows.insert(row, list(rng.choice(rows)))
        elif len(rows) > 2:
            del rows[row]
    suffix = rng.choice((".csv", ".csv", ".tsv", ".jsonl", ".jsonl", ".parquet", ".csv.gz"))
    path = folder / f"t{suffix}"
    if suffix == ".parquet":
        content = _parquet(rows, path)
    elif suffix == ".jsonl":
        content = _json_lines(rng, rows)
    else:
        delimiter = rng.choice(",,,,,,,;") if suffix != ".tsv" else "\t"
        quoted = rng.random() < 0.5
        cells = ((f'"{v}"' if quoted and '"' not in v else v for v in row) for row in rows)
        text = "\n".join(delimiter.join(row) for row in cells) + "\n"
        content = text.encode("utf-8", "surrogatepass")
    changed = bytearray(gzip.compress(content) if suffix.endswith(".gz") else content)
    for _ in range(rng.choice((0, 0, 0, 0, 0, 0, 1, 8))):
        changed[rng.randrange(len(changed))] = rng.randrange(256)
    if rng.random() < 0.05:
        del changed[rng.randrange(len(changed)) :]
    path.write_bytes(bytes(changed))
    return path.name


def _json_lines(rng: random.Random, rows: list[list[str]]) -> bytes:
    lines = [json.dumps(dict(zip(ROWS[0], row, strict=False))) for row in rows[1:]]
    if rng.random() < 0.3:
        odd = ("[" * 100_000, "9" * 5_000, "NaN", "null", '{"smiles": NaN}', "{", "")
        lines[rng.randrange(len(lines))] = rng.choice(odd)
    return "\n".join(lines).encode()


def _parquet(rows: list[list[str]], path: Path) -> bytes:
    import pyarrow as pa
    from pyarrow import parquet

    width = len(rows[0])
    columns = [[(row + [""] * width)[i] for row in rows[1:]] for i in range(width)]
    plain = [[v.encode("utf-8", "replace").decode() for v in column] for column in columns]
    names = [v.encode("utf-8", "replace").decode() for v in rows[0]]
    parquet.write_table(pa.Table.from_arrays([pa.array(c) for c in plain], names), path)
    return path.read_bytes()


def prepare(seed: int, folder: Path) -> str:
    """Write the input of a seed; which kind it is."""
    rng = random.Random(seed)  # noqa: S311
    table = "\n".join(",".join(row) for row in ROWS) + "\n"
    (folder / "t.csv").write_text(table, encoding="utf-8")
    with contextlib.suppress(FileExistsError):
        os.mkfifo(folder / "pipe")
    if rng.random() < 0.5:
        (folder / "space.yaml").write_bytes(mutated_space(rng))
        return "space"
    name = mutated_table(rng, folder)
    (folder / "space.yaml").write_text(SPACE.replace("t.csv", name), encoding="utf-8")
    return name


def child(folder: Path, output: Path, *, time_steps: bool) -> int:
    """Run `check` in this process with its output in a file."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # Of the data, because Ray's needs are checked against a limit on the address space.
    resource.setrlimit(resource.RLIMIT_DATA, (4 * MEMORY, 4 * MEMORY))
    used = sum(os.times()[:2])
    resource.setrlimit(resource.RLIMIT_CPU, (int(used) + SECONDS, int(used) + SECONDS))
    signal.alarm(3 * SECONDS)
    os.chdir(folder)
    sys.argv = ["class-sweep", "check", "space.yaml", *([] if time_steps else ["--no-time"])]
    with output.open("w", encoding="utf-8", errors="backslashreplace") as out:
        sys.stdout = sys.stderr = out
        try:
            main()
        except SystemExit as end:
            return int(end.code or 0)
        except BaseException:
            traceback.print_exc()
    return 1


def examine(seed: int, scratch: Path) -> tuple[int, str | None]:
    """The exit code of `check` for the input of a seed, and what was wrong, if anything."""
    folder = scratch / str(seed)
    folder.mkdir()
    kind = prepare(seed, folder)
    output = scratch / "out"
    start = time.monotonic()
    process = os.fork()
    if process == 0:
        code = 1
        try:
            code = child(folder, output, time_steps=seed % 10 == 0)
        finally:
            os._exit(code)
    _, status, usage = os.wait4(process, 0)
    code = os.waitstatus_to_exitcode(status)
    text = output.read_text(encoding="utf-8")
    faults = []
    if code not in {0, 2} or "Traceback" in text:
        faults.append(f"exit code {code} after {time.monotonic() - start:.0f} s: {text[-1500:]}")
    elif code and sum(line.startswith("error: ") for line in text.splitlines()) != 1:
        faults.append(f"exit code {code} without one error: {text[-500:]}")
    if usage.ru_maxrss * 1024 > MEMORY:
        faults.append(f"{usage.ru_maxrss >> 10} MiB of memory")
    return code, f"seed {seed}, {kind}: {'; '.join(faults)}" if faults else None


def run(count: int, seed: int) -> dict[str, object]:
    """Examine `count` inputs."""
    codes: dict[int, int] = {}
    faults = []
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        os.environ |= {"CLASS_SWEEP_CACHE": str(scratch / "cache"), "HOME": name}
        for number in range(seed, seed + count):
            code, fault = examine(number, scratch)
            codes[code] = codes.get(code, 0) + 1
            if fault:
                faults.append(fault)
                sys.__stderr__.write(f"{fault}\n\n")
    return {"inputs": count, "codes": codes, "faults": faults}


def warm() -> None:
    """Import what `check` imports, so that the children need not."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        table = "\n".join(",".join(row) for row in ROWS) + "\n"
        (folder / "t.csv").write_text(table, encoding="utf-8")
        (folder / "space.yaml").write_text(SPACE, encoding="utf-8")
        os.environ |= {"CLASS_SWEEP_CACHE": str(folder / "cache"), "HOME": name}
        here = Path.cwd()
        os.chdir(folder)
        sys.argv = ["class-sweep", "check", "space.yaml"]
        with (folder / "out").open("w", encoding="utf-8") as out:
            printed, sys.stdout = sys.stdout, out
            try:
                main()
            except SystemExit as end:
                if end.code:
                    raise RuntimeError("the base must be valid to its end") from end
            finally:
                sys.stdout = printed
                os.chdir(here)


if __name__ == "__main__":
    wanted, first_seed = map(int, sys.argv[1:])
    warm()
    sys.stdout.write(json.dumps(run(wanted, first_seed)) + "\n")

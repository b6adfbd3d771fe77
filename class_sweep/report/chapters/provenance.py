"""What the sweep ran on, and how to run it again."""

import shlex
from pathlib import Path

from class_sweep.report.blocks import Block, Chapter, Code, More, Table, Text
from class_sweep.report.sweep_facts import SweepFacts


def provenance(sweep: SweepFacts) -> Chapter:
    """Versions, seeds, checksums, the command, and the space as run."""
    title = "Environment, and how to reproduce this"
    environment, search = sweep.environment, sweep.space.settings.search
    blocks: list[Block] = []
    if environment is None:
        blocks.append(Text("There is no environment.json: the sweep ended before it was written."))
    else:
        packages = " ".join(f"{name}=={version}" for name, version in environment.packages.items())
        gpus = ", ".join(environment.gpus) or "none"
        rows = [
            ["Python", environment.python],
            ["platform", environment.platform],
            ["cores", str(environment.cpus)],
            ["GPUs", gpus],
            ["packages", packages],
            ["data, SHA-256", environment.data_sha256],
            *([f"index, SHA-256: {name}", sha] for name, sha in environment.index_sha256.items()),
            ["rows dropped", str(len(environment.dropped))],
        ]
        blocks.append(Table(("what", "value"), rows, frozenset({1})))
    seeds = [f"search.seed {search.seed}"]
    if search.record is not None:
        seeds.append(f"recorded under {search.seed} … {search.seed + search.record - 1}")
    if sweep.verdict:
        seeds.append(f"confirmed under {', '.join(map(str, sweep.verdict.seeds))}")
    blocks.append(Text(f"Seeds: {'; '.join(seeds)}."))
    again = f"class-sweep run {shlex.quote(str(sweep.path / 'space.yaml'))} --out again"
    blocks += [
        Text("The folder's own space file, run with the same data and versions:"),
        Code(again),
    ]
    if environment and environment.command:
        program, *arguments = environment.command
        blocks += [
            Text("As it was started:"), Code(shlex.join([Path(program).name, *arguments]))
        ]  # fmt: skip
    if search.max_concurrent != 1:
        said = (
            "Trials ran side by side, so that another run may propose and prune otherwise;"
            " `search.max_concurrent: 1` makes a sweep repeat itself to the number."
        )
        blocks.append(Text(said, "quiet"))
    blocks.append(More("space.yaml, as run", [Code(sweep.space.text)]))
    return Chapter("provenance", title, blocks)

"""The environment of the sweep, and the commands that reproduce it."""

import shlex
from pathlib import Path

from class_sweep.errors import command_line
from class_sweep.rendering.blocks import Block, Chapter, Code, Collapsible, KeyValues, Text
from class_sweep.report.sweep_facts import SweepFacts


def provenance(sweep: SweepFacts) -> Chapter:
    """Versions, seeds, checksums, the command, and the space as run."""
    blocks = [_environment(sweep), Text(f"Seeds: {_seeds(sweep)}."), *_commands(sweep)]
    if sweep.space.settings.search.max_concurrent != 1:
        message = (
            "Trials ran in parallel, so another run may propose and prune other trials."
            " `search.max_concurrent: 1` makes a sweep repeat itself exactly."
        )
        blocks.append(Text(message, "note"))
    blocks.append(Collapsible("space.yaml, as run", [Code(sweep.space.text)]))
    return Chapter("provenance", "Environment and reproduction", blocks)


def _environment(sweep: SweepFacts) -> Block:
    environment = sweep.environment
    if environment is None:
        return Text("There is no environment.json: the sweep ended before it was written.")
    packages = " ".join(f"{name}=={version}" for name, version in environment.packages.items())
    indexes = [(f"index, SHA-256: {name}", sha) for name, sha in environment.index_sha256.items()]
    return KeyValues(
        [
            ("Python", environment.python),
            ("platform", environment.platform),
            ("cores", str(environment.cpus)),
            ("GPUs", ", ".join(environment.gpus) or "none"),
            ("packages", packages),
            ("data, SHA-256", environment.data_sha256),
            *indexes,
            ("rows dropped", str(len(environment.dropped))),
            *(
                (
                    f"extended, {step.at}",
                    f"{step.before} → {step.after} trials, at {step.reports} reports",
                )
                for step in environment.extensions
            ),
        ]
    )


def _seeds(sweep: SweepFacts) -> str:
    search = sweep.space.settings.search
    seeds = [f"search.seed {search.seed}"]
    if search.record is not None:
        seeds.append(f"recorded under {search.seed} … {search.seed + search.record - 1}")
    if sweep.verdict:
        seeds.append(f"confirmed under {', '.join(map(str, sweep.verdict.seeds))}")
    return "; ".join(seeds)


def _commands(sweep: SweepFacts) -> list[Block]:
    again = command_line("run", sweep.path / "space.yaml", "--out", "again")
    blocks: list[Block] = [
        Text("This command runs the space again; use the same data and versions:"),
        Code(again),
    ]
    if sweep.environment and sweep.environment.command:
        program, *arguments = sweep.environment.command
        started = shlex.join([Path(program).name, *arguments])
        blocks += [Text("The sweep was started with:"), Code(started)]
    return blocks

"""`environment.json`: the machine, the versions and the data that a sweep ran on."""

import secrets
from typing import Annotated

from pydantic import Field

from class_sweep.results.json_files import ResultsModel

SweepId = Annotated[str, Field(pattern="^[0-9a-f]{32}$")]
"""Tells one sweep from every other, also from another sweep of the same space."""


def new_sweep_id() -> SweepId:
    """A random id."""
    return secrets.token_hex(16)


class DroppedRow(ResultsModel):
    """A row of the data source that was left out of the pairs; `place` is its `file:line`."""

    id: str
    place: str
    reason: str


class Environment(ResultsModel):
    """The facts that are needed to repeat a sweep and to explain a difference.

    Attributes:
        sweep_id: 32 random hexadecimal digits, made once when the sweep began; None in a folder of
            version 0.2.
        packages: Package to version.
        python: Version of Python.
        platform: Operating system and its version.
        cpus: Cores of the machine; None if the system does not report them.
        gpus: Names of its GPUs.
        seed: `search.seed`.
        data_sha256: Checksum of the pairs.
        index_sha256: Similarity to the checksum of its difficulty index.
        dropped: Rows that were left out of the data.
        command: The command line.
    """

    sweep_id: SweepId | None = None
    packages: dict[str, str]
    python: str
    platform: str
    cpus: int | None
    gpus: list[str]
    seed: int
    data_sha256: str
    index_sha256: dict[str, str]
    dropped: list[DroppedRow]
    command: list[str]

"""`environment.json`: the machine, the versions and the data that a sweep ran on."""

from class_sweep.results.json_files import ResultsModel


class DroppedRow(ResultsModel):
    """A row of the data source that was left out of the pairs; `place` is its `file:line`."""

    id: str
    place: str
    reason: str


class Environment(ResultsModel):
    """The facts that are needed to repeat a sweep and to explain a difference.

    Attributes:
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

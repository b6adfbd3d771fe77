"""`environment.json`: what a sweep began with: its settings, data, encoders, versions, machine."""

import secrets
from typing import Annotated, Self

from pydantic import Field, JsonValue, model_validator

from class_sweep.base.hashing import fingerprint
from class_sweep.results.json_files import ResultsModel
from class_sweep.results.summary import SplitSizes

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


class Provenance(ResultsModel):
    """Everything that the numbers of a training depend on.

    A folder of version 0.2 has no settings, and no checksums but those of the data and the indexes.

    Attributes:
        settings: Dotted path to the value of each setting, or to the text of its axis.
        settings_sha256: Hash of `settings`.
        data_sha256: Checksum of the pairs.
        encoder_sha256: `text_encoder` and `molecule_encoder` to the hash of the files that they
            read; without an encoder that reads none.
        features_sha256: Checksum of all features and indexes.
        index_sha256: Similarity to the checksum of its difficulty index, and each difficulty that
            was computed before the trials to the checksum of its numbers.
        packages: Package to version.
        python: Version of Python.
        plugins: Name of each plug-in file to the SHA-256 of its contents; further ones if the user
            accepted a change of it.
    """

    settings: dict[str, JsonValue] | None = None
    settings_sha256: str | None = None
    data_sha256: str
    encoder_sha256: dict[str, str] = Field(default_factory=dict)
    features_sha256: str | None = None
    index_sha256: dict[str, str]
    packages: dict[str, str]
    python: str
    plugins: dict[str, list[str]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _require_unaltered_settings(self) -> Self:
        if self.settings is not None and self.settings_sha256 != settings_hash(self.settings):
            raise ValueError("settings that have the hash settings_sha256")
        return self

    def with_settings(self, settings: dict[str, JsonValue]) -> Self:
        """A copy with other settings."""
        changes = {"settings": settings, "settings_sha256": settings_hash(settings)}
        return self.model_copy(update=changes)

    def with_encoders(self, other: "Provenance") -> Self:
        """A copy with the encoders, the features and the difficulty of another one."""
        names = ("encoder_sha256", "features_sha256", "index_sha256")
        return self.model_copy(update={name: getattr(other, name) for name in names})

    def with_plugins(self, plugins: dict[str, list[str]]) -> Self:
        """A copy with other plug-in files."""
        return self.model_copy(update={"plugins": plugins})


class Extension(ResultsModel):
    """A lawful change of a sweep that has begun: it got more trials.

    Attributes:
        before: `search.trials` before.
        after: `search.trials` from then on.
        reports: Lines of `trials.jsonl` at that time; they were decided for `before` trials.
        at: When, ISO 8601.
    """

    before: int
    after: int
    reports: int
    at: str


class Environment(Provenance):
    """What a sweep began with; enough to repeat it and to explain a difference.

    Attributes:
        sweep_id: 32 random hexadecimal digits, made once when the sweep began; None in a folder of
            version 0.2.
        platform: Operating system and its version.
        cpus: Cores of the machine; None if the system does not report them.
        gpus: Names of its GPUs.
        seed: `search.seed`.
        dropped: Rows that were left out of the data.
        command: The command line.
        extensions: Each extension of the sweep, the first one first; `settings` are those after
            the last one.
        told_pairs: The pairs of a sweep that a loop of the user's own trains and tells its tuner
            of; None for a sweep that `run` trains. Its `data_sha256` is empty where the loop has
            data of its own.
    """

    sweep_id: SweepId | None = None
    platform: str
    cpus: int | None
    gpus: list[str]
    seed: int
    dropped: list[DroppedRow]
    command: list[str]
    extensions: list[Extension] = Field(default_factory=list)
    told_pairs: SplitSizes | None = None

    def extended(self, extension: Extension) -> Self:
        """A copy with one more extension; it needs settings."""
        settings = dict(self.settings or {}) | {"search.trials": extension.after}
        extensions = [*self.extensions, extension]
        return self.with_settings(settings).model_copy(update={"extensions": extensions})


def settings_hash(settings: dict[str, JsonValue]) -> str:
    """SHA-256 of flat settings, independent of their order."""
    return fingerprint(settings)

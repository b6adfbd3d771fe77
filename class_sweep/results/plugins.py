"""The plug-in files of a sweep, a training or a model, held against those that are loaded."""

import logging
from collections.abc import Mapping, Sequence

from class_sweep.config.plugin_files import (
    ACCEPT_OPTION,
    OPTION,
    PluginFile,
    is_accepted,
    loaded_plugins,
)
from class_sweep.errors import InputError

log = logging.getLogger(__name__)

Hashes = Mapping[str, Sequence[str]]
"""The name of each file to the SHA-256 of its contents, in the order of their use."""


def require_plugins(begun: Hashes, what: str, error: type[InputError]) -> None:
    """Check that every plug-in file is loaded.

    Args:
        begun: The files that `what` began with.
        what: The subject of the message: a sweep, a training or a model, and its place.
        error: The type of the error.

    Raises:
        InputError: If one is not.
    """
    missing = begun.keys() - {file.name for file in loaded_plugins()}
    if missing:
        listed = ", ".join(f"{name} (SHA-256 {begun[name][-1]})" for name in sorted(missing))
        options = " ".join(f"{OPTION} {name}" for name in sorted(missing))
        raise error(f"{what} needs its plug-in files, and these are not given: {listed}; {options}")


def require_same_plugins(
    begun: Hashes, what: str, error: type[InputError], *, may_add: bool = False
) -> None:
    """Check that the loaded plug-in files are those of the start.

    Args:
        begun: See `require_plugins`.
        what: See `require_plugins`.
        error: See `require_plugins`.
        may_add: Whether further files may be loaded.

    Raises:
        InputError: If one is missing, or one is other than at the start and not accepted.
    """
    require_plugins(begun, what, error)
    for file, before in other_plugins(begun):
        if not (is_accepted(file) or (may_add and before is None)):
            had = f"had SHA-256 {before}" if before else "was not there"
            raise error(
                f"{what} must have the plug-in files that it began with: {file.name} {had}, and"
                f" {file.path} has {file.sha256}; restore it, or accept it with {ACCEPT_OPTION}"
            )


def other_plugins(begun: Hashes) -> list[tuple[PluginFile, str | None]]:
    """The loaded files that are other than the last ones of `begun`, each with its hash there."""
    pairs = [(file, next(iter(begun.get(file.name, [])[-1:]), None)) for file in loaded_plugins()]
    return [(file, before) for file, before in pairs if file.sha256 != before]


def warn_of_other_plugins(begun: Hashes, what: str) -> None:
    """Warn of each loaded file that is other than in `begun`."""
    for file, before in other_plugins(begun):
        log.warning(
            "%s has another plug-in file %s: SHA-256 %s → %s",
            what,
            file.name,
            before or "none",
            file.sha256,
        )


def with_other_plugins(begun: Hashes) -> dict[str, list[str]]:
    """The hashes of `begun` and, behind them, those of the loaded files that are others."""
    hashes = {name: list(digests) for name, digests in begun.items()}
    for file, _ in other_plugins(begun):
        hashes.setdefault(file.name, []).append(file.sha256)
    return hashes

"""A sweep keeps what it began with: its settings and inputs are held against those of its start.

Space files and data lie open between two commands. A change of them would mix two experiments in
one log, or print settings beside numbers that were not trained with them.
"""

import logging
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from class_sweep.config.document import Space, load_space
from class_sweep.config.extension import TRIALS, with_trials
from class_sweep.config.renamed import removed_with_effect
from class_sweep.config.settings_changes import (
    differences,
    flat_settings,
    is_execution,
    location_settings,
)
from class_sweep.errors import ConfigError, InputError, ResultsError, command_line
from class_sweep.results.environment import Environment, Extension, Provenance
from class_sweep.results.folder import ResultsFolder, ResultsWriter
from class_sweep.results.plugins import (
    Hashes,
    other_plugins,
    require_plugins,
    require_same_plugins,
    warn_of_other_plugins,
    with_other_plugins,
)
from class_sweep.results.record import Record

log = logging.getLogger(__name__)


def load_begun(
    folder: ResultsFolder, *, to_continue: bool = False, to_confirm: bool = False
) -> Space:
    """The space of a results folder, held against the settings that its sweep began with.

    Comments, the format, and settings that only say how a machine runs the trials may change. A
    path may change if the sweep continues: `require_same_inputs` then checks what lies there.

    Args:
        folder: The results folder; one of version 0.2 has no settings to hold against.
        to_continue: Whether the caller continues the sweep, and so reads its inputs.
        to_confirm: Whether it continues it by a confirmation, which proposes no trial.

    Raises:
        ConfigError: If `space.yaml` has mistakes.
        ResultsError: If it has other settings; the message lists them. If the sweep continues with
            settings that exist no more, or with other plug-in files. If it needs one to be read.
    """
    begun = folder.read_environment() if folder.environment.is_file() else None
    to_continue = to_continue or to_confirm
    if to_continue and begun is not None and begun.told_pairs is not None:
        _require_no_loop(folder, begun, to_confirm=to_confirm)
    space = _load_with_plugins(folder, begun.plugins if begun else {}, to_continue=to_continue)
    if to_continue and space.removed:
        raise ResultsError(
            "a sweep must be continued by a version that has its settings, got"
            f" {listed(space.removed)} in {folder.space}, which was removed; install the version"
            " that began it"
        )
    if begun is None or begun.settings is None:
        return space
    space, settings = _extended(space, begun), begun.settings
    free = location_settings(space) if to_continue else set()
    changed = {
        path: change
        for path, change in differences(settings, space).items()
        if not is_execution(path) and path not in free
    }
    if changed:
        raise ResultsError(
            f"a sweep must keep the settings that it began with, and {folder.space} has others:"
            f" {listed(changed)}; {_way_out(changed, folder, location_settings(space))}"
        )
    return space


def how_to_continue(folder: ResultsFolder) -> str:
    """What continues a sweep that has not ended: a command, or the loop that trains its trials."""
    begun = folder.read_environment() if folder.environment.is_file() else None
    if begun is not None and begun.told_pairs is not None:
        return "class_sweep.Tuner, in the loop that trains its trials"
    return command_line("resume", folder.path)


def _require_no_loop(folder: ResultsFolder, begun: Environment, *, to_confirm: bool) -> None:
    """Refuse to train what only a loop of the user's own can train."""
    if not to_confirm:
        raise ResultsError(
            "a sweep must be continued by the loop that trains its trials, with class_sweep.Tuner:"
            f" {folder.path} was not begun by `class-sweep run`; a space with more search.trials"
            " extends it there"
        )
    if not begun.data_sha256:
        raise ResultsError(
            "a sweep must have the data of its space to be confirmed, because a confirmation trains"
            f" anew without the loop: {folder.path} was begun by class_sweep.Tuner with `pairs` of"
            " the loop's own; train its best trials under further seeds in that loop"
        )


def _load_with_plugins(folder: ResultsFolder, plugins: Hashes, *, to_continue: bool) -> Space:
    """Read the space. To be read only, it needs just the plug-in files whose parts it names."""
    what = f"the sweep in {folder.path}"
    if to_continue:
        require_same_plugins(plugins, what, ResultsError)
    try:
        space = load_space(folder.space, recorded=True)
    except ConfigError:
        require_plugins(plugins, what, ResultsError)
        raise
    if plugins and not to_continue:
        warn_of_other_plugins(plugins, what)
    return space


def _extended(space: Space, environment: Environment) -> Space:
    """The space with what `environment.json` says of its extensions.

    A process that was killed in an extension may not have written the last one to `space.yaml`.
    """
    numbers = tuple(extension.before for extension in environment.extensions)
    space = space.changed(extended_from=numbers[:-1])
    if numbers and space.settings.search.trials == numbers[-1]:
        return with_trials(space, environment.extensions[-1].after)
    return space.changed(extended_from=numbers)


def extend_begun(writer: ResultsWriter, space: Space) -> None:
    """Write down that a sweep is extended; whoever is killed here leaves a lawful folder.

    `environment.json` is written first. From then on the folder is extended.

    Args:
        writer: Writes the results folder.
        space: The space with the new number of trials; see `with_trials`.

    Raises:
        ResultsError: If the sweep was begun by version 0.2, which wrote no settings down.
    """
    folder = writer.folder
    environment = folder.read_environment()
    if environment.settings is None:
        raise ResultsError(
            "a sweep must be extended from the settings that it began with, and version 0.2, which"
            f" began {folder.path}, wrote none down; run the space with more trials into a new"
            " folder"
        )
    extension = Extension(
        before=space.extended_from[-1],
        after=space.settings.search.trials,
        reports=len(folder.records()),
        at=datetime.now(UTC).isoformat(timespec="milliseconds"),
    )
    writer.write_environment(environment.extended(extension))
    writer.write(folder.space, space.text)


def _way_out(changed: Mapping[str, str], folder: ResultsFolder, locations: set[str]) -> str:
    if all(path.startswith("confirm.") for path in changed):
        command = command_line("confirm", folder.path)
        return f"restore it; the options of `{command}` change a confirmation"
    if changed.keys() <= locations:
        command = command_line("resume", folder.path)
        return f"after the inputs have moved, continue once with: {command}"
    if changed.keys() == {TRIALS}:
        command = command_line("extend", folder.path, "--trials", "N")
        return f"restore it; `{command}` gives a sweep more trials"
    return "restore it, or run the changed space into a new folder"


def require_known_settings(space: Space, records: Sequence[Record]) -> None:
    """Check that the configurations of trials can be written with the settings of this version.

    Raises:
        ResultsError: If a trial was trained with a setting that has been removed since.
    """
    for record in records:
        if removed := removed_with_effect(space.removed | record.config):
            raise ResultsError(
                f"an exported trial must have settings of this version, got {listed(removed)} in"
                f" trial {record.trial}, which was removed"
            )


def listed(changed: Mapping[str, object]) -> str:
    """Changes as text: `optimizer.lr 0.001 → 0.01, budget.epochs 6 → 8`."""
    return ", ".join(f"{path} {change}" for path, change in changed.items())


def require_same_inputs(
    begun: Provenance, now: Provenance, what: str, error: type[InputError]
) -> None:
    """Check the inputs of a training that continues; other versions are a warning.

    Args:
        begun: The provenance at the start.
        now: The provenance now.
        what: The subject of the messages: a sweep or a training, and its place.
        error: The type of the error.

    Raises:
        InputError: If the data, the files of an encoder or the plug-in files are others.
    """
    if begun.data_sha256 != now.data_sha256:
        raise error(
            f"{what} must continue with the data that it began with: they had SHA-256"
            f" {begun.data_sha256}, and now have {now.data_sha256}; restore the data, or begin anew"
            " in a new folder"
        )
    require_same_plugins(begun.plugins, what, error)
    warn_of_other_plugins(begun.plugins, what)
    if begun.settings is not None:
        for name in sorted(begun.encoder_sha256.keys() | now.encoder_sha256.keys()):
            if begun.encoder_sha256.get(name) != now.encoder_sha256.get(name):
                raise error(
                    f"{what} must continue with the {name} that it began with: the contents of its"
                    " files have changed; restore them, or begin anew in a new folder"
                )
    if versions := _other_versions(begun, now):
        log.warning(
            "%s began with other versions, so numbers may differ in their last digits: %s",
            what,
            listed(versions),
        )
    if begun.index_sha256 != now.index_sha256:
        log.warning("the difficulty differs from the one that %s began with", what)
    elif begun.features_sha256 not in {None, now.features_sha256}:
        log.warning("the features differ in some digits from those that %s began with", what)


def hold_environment(writer: ResultsWriter, space: Space, now: Environment) -> None:
    """Hold the environment of a sweep that continues against that of its start.

    Other versions and other settings of the execution are warnings. New paths of the same inputs
    are written down.

    Args:
        writer: Writes the results folder.
        space: The space of the folder.
        now: The environment of this process.

    Raises:
        ResultsError: If the data or the files of an encoder are others, or the environment is lost,
            or a sweep of version 0.2 would continue with another temperature or other rungs.
    """
    folder = writer.folder
    if not folder.environment.is_file():
        _require_nothing_trained(folder)
        writer.write_environment(now)
        return
    begun, what = folder.read_environment(), f"the sweep in {folder.path}"
    told = begun.told_pairs is not None and begun.features_sha256 is None
    if told:  # its loop has read no encoder; the confirmation keeps those that it begins with
        begun = begun.with_encoders(now)
    require_same_inputs(begun, now, what, ResultsError)
    if told:
        writer.write_environment(begun)
    if other_plugins(begun.plugins):  # and accepted
        begun = begun.with_plugins(with_other_plugins(begun.plugins))
        writer.write_environment(begun)
        writer.keep_plugins()
    if begun.settings is None:
        _require_old_defaults(space)
        log.warning(
            "%s was begun by version 0.2, which did not write its settings down: a change of them"
            " is not found",
            what,
        )
        return
    written = load_space(folder.space, recorded=True).settings
    if written.search.trials != space.settings.search.trials:  # killed in the last extension
        writer.write(folder.space, space.text)
    changed = differences(begun.settings, space)
    if execution := {path: change for path, change in changed.items() if is_execution(path)}:
        log.warning(
            "%s continues with other settings of its execution: %s", what, listed(execution)
        )
    if moved := location_settings(space) & changed.keys():
        paths = {path: value for path, value in flat_settings(space).items() if path in moved}
        writer.write_environment(begun.with_settings(begun.settings | paths))


def _require_old_defaults(space: Space) -> None:
    """Check that a space of version 0.2 names the settings whose default has changed since."""
    backbone, pruning = space.settings.backbone, space.settings.pruning
    if "learn_temperature" in type(backbone).model_fields.keys() - backbone.model_fields_set:
        raise ResultsError(
            f"{space.place('backbone')}: must say learn_temperature and temperature to continue a"
            " sweep of version 0.2, which learned the temperature, by default from 0.07; write"
            " learn_temperature: true, and temperature: 0.07 where there is none"
        )
    if "rungs" in type(pruning).model_fields.keys() - pruning.model_fields_set:
        raise ResultsError(
            f"{space.place('pruning')}: must say rungs to continue a sweep of version 0.2, whose"
            " rungs were at equal samples; write rungs: samples"
        )


def _require_nothing_trained(folder: ResultsFolder) -> None:
    if folder.trials.is_file() and folder.trials.stat().st_size:
        raise ResultsError(
            f"{folder.environment} must exist: it says what the sweep began with, and reports are"
            " there; restore it from a copy, or run the space into a new folder"
        )


def _other_versions(begun: Provenance, now: Provenance) -> dict[str, str]:
    before = {"Python": begun.python, **begun.packages}
    after = {"Python": now.python, **now.packages}
    return {
        name: f"{before[name]} → {after[name]}"
        for name in sorted(before.keys() & after.keys())
        if before[name] != after[name]
    }

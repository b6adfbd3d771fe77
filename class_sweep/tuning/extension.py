"""What differs between an extended sweep and a sweep of the same size from the start."""

import logging
from collections.abc import Sequence
from os.path import lexists

from class_sweep.config.document import Space
from class_sweep.results.folder import ResultsFolder
from class_sweep.results.record import Record
from class_sweep.results.trials import trials_of
from class_sweep.tuning.milestones import Rungs
from class_sweep.tuning.pruner_groups import PrunerGroups
from class_sweep.tuning.samplers.sampler import make_sampler
from class_sweep.tuning.trial import Trial

log = logging.getLogger(__name__)


def warn_of_differences(folder: ResultsFolder, space: Space) -> None:
    """Warn of what differs between an extended sweep and one of that size from the start."""
    if lexists(folder.summary):
        rungs = Rungs.of(space, folder.read_summary().pairs.train)
        for note in extension_notes(space, folder.records(), len(rungs.samples)):
            log.warning("extended to %d trials: %s", space.settings.search.trials, note)


def extension_notes(space: Space, records: Sequence[Record], rungs: int) -> list[str]:
    """The differences that are known before the extension starts.

    Args:
        space: The space with the new number of trials; see `with_trials`.
        records: The log so far.
        rungs: The number of rungs.
    """
    notes = make_sampler(space).extension_notes()
    if pruned := pruned_too_early(space, records, rungs):
        before = space.extended_from[-1]
        notes.append(
            f"trials {', '.join(map(str, pruned))} were pruned among {before} trials and stay"
            " pruned, although their rung keeps more trials now"
        )
    return notes


def pruned_too_early(space: Space, records: Sequence[Record], rungs: int) -> list[int]:
    """The pruned trials that the pruner of the space would have kept so far, by number.

    A pausing pruner keeps more trials at a rung if it expects more trials. Other pruners decide on
    a trial once, by the trials before it, so they have none.
    """
    pruners = PrunerGroups.of(space, rungs)
    for record in records:
        if record.rung is not None and record.objective is not None:
            trial = Trial(
                record.trial, {}, record.identity, "", record.name, record.tuned, record.rerun_of
            )
            pruners.decide(trial, record.rung, space.objective.sign * record.objective)
    return [r.trial for r in trials_of(records).pruned if r.trial in pruners.paused]

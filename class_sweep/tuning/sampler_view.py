"""What a sampler sees of a study: every trial with the quality that is known of it.

Optuna's samplers learn from complete and pruned trials alone. They would avoid a paused trial for
as long as it is open, and propose a failed configuration again and again.
"""

import copy
from collections.abc import Sequence
from heapq import nlargest
from operator import attrgetter

from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState

RERUN = "rerun_of"
"""The attribute of a rerun that holds the number of the failed trial."""

_LATEST, _BEST = 900, 100  # trials of a long study that a sampler sees
_FAILED_PER_SCORE = 9  # TPE takes the best tenth as its model of good trials: none has failed


class SamplerView:
    """The trials of a study as samplers see them, for one proposal.

    - An open trial that has reported is pruned at its last report: its quality is known, and a
      paused trial may stay open for long.
    - A failed trial is pruned at 0 samples with the worst value of all trials: TPE takes it as
      worse than all others, and CMA-ES as one of the worst of its generation. A failed trial that
      was run again is left out, because its rerun speaks for the configuration. So are older failed
      trials beyond nine for each trial with a value, and all while there is no value: nothing is
      known to be better then.
    - Of a long study the view holds the latest trials and the best of the older ones: the time of
      TPE grows with the number of trials, and it gives older trials less weight.

    The study itself keeps its states and values; nothing but a sampler sees these.
    """

    def __init__(self, before: Sequence[FrozenTrial], direction: StudyDirection) -> None:
        """Take all trials before the proposal, and the direction of the study."""
        self._sign = 1 if direction == StudyDirection.MAXIMIZE else -1
        self._older = self._best(
            [trial for trial in before[:-_LATEST] if trial.state != TrialState.FAIL]
        )
        seen = [*self._older, *before[-_LATEST:]]
        scores = [score for trial in seen if (score := self._score(trial)) is not None]
        self._worst = self._sign * min(scores, default=0.0)
        reruns = {trial.user_attrs.get(RERUN) for trial in before}
        failed = [trial.number for trial in seen if trial.state == TrialState.FAIL]
        candidates = [number for number in failed if number not in reruns]
        shown = candidates[max(0, len(candidates) - _FAILED_PER_SCORE * len(scores)) :]
        self._hidden = set(failed) - set(shown)

    def of(self, trials: Sequence[FrozenTrial]) -> list[FrozenTrial]:
        """The view of the trials as they are now: those from before, and the new one."""
        seen = [*self._older, *trials[-_LATEST:]]
        return [self._shown(trial) for trial in seen if trial.number not in self._hidden]

    def _shown(self, trial: FrozenTrial) -> FrozenTrial:
        failed = trial.state == TrialState.FAIL
        if not failed and (trial.state != TrialState.RUNNING or not trial.intermediate_values):
            return trial
        shown = copy.copy(trial)
        shown.state = TrialState.PRUNED
        if failed:
            shown.intermediate_values = {0: self._worst}
        return shown

    def _score(self, trial: FrozenTrial) -> float | None:
        """The last value of a trial, higher is better; None before its first, or if it failed."""
        if trial.state == TrialState.COMPLETE and trial.value is not None:
            return self._sign * trial.value
        step = trial.last_step
        if step is None or trial.state == TrialState.FAIL:
            return None
        return self._sign * trial.intermediate_values[step]

    def _best(self, trials: list[FrozenTrial]) -> list[FrozenTrial]:
        """The best trials in their order: complete ones, then those with the most samples."""

        def merit(trial: FrozenTrial) -> tuple[bool, int, float]:
            complete = trial.state == TrialState.COMPLETE
            samples = 0 if complete else -1 if trial.last_step is None else trial.last_step
            return complete, samples, self._score(trial) or 0.0

        if len(trials) <= _BEST:
            return trials
        return sorted(nlargest(_BEST, trials, key=merit), key=attrgetter("number"))

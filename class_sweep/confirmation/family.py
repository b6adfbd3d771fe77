"""What the first look of a confirmation fixes, kept in its log.

The weights of the comparisons are written down before their first run. Whoever confirms more or
fewer finalists later leaves these weights as they are: a choice made after results were seen must
not give a comparison more of the error.
"""

from collections.abc import Iterable, Mapping
from os.path import lexists

from class_sweep.results.confirmation_log import (
    ComparisonWeight,
    ConfirmationLog,
    FamilyLine,
    PriorLine,
)
from class_sweep.results.folder import ResultsFolder
from class_sweep.statistics.comparisons import Comparison, family_weights
from class_sweep.statistics.moderation import Prior
from class_sweep.statistics.sequential import Family


class KeptFamily:
    """The family of tests of a confirmation.

    Attributes:
        finalists: Finalists that joined the family earlier, in their order.
    """

    def __init__(self, folder: ResultsFolder, log: ConfirmationLog) -> None:
        """Read the log; a folder of version 0.2 has no family but the finalists of its verdict.

        Raises:
            ResultsError: If the log or the verdict is damaged.
        """
        self._log = log
        self._weights, lines = log.fixed()
        self._priors = {look: Prior(line.variance, line.degrees) for look, line in lines.items()}
        self._written = bool(self._weights)
        self.finalists = list(dict.fromkeys(finalist for finalist, _ in self._weights))
        if not self.finalists and lexists(folder.verdict):
            self.finalists = folder.read_verdict().finalists

    def join(self, comparisons: Iterable[Comparison], *, margin: bool) -> None:
        """Add the comparisons that are not in the family yet, and write their weights down.

        Args:
            comparisons: All comparisons of the confirmation.
            margin: Whether savings may be claimed.

        Raises:
            StorageError: If the disk refuses the write.
        """
        comparisons = list(comparisons)
        if not self._written:  # those that a verdict of version 0.2 has seen come first
            seen = [c for c in comparisons if c.finalist in self.finalists]
            self._weights = family_weights(seen or comparisons, {}, saving=margin)
        new = family_weights(comparisons, self._weights, saving=margin)
        self._weights |= new
        added = new if self._written else self._weights
        if added:
            self._log.fix(
                FamilyLine([ComparisonWeight(*node, weight) for node, weight in added.items()])
            )
        self._written = True

    def keep_priors(self, priors: Mapping[int, Prior]) -> None:
        """Write the priors of new looks down.

        Raises:
            StorageError: If the disk refuses the write.
        """
        for look, prior in priors.items():
            if look not in self._priors:
                self._priors[look] = prior
                self._log.fix(PriorLine(look, prior.variance, prior.degrees))

    @property
    def fixed(self) -> Family:
        """The family as the decision rule takes it."""
        return Family(self._weights, self._priors)

"""The interim looks of a confirmation, and the share of the error that each look may spend.

Looks and shares are fixed for every sweep. A share is spent at its look whether the confirmation
continues or not, and the shares of all looks add up to 1. By Bonferroni's inequality the
probability of a wrong decision on a comparison, at any look, is then at most the level of that
comparison. This holds for any dependence between the looks, and for any stopping rule.

This is alpha spending (Lan and DeMets 1983, Biometrika 70:659) with a spending function that does
not depend on the last look. The last look may therefore be moved after the results were seen.
"""

from class_sweep.config.confirm import LOOKS

ALPHA = 0.05
"""Probability of any false claim in a confirmation where nothing differs."""

BETTER_SHARE = 0.9
"""Share of a comparison's level for "better"; the rest is for "worse". A confirmation asks which
schedule to use, so most of the error is spent on that side. The share is that of every sweep."""

ALPHA_SHARES = (0.02, 0.1, 0.18, 0.5, 0.14, 0.06)
"""Share of a comparison's level at each of `LOOKS`. It is small at three seeds, where few degrees
of freedom detect only gross differences, and largest at ten, the last look of a confirmation with
default settings. No share may become smaller, and their sum may not pass 1: results that were seen
at an earlier look would lose their claim, or a continued confirmation its bound."""

assert len(ALPHA_SHARES) == len(LOOKS)  # noqa: S101 - two lists of one length

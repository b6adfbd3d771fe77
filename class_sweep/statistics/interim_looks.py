"""When a confirmation is looked at, and what each look may cost of its error.

The looks and their shares of the error are fixed beforehand and for good: a share is spent at its
look whether the confirmation goes on or not, and those of all looks add up to less than 1. So by
Bonferroni's inequality a pair is wrongly decided at any of them, however they depend on each other
and whenever it is stopped, with a probability of at most the pair's level. That is alpha spending
(Lan and DeMets 1983, Biometrika 70:659) by a function that does not know the last look, which may
therefore be moved after one has seen the results.
"""

from class_sweep.config.confirm import LOOKS

ALPHA = 0.05  # the probability that any claim of a confirmation is wrong where nothing differs

SHARES = (0.1, 0.3, 0.3, 0.15, 0.075)
"""The share of a pair's level at each of `LOOKS`: little at three seeds, where t has two degrees of
freedom and only gross differences can be told; what is left over belongs to looks never planned."""

assert len(SHARES) == len(LOOKS)  # noqa: S101 - two lists of one length

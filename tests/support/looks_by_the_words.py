"""The decision rule of the pages in `docs/concepts`, written anew and slowly with SciPy.

Nothing of `class_sweep.statistics` is used. `level[pair]` is an amount of error that wanders from
comparison to comparison as the words say.
"""

import math

import numpy as np
from scipy import optimize, special, stats

LOOKS = [3, 5, 7, 10, 20, 40]
SHARES = dict(zip(LOOKS, [0.02, 0.1, 0.18, 0.5, 0.14, 0.06], strict=True))
SIDES = {"better": 0.9, "worse": 0.1}
ALPHA = 0.05


def variance_of(differences, resolution):
    n, sd = len(differences), np.std(differences, ddof=1)
    variance = sd**2 + resolution**2 / 6
    if variance < 1e-20:  # the t-test then has the p-value of the sign test
        t = stats.t.isf(0.5**n, n - 1)
        variance = n * np.mean(differences) ** 2 / t**2
    return variance


def prior_of(variances, degrees):
    """(s0², d0): the mean, and limma's degrees, which have a bound."""
    variances, degrees = np.array(variances), np.array(degrees, float)
    k = len(variances)
    if k < 2 or max(variances) == 0:
        return 0.0, 0.0
    log = np.log(np.maximum(variances, 1e-5 * variances.mean()))
    e = log - special.digamma(degrees / 2) + np.log(degrees / 2)
    excess = np.var(e, ddof=1) - np.mean(special.polygamma(1, degrees / 2))
    most = 3 * (k - 1) / k * degrees.mean()
    if excess <= 0:
        return variances.mean(), most
    half = math.exp(
        optimize.brentq(lambda x: special.polygamma(1, math.exp(x)) - excess, -30, 30, xtol=1e-13)
    )
    return variances.mean(), min(2 * half, most)


def decide(  # noqa: PLR0912 - one text, in the order of the words
    pairs, scores, seeds, max_seeds, margin=None, resolution=0.0
):
    """Returns pair to (outcome, reason, non-inferior, seeds needed), and the runs used.

    Args:
        pairs: (finalist, control, kind), the first comparison of each finalist first.
        scores: Arm to its 40 scores; None for a failed run.
        seeds: Seeds before a pair is hopeless or trailing.
        max_seeds: The last look.
        margin: The margin or None.
        resolution: The step of the scores.
    """
    finalists = list(dict.fromkeys(pair[0] for pair in pairs))
    of = {f: [p for p in pairs if p[0] == f] for f in finalists}
    history = {pair: [] for pair in pairs}  # (n, mean, variance, degrees)
    raw, reason, used, priors = {}, {}, set(), {}
    outcome = dict.fromkeys(pairs, "open")
    shown = dict.fromkeys(pairs)
    level = dict.fromkeys(pairs, 0.0)

    def start():
        for f in finalists:
            first, *others = of[f]
            equal = [p for p in others if p[2] == "full_data_equal_samples"]
            kept = 0.25 if margin is not None and equal else 0.0
            level[first] = 0.9 * ALPHA / len(finalists) * (1 - kept)
            for pair in others:
                level[pair] = 0.9 * ALPHA / len(finalists) * kept if pair in equal else 0.0

    def p_of(pair, bound=None):
        found = []
        for n, mean, variance, degrees in history[pair]:
            error = math.sqrt(variance / n)
            if bound is None:
                side = SIDES["better" if mean > 0 else "worse"]
                p = stats.t.sf(abs(mean) / error, degrees) / side if error else float(mean == 0)
            else:
                p = stats.t.sf((mean + bound) / error, degrees) / SIDES["better"] if error else 0.0
            found.append((p / SHARES[n], mean))
        return min(found) if found else (math.inf, 0.0)

    def strongest(pair):
        found = []
        for n, mean, variance, degrees in history[pair]:
            error = math.sqrt(variance / n)
            side = SIDES["better" if mean > 0 else "worse"]
            p = stats.t.sf(abs(mean) / error, degrees) / side if error else float(mean == 0)
            found.append((p / SHARES[n], n))
        return min(found)[1]

    def hand_over(pair, rejected):
        first, *others = of[pair[0]]
        amount, level_then = level[pair], level[pair]
        rejected.append(pair)
        remaining = [p for p in others if p not in rejected]
        worse_first = first in rejected and outcome[first] == "worse"
        if not worse_first and first not in rejected:
            heirs = {first: amount}
        elif not worse_first and remaining:
            heirs = {p: amount / len(remaining) for p in remaining}
        else:  # the finalist is done: all that it has left goes to the others
            amount += sum(level[p] for p in remaining)
            for p in remaining:
                level[p] = 0.0
            alive = [
                p
                for p in pairs
                if p[0] != pair[0]
                and p not in rejected
                and not (of[p[0]][0] in rejected and outcome[of[p[0]][0]] == "worse")
            ]
            total = sum(level[p] for p in alive)
            heirs = {p: amount * level[p] / total for p in alive} if total else {}
        for p, more in heirs.items():
            level[p] += more
        level[pair] = level_then

    def test_all():
        start()
        rejected = []
        for pair in pairs:
            outcome[pair] = "open"
        while True:
            testable = [
                p for p in pairs
                if p not in rejected and reason.get(p) != "failed" and history[p] and level[p] > 0
            ]  # fmt: skip
            passing = [p for p in testable if p_of(p)[0] <= level[p]]
            if not passing:
                break
            pair = min(passing, key=lambda p: p_of(p)[0] / level[p])
            outcome[pair] = "better" if p_of(pair)[1] > 0 else "worse"
            reason[pair] = "decided"
            hand_over(pair, rejected)
        for pair in pairs:
            if margin is not None and pair == of[pair[0]][0] and history[pair]:
                shown[pair] = p_of(pair, margin)[0] <= level[pair]

    def is_open(pair):
        first = of[pair[0]][0]
        if pair == first or outcome[first] == "better":
            return True
        saving = pair[2] == "full_data_equal_samples" and margin is not None
        return saving and bool(shown[first]) and outcome[first] == "open"

    def leader():
        better = [f for f in finalists if outcome[of[f][0]] == "better"]
        best = {f: strongest(of[f][0]) for f in better}
        common = min(best.values(), default=0)
        return max(better, key=lambda f: sum(scores[f][:common]), default=None)

    def has_runs(pair):
        return runs_of(pair) <= used

    def runs_of(pair):
        return {(arm, i) for arm in pair[:2] for i in range(LOOKS[len(history[pair])])}

    def later(pair):
        n, _, variance, degrees = history[pair][-1]
        for look in [look for look in LOOKS if look > n]:
            error, freedom = math.sqrt(variance / look), degrees / (n - 1) * (look - 1)
            alpha = level[pair] * SHARES[look]
            yield look, error * stats.t.isf(alpha * SIDES["better"], freedom)

    def asked_margin(pair):
        return margin if pair == of[pair[0]][0] and not shown[pair] else None

    def power(pair):
        n, mean, variance, _ = history[pair][-1]
        best = 0.0
        for look, threshold in later(pair):
            if look <= max_seeds:
                reach = mean + (asked_margin(pair) or 0.0)
                best = max(best, chance(reach, variance, n, look, threshold))
        return best

    def chance(mean, variance, n, look, threshold):
        sd = math.sqrt(variance * (1 / n - 1 / look))
        return stats.norm.sf(threshold, mean, sd) if sd else float(mean > threshold)

    def trails(pair):
        ahead = leader()
        if margin is not None or pair != of[pair[0]][0] or ahead in (None, pair[0]):
            return False
        n = min(history[pair][-1][0], history[of[ahead][0]][-1][0])
        lead = np.subtract(scores[pair[0]][:n], scores[ahead][:n])
        prior, degrees = priors[n]
        own = variance_of(lead, resolution)
        variance = (degrees * prior + (n - 1) * own) / (degrees + n - 1)
        return chance(lead.mean(), variance, n, max_seeds, 0.0) < 0.2

    def stop():
        """Close what lacks runs: first the hopeless pairs, then the trailing finalists."""
        for why, applies in (("hopeless", lambda pair: power(pair) < 0.2), ("trailing", trails)):
            for pair in [p for p in pairs if p not in reason and is_open(p) and history[p]]:
                n = history[pair][-1][0]
                if seeds <= n < max_seeds and not has_runs(pair) and applies(pair):
                    reason[pair] = why

    def restart():
        """All looks are made anew whenever runs were added: what exists now is looked at."""
        raw.clear()
        reason.clear()
        for pair in pairs:
            history[pair].clear()
            outcome[pair], shown[pair] = "open", None
        start()

    start()
    while True:
        stop()
        active = [p for p in pairs if p not in reason and is_open(p)]
        if margin is None and any(p == of[p[0]][0] for p in active):
            active = [p for p in active if p == of[p[0]][0] or has_runs(p)]
        elif margin is None:
            active = [p for p in active if p[0] == leader() or has_runs(p)]
        if not active:
            break
        if missing := {run for pair in active for run in runs_of(pair)} - used:
            used |= missing
            restart()
            continue
        taken = []
        for pair in active:
            n = LOOKS[len(history[pair])]
            first, second = (scores[arm][:n] for arm in pair[:2])
            if None in first or None in second:
                reason[pair] = "failed"
                continue
            differences = np.subtract(first, second)
            raw[pair] = (n, differences.mean(), variance_of(differences, resolution))
            taken.append(pair)
        for pair in taken:
            n, mean, variance = raw[pair]
            if n not in priors:
                priors[n] = prior_of(
                    [v for _, _, v in raw.values()], [m - 1 for m, _, _ in raw.values()]
                )
            prior, degrees = priors[n]
            mixed = (degrees * prior + (n - 1) * variance) / (degrees + n - 1)
            history[pair].append((n, mean, mixed, degrees + n - 1))
        test_all()
        for pair in taken:
            if pair not in reason and history[pair][-1][0] >= max_seeds:
                reason[pair] = "cap"
    for pair in pairs:
        gate = outcome[of[pair[0]][0]]
        reason.setdefault(pair, {"better": "behind", "worse": "lost", "open": "skipped"}[gate])
    needed = {}
    for pair in pairs:
        needed[pair] = None
        if history[pair] and outcome[pair] == "open" and level[pair] > 0:
            mean = history[pair][-1][1]
            reach = mean + (asked_margin(pair) or 0.0)
            needed[pair] = next((look for look, t in later(pair) if t < reach), None)
    return {p: (outcome[p], reason[p], shown[p], needed[p]) for p in pairs}, used

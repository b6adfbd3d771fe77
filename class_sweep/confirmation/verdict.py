"""`verdict.json`: what the runs of a confirmation show, as plain values."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from class_sweep.config.confirm import LOOKS
from class_sweep.config.document import Space
from class_sweep.config.objective import metric_names
from class_sweep.confirmation.arms import Arm, Arms
from class_sweep.results.confirmation_log import ConfirmRun, Ranks
from class_sweep.statistics import claims
from class_sweep.statistics.interim_looks import ALPHA
from class_sweep.statistics.paired import Paired
from class_sweep.statistics.sequential import Pair, Progress, Standing
from class_sweep.statistics.two_way_bootstrap import intervals

PLAIN = 0.05  # the error of the intervals that are not corrected


@dataclass(frozen=True)
class Evidence:
    """What was run.

    Attributes:
        seeds: Of the confirmation, in their order.
        runs: The run of an arm under a seed's number, for all that were made.
        ranks: A run's identity to its ranks.
    """

    seeds: list[int]
    runs: Mapping[tuple[str, int], ConfirmRun]
    ranks: Callable[[str], Ranks]

    def of(self, arm: str, n: int) -> list[ConfirmRun]:
        """An arm's runs under the first n seeds."""
        return [self.runs[arm, number] for number in range(n)]

    def stacked(self, arm: str, n: int) -> dict[str, NDArray[np.float32]]:
        """(n, Q) ranks of an arm under the first n seeds, for each `pool/direction`."""
        each = [self.ranks(run.identity) for run in self.of(arm, n)]
        return {name: np.stack([ranks[name] for ranks in each]) for name in each[0]}


def verdict_tree(
    space: Space, arms: Arms, progress: Progress, evidence: Evidence, full_samples: int
) -> dict[str, Any]:
    """Every figure of a confirmation, its winner, and both in claims."""
    pairs = [_pair(space, arms, p, progress.standings[p], evidence) for p in arms.pairs]
    winner = _winner(space, arms, pairs)
    failed = [run for run in evidence.runs.values() if run.reason]
    return {
        "objective": str(space.objective),
        "metric": space.objective.metric,
        "rule": {
            "alpha": ALPHA,
            "seeds": space.settings.confirm.seeds,
            "max_seeds": space.settings.confirm.max_seeds,
        },
        "seeds": evidence.seeds[: max((one["seeds"] for one in pairs), default=0)],
        "runs": len(evidence.runs),
        "failed": [{"arm": r.arm, "seed": r.seed, "reason": r.reason} for r in failed],
        "samples": sum(run.samples for run in evidence.runs.values()),
        "finalists": arms.finalists,
        "arms": [_arm(space, one, evidence, full_samples) for one in arms.arms.values()],
        "pairs": pairs,
        "same": [
            {"finalist": f, "control": kind, "arm": arm} for (f, kind), arm in arms.same.items()
        ],
        "winner": winner,
        "enough": _enough(pairs),
        "words": [winner["words"], *(f"{p['finalist']}: {p['words']}" for p in pairs)],
    }


def _arm(space: Space, arm: Arm, evidence: Evidence, full_samples: int) -> dict[str, Any]:
    runs = [r for (name, _), r in sorted(evidence.runs.items()) if name == arm.name]
    good = [run for run in runs if run.reason is None]
    settings = space.resolve(arm.values)
    return {
        "arm": arm.name,
        "trial": arm.trial,
        "config": arm.values,
        "curriculum": settings.curriculum.model_dump(mode="json"),
        "samples": arm.samples,
        "share_of_full_data": round(arm.samples / full_samples, 4),
        "seconds": round(float(np.mean([r.seconds for r in good])), 3) if good else None,
        "seeds": [run.seed for run in good],
        "metrics": {
            name: _spread([run.metrics[name] for run in good]) for name in metric_names() if good
        },
    }


def _spread(values: Sequence[float]) -> dict[str, float | None]:
    sd = float(np.std(values, ddof=1)) if len(values) > 1 else None
    return {"mean": float(np.mean(values)), "sd": sd}


def _pair(
    space: Space, arms: Arms, pair: Pair, standing: Standing, evidence: Evidence
) -> dict[str, Any]:
    metric, n = space.objective.metric, standing.seeds
    one, other = arms.arms[pair.finalist], arms.arms[pair.control]
    tree: dict[str, Any] = {
        "finalist": pair.finalist,
        "control": pair.kind,
        "arm": pair.control,
        "outcome": standing.outcome,
        "closed": standing.closed,
        "seeds": n,
        "level": standing.level,
        "p_adjusted": standing.adjusted,
        "seeds_needed": standing.seeds_needed,
        "samples_share": one.samples / other.samples,
        "time_share": None,
        "generalises": False,
        "queries": 0,
        "metrics": {},
    }
    if n and standing.closed != "failed":
        ranks = [evidence.stacked(arm, n) for arm in (pair.finalist, pair.control)]
        drawn = intervals(*ranks)
        runs = [evidence.of(arm, n) for arm in (pair.finalist, pair.control)]
        seconds = [sum(run.seconds for run in some) for some in runs]
        low, high = (space.objective.sign * end for end in drawn[metric])
        sides = {"better": min(low, high) > 0, "worse": max(low, high) < 0, "open": False}
        tree |= {
            "time_share": seconds[0] / seconds[1] if seconds[1] else None,
            "generalises": sides[standing.outcome],
            "queries": next(iter(ranks[0].values())).shape[1],
            "metrics": {
                name: compared(runs[0], runs[1], name, standing.level, drawn[name])
                for name in metric_names()
            },
        }
    return tree | {"words": claims.sentence(tree, metric)}


def compared(
    one: Sequence[ConfirmRun],
    other: Sequence[ConfirmRun],
    metric: str,
    level: float,
    drawn: tuple[float, float],
) -> dict[str, Any]:
    """A metric of two arms under the same seeds.

    `interval` has the error `level`, that of the claim; `t` and `bootstrap` are 95 % intervals.
    """
    values = [[run.metrics[metric] for run in some] for some in (one, other)]
    paired = Paired.of(*values)
    return {
        "finalist": float(np.mean(values[0])),
        "control": float(np.mean(values[1])),
        "difference": paired.mean,
        "sd": paired.sd,
        "interval": paired.interval(level),
        "t": paired.interval(PLAIN),
        "bootstrap": drawn,
    }


def _enough(pairs: Sequence[Mapping[str, Any]]) -> int | None:
    """The look at which every open pair of the first control may be settled, if there is one."""
    first = [p for p in pairs if p["control"] == pairs[0]["control"] and p["outcome"] == "open"]
    needed = [p["seeds_needed"] or LOOKS[-1] + 1 for p in first]
    return next((n for n in LOOKS if needed and n >= max(needed)), None)


def _winner(space: Space, arms: Arms, pairs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Which configuration is to be used, and why: full data, unless a finalist is better."""
    if not arms.pairs:
        said = "There is nothing to confirm: no finished trial differs from its controls."
        return {"arm": None, "confirmed": False, "words": said}
    metric, sign = space.objective.metric, space.objective.sign
    first = [pair for pair in pairs if pair["control"] == arms.pairs[0].kind]
    held = claims.control(arms.pairs[0].kind)
    better = [p for p in first if p["outcome"] == "better" and p["generalises"]]
    if better:
        best = max(better, key=lambda p: sign * p["metrics"][metric]["finalist"])
        return {
            "arm": best["finalist"],
            "confirmed": True,
            "words": f"{best['finalist']} is {best['words']}",
        }
    full = next((pair.control for pair in arms.pairs if pair.kind == "full_data"), None)
    none = f"No finalist was shown to be better than {held}"
    if full is not None:
        return {"arm": full, "confirmed": False, "words": f"{none}, so best.yaml is full data's."}
    return {
        "arm": arms.finalists[0],
        "confirmed": False,
        "words": f"{none}; best.yaml is the sweep's best all the same, unconfirmed.",
    }

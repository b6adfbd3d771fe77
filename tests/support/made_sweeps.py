"""Made-up results folders, without a sweep, in every state of a sweep."""

import json
import math
import random
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from class_sweep.config.document import Space, load_space
from class_sweep.config.objective import metric_names
from class_sweep.results.record import Record

PAIRS = {"train": 560, "validation": 70, "test": 70}
RUNGS = (576, 1120, 2240)
CONFIG = {
    "curriculum.order": "hard_first",
    "curriculum.alpha": 0.5,
    "curriculum.beta": 0.1,
    "curriculum.sigma": 0.6,
    "curriculum.intensity": "sigmoid",
}
FULL = 3264  # samples of a trial over the full data
_AT = "2026-01-01T00:00:{:02d}.000+00:00"


def report_of(
    trial: int, decision: str, objective: float | None, config: dict[str, Any], **fields: Any
) -> Record:
    metrics = {} if objective is None else dict.fromkeys(metric_names(), objective)
    defaults = {
        "name": None, "identity": f"{trial:012x}", "report": 0, "step": 10, "samples": FULL,
        "rung": None, "compared": False, "metrics": metrics, "seconds": 0.5,
        "at": _AT.format(trial % 60),
    }  # fmt: skip
    return Record(
        trial=trial, decision=decision, objective=objective, config=config, **defaults | fields
    )


def searched(
    space: Space, count: int, first: Iterable[str] = ("paper", "full_data")
) -> list[Record]:
    """Reports of baselines and random trials: four in five of these are pruned at a rung."""
    from class_sweep.curriculum.baselines import baseline_config

    draw, records = random.Random(0), []  # noqa: S311 - the same folder each time
    names = list(first)
    for trial in range(count):
        name = names[trial] if trial < len(names) else None
        config = baseline_config(space, name) if name else _drawn(space, draw)
        alpha = float(config.get("curriculum.alpha", 0.5))
        final = 0.2 + 0.1 * alpha + 0.02 * draw.random()
        stop = len(RUNGS) if name or draw.random() < 0.2 else draw.randrange(len(RUNGS))
        for rung, samples in enumerate(RUNGS[: stop + 1]):
            value = final * (1 - math.exp(-samples / 900))
            decision = "prune" if rung == stop else "continue"
            records.append(
                report_of(
                    trial, decision, value, config, name=name, report=rung, samples=samples,
                    rung=rung, compared=True,
                )
            )  # fmt: skip
        if stop == len(RUNGS):
            samples = round(FULL * (0.7 + 0.3 * alpha))
            records.append(
                report_of(
                    trial, "finish", final, config, name=name, report=len(RUNGS), samples=samples
                )
            )
    return records


def _drawn(space: Space, draw: random.Random) -> dict[str, Any]:
    config: dict[str, Any] = {}
    for path, axis in space.axes.items():
        values = axis.values()
        low, *_, high = axis.ends()
        config[path] = draw.choice(list(values)) if values else draw.uniform(low, high)
    return config


def make_folder(
    path: Path,
    text: str,
    records: Iterable[Record] | None = None,
    *,
    trials: int = 12,
    state: str | None = "finished",
    verdict: dict[str, Any] | None = None,
) -> Path:
    """A results folder.

    Args:
        path: The folder.
        text: The text of its space.
        records: Its reports; by default the reports of `searched`.
        trials: Number of trials of `searched`.
        state: State in `summary.json`; None leaves out that file and the environment.
        verdict: Content of `verdict.json`; None leaves out the file.
    """
    path.mkdir(parents=True)
    (path / "space.yaml").write_text(text)
    space = load_space(path / "space.yaml")
    reports = searched(space, trials) if records is None else list(records)
    if reports:
        (path / "trials.jsonl").write_text("".join(r.to_json() + "\n" for r in reports))
    if state is not None:
        wanted = space.settings.search.runs
        (path / "summary.json").write_text(json.dumps(summary_of(state, wanted)))
        (path / "environment.json").write_text(json.dumps(ENVIRONMENT))
    if verdict is not None:
        (path / "verdict.json").write_text(json.dumps(verdict))
    return path


def summary_of(state: str, wanted: int) -> dict[str, Any]:
    sigmas = [
        {"sigma": s, "alone": s - 0.2, "distinct": 40, "largest_tie": s - 0.1}
        for s in (0.4, 0.5, 0.6, 0.7, 0.8)
    ]
    return {
        "state": state,
        "objective": "validation/split/mrr",
        "direction": "maximize",
        "pruning": "asha",
        "pairs": PAIRS,
        "trials": {
            "wanted": wanted, "full_data": 0, "proposed": wanted, "finished": wanted, "pruned": 0,
            "repeated": 0, "failed": 0,
        },
        "rung_decisions": 0,
        "samples": {"seen": 0, "full_budget": FULL * wanted, "foretold": None, "share": 0.0},
        "best": None,
        "references": {},
        "difficulty": {"0.5 text + 0.5 molecule (cosine)": sigmas},
        "seconds": {"data": 1.5, "trials": 12.25},
        "warnings": [],
    }  # fmt: skip


ENVIRONMENT = {
    "packages": {"class-sweep": "0.1.0", "torch": "2.13.0"},
    "python": "3.11.7",
    "platform": "Linux",
    "cpus": 2,
    "gpus": [],
    "seed": 3,
    "data_sha256": "a" * 64,
    "index_sha256": {"0.5 text + 0.5 molecule (cosine)": "b" * 64},
    "dropped": [],
    "command": ["/somewhere/class-sweep", "run", "small space.yaml"],
}


def made_verdict(metric: str = "split/mrr") -> dict[str, Any]:
    """A verdict with one pair better, one worse, one open and one whose run failed."""
    row = {"finalist": 0.31, "control": 0.3, "sd": 0.01}
    better = row | {"difference": 0.011, "interval": [0.004, 0.018]}
    worse = row | {"difference": -0.02, "interval": [-0.03, -0.01]}
    level = row | {"difference": 0.002, "interval": [-0.005, 0.009]}
    plain = {"t": [0.005, 0.017], "over_queries": [0.003, 0.019]}

    def pair(control: str, outcome: str, row: dict[str, Any] | None, words: str) -> dict[str, Any]:
        metrics = {} if row is None else dict.fromkeys(metric_names(), row | plain)
        return {
            "finalist": "trial 2", "control": control, "arm": control, "outcome": outcome,
            "closed": "failed" if row is None else "decided", "seeds": 5, "level": 0.01,
            "p_adjusted": 0.0123, "p_ni_adjusted": None, "seeds_needed": 22, "non_inferior": None,
            "samples_share": 0.79, "time_share": 0.8,
            "generalises": True, "queries": 70, "metrics": metrics, "words": words,
        }  # fmt: skip

    pairs = [
        pair("full_data", "better", better, "better than full data by 1.1 points of MRR"),
        pair("paper", "worse", worse, "worse than the paper's schedule"),
        pair("random_order", "open", level, "not told apart from its pools in random order"),
        pair("no_intensity", "open", None, "not compared with itself without intensity"),
    ]
    spread = {name: {"mean": 0.31, "sd": 0.01} for name in metric_names()}
    arm = {
        "arm": "trial 2", "trial": 2, "samples": 2600, "share_of_full_data": 0.79, "seconds": 1.5,
        "seeds": [4, 5, 6, 7, 8], "metrics": spread, "curriculum": {"order": "hard_first"},
        "config": {"curriculum.order": "hard_first", "curriculum.alpha": 0.5,
                   "curriculum.beta": 0.1, "curriculum.sigma": 0.6,
                   "curriculum.intensity": "sigmoid"},
    }  # fmt: skip
    return {
        "objective": f"validation/{metric}", "metric": metric,
        "rule": {"alpha": 0.05, "better_share": 0.9, "seeds": 5, "max_seeds": 10, "margin": None,
                 "prefer": "quality"},
        "seeds": [4, 5, 6, 7, 8],
        "runs": 20, "failed": [{"arm": "no_intensity", "seed": 5, "reason": "no memory"}],
        "samples": 54321, "finalists": ["trial 2"], "arms": [arm], "pairs": pairs, "same": [],
        "enough": None,
        "winner": {"arm": "trial 2", "confirmed": True, "words": "trial 2 is better"},
        "words": ["trial 2 is better", *(f"trial 2: {p['words']}" for p in pairs)],
        "frontier": [], "trials": 8,
    }  # fmt: skip


def made_reading(metric: str = "split/mrr", reading: int = 1) -> dict[str, Any]:
    """A reading of the test split by the winner of `made_verdict`, against full data."""
    means = dict.fromkeys(metric_names(), 0.31)
    row = {"difference": 0.0123, "t": [0.004, 0.0206], "over_queries": [-0.001, 0.025]}
    return {
        "reading": reading, "at": "2026-01-02", "user": "somebody@somewhere",
        "command": ["class-sweep", "confirm"], "metric": metric, "winner": "trial 2",
        "confirmed": True, "seeds": [4, 5], "queries": 70,
        "arms": {"trial 2": means, "full_data": means},
        "pairs": [{
            "control": "full_data", "arm": "full_data",
            "metrics": dict.fromkeys(metric_names(), row),
        }],
    }  # fmt: skip


def made_saving() -> dict[str, Any]:
    """A verdict with a margin: trial 2 is not worse than full data with 62 % of its samples."""
    tree = made_verdict()
    row = {
        "finalist": 0.302, "control": 0.3, "difference": 0.002, "sd": 0.002,
        "interval": [-0.001, 0.005], "t": [-0.0005, 0.0045], "over_queries": [-0.01, 0.014],
    }  # fmt: skip
    [pair] = [p for p in tree["pairs"] if p["control"] == "full_data"]
    words = "not worse than full data by more than 0.3 points [−0.1, 0.5] with 62 % of its samples"
    pair |= {
        "outcome": "open", "non_inferior": True, "p_ni_adjusted": 0.031,
        "samples_share": 0.62, "time_share": 0.7,
        "metrics": dict.fromkeys(metric_names(), row), "words": words, "generalises": False,
    }  # fmt: skip
    trial = tree["arms"][0]
    trial |= {
        "samples": round(0.62 * FULL), "share_of_full_data": 0.62, "seconds": 1.4,
        "metrics": {name: {"mean": 0.302, "sd": 0.002} for name in metric_names()},
    }  # fmt: skip
    arms = [trial]
    for name, share, mean in (
        ("full_data", 1.0, 0.3),
        ("full_data at 50 %", 0.5, 0.29),
        ("full_data at 75 %", 0.75, 0.304),
    ):
        arms.append(
            trial
            | {
                "arm": name, "trial": None, "samples": round(share * FULL), "seconds": 2 * share,
                "share_of_full_data": share, "curriculum": {},
                "metrics": {name: {"mean": mean, "sd": 0.002} for name in metric_names()},
                "config": {"curriculum.alpha": 1.0}
                | ({} if share == 1 else {"budget.samples": round(share * FULL)}),
            }
        )  # fmt: skip
    frontier = [
        {
            "arm": f"full_data at {100 * share:g} %", "full_data": "full_data", "seeds": 5,
            "samples_share": share, "time_share": share, "difference": difference,
            "interval": [difference - 0.003, difference + 0.003],
        }
        for share, difference in ((0.5, -0.01), (0.75, 0.004))
    ]  # fmt: skip
    winner = {"arm": "trial 2", "confirmed": True, "words": f"trial 2 is {words}"}
    rule = tree["rule"] | {"margin": 0.3, "prefer": "cheapest_within_margin"}
    return tree | {
        "arms": arms, "pairs": [pair], "frontier": frontier, "rule": rule, "winner": winner,
        "words": [winner["words"], f"trial 2: {words}"],
    }  # fmt: skip

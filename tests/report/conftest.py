import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from class_sweep.config.axes import Value
from class_sweep.config.objective import metric_names
from class_sweep.results.record import Record
from class_sweep.results.summary import SweepSummary


@dataclass(frozen=True)
class StartedTrial:
    number: int
    name: str | None = None
    tuned: bool = False
    share: float | None = None
    config: dict[str, Value] = field(
        default_factory=lambda: {"curriculum.order": "random", "curriculum.alpha": 0.5}
    )


@pytest.fixture
def started() -> type[StartedTrial]:
    return StartedTrial


@pytest.fixture
def record() -> Callable[..., Record]:
    def build(trial: int, decision: str = "continue", **fields) -> Record:
        defaults = {
            "name": None,
            "identity": f"{trial:012x}",
            "config": StartedTrial(trial).config,
            "report": 0,
            "step": 10,
            "samples": 1000,
            "rung": None,
            "compared": False,
            "objective": 0.25,
        }
        return Record(trial=trial, decision=decision, **defaults | fields)

    return build


@pytest.fixture
def summary() -> Callable[..., SweepSummary]:
    """The summary of a finished sweep; no two metrics of a trial have the same value."""

    def trial(number: int, name: str | None, **changes: object) -> dict[str, Any]:
        metrics = {
            metric: (100 + 10 * number + i if metric.endswith("mean_rank") else i / 100)
            for i, metric in enumerate(metric_names(), start=number)
        }
        return {
            "trial": number,
            "name": name,
            "identity": f"{number:012x}",
            "config": {"curriculum.order": "hard_first", "curriculum.alpha": 0.4375},
            "metrics": metrics,
            "samples": 123_456,
            "share_of_full_data": 0.7123,
            **changes,
        }

    def build(**changes: Any) -> SweepSummary:
        tree = {
            "state": "finished",
            "direction": "maximize",
            "difficulty": {},
            "objective": "validation/split/mrr",
            "pairs": {"train": 4800, "validation": 400, "test": 600},
            "trials": {
                "wanted": 16,
                "proposed": 16,
                "finished": 6,
                "pruned": 9,
                "failed": 1,
                "repeated": 0,
            },
            "pruning": "asha",
            "rung_decisions": 21,
            "warnings": [],
            "samples": {
                "seen": 345_678,
                "full_budget": 1_382_400,
                "foretold": None,
                "share": 0.2501,
            },
            "best": trial(7, None),
            "references": {
                "paper": trial(0, "paper", share_of_full_data=0.6591),
                "full_data": trial(1, "full_data", share_of_full_data=1.0),
            },
            "seconds": {"data": 1.25, "trials": 125.0},
            **changes,
        }
        return SweepSummary.model_validate_json(json.dumps(tree))

    return build

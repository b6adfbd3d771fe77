"""How often a confirmation claims a difference, or a bounded loss, that is not there.

    python benchmarks/false_positives.py [--quick] [--sweeps N] [--rows WORD] [--json FILE]

A row simulates sweeps whose finalists are confirmed against the default controls
(`simulated_verdicts.py`). The rate of sweeps with any false claim must not be above 5 %. The last
rows are outside of what the verdict promises: finalist and control have equal means and unlike
shapes.
"""

import argparse
import json
import math
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from simulated_verdicts import Scenario, Stage, simulate

from class_sweep.statistics.interim_looks import ALPHA

CONTINUED = (Stage(3, 10), Stage(3, 20), Stage(3, 40))
TWO = tuple(Stage(2, last) for last in (10, 20, 40))
CHANGED = (Stage(3, 5), Stage(1, 10), Stage(3, 10), Stage(5, 20), Stage(2, 20), Stage(6, 40))
ALL_CONTROLS = (
    "full_data", "full_data_equal_samples", "random_order", "reversed_order", "no_intensity",
    "paper",
)  # fmt: skip
PROMISED = {
    "exchangeable": Scenario(),
    "exchangeable, 40 seeds": Scenario(stages=CONTINUED),
    "one finalist, 40 seeds": Scenario(stages=(Stage(1, 10), Stage(1, 20), Stage(1, 40))),
    "all six controls, 40 seeds": Scenario(stages=CONTINUED, controls=ALL_CONTROLS),
    "finalists changed after looks": Scenario(stages=CHANGED),
    "heavy tails (t, 3 degrees)": Scenario(stages=CONTINUED, noise="heavy"),
    "unequal noise, e^±0.5": Scenario(stages=CONTINUED, spread=0.5),
    "unequal noise, e^±1": Scenario(stages=CONTINUED, spread=1.0),
    "crashing arms, 15 %": Scenario(stages=CONTINUED, noise="crashing"),
    **{
        f"hits@1 on {queries} queries": Scenario(stages=CHANGED, queries=queries)
        for queries in (100, 200, 300, 600)
    },
    "margin, no difference": Scenario(stages=CONTINUED, margin=0.5),
    "margin, loss of the margin": Scenario(stages=CHANGED, margin=0.5, effects=(-0.5,)),
    "one finalist better by 2": Scenario(stages=CONTINUED, effects=(2.0, 0.0, 0.0)),
    "two finalists, noise e^±1": Scenario(stages=TWO, spread=1.0),
    "finalists alike, correlation 0.8": Scenario(stages=CONTINUED, alike=0.8),
}
OUTSIDE = {
    "only finalists crash": Scenario(stages=CONTINUED, noise="crashing", unlike=True),
    "only finalists lognormal": Scenario(stages=CONTINUED, noise="lognormal", unlike=True),
}


def rates(scenario: Scenario, sweeps: int, seed: int) -> dict[str, Any]:
    """Simulate some sweeps of a scenario and return the rates of their claims."""
    generator = np.random.default_rng(seed)
    verdicts = [simulate(scenario, generator) for _ in range(sweeps)]
    share = sum(verdict.false for verdict in verdicts) / sweeps
    return {
        "sweeps": sweeps,
        "false_claims": share,
        "standard_error": math.sqrt(share * (1 - share) / sweeps),
        "runs": sum(verdict.runs for verdict in verdicts) / sweeps,
        "scenario": asdict(scenario),
    }


def main() -> None:
    """Print a row for each scenario."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="50 sweeps a row")
    parser.add_argument("--sweeps", type=int, default=4000, help="sweeps a row; default: 4,000")
    parser.add_argument("--rows", default="", metavar="WORD", help="only rows with this text")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the rows there")
    options = parser.parse_args()
    sweeps = 50 if options.quick else options.sweeps
    start, rows = time.perf_counter(), {}
    print(f"{sweeps:,} sweeps a row; false claims must stay within {ALPHA:.0%}\n")
    print(f"{'':33}{'any false claim':>18}{'runs':>8}")
    for seed, (name, scenario) in enumerate({**PROMISED, **OUTSIDE}.items()):
        if options.rows not in name:
            continue
        row = rows[name] = rates(scenario, sweeps, seed)
        rate = f"{row['false_claims']:.2%} ± {row['standard_error']:.2%}"
        outside = "  (not promised)" if name in OUTSIDE else ""
        print(f"{name:33}{rate:>18}{row['runs']:>8.1f}{outside}", flush=True)
    worst = max((rows[name]["false_claims"] for name in PROMISED if name in rows), default=0.0)
    print(f"\nworst promised rate {worst:.2%}; {time.perf_counter() - start:.0f} s")
    if options.json:
        options.json.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

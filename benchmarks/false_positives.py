"""The rates at which a confirmation claims differences, with and without a real difference.

    python benchmarks/false_positives.py [--quick] [--json FILE]

Every row simulates sweeps of 32 trials whose three best are confirmed against the default
controls (`simulated_verdicts.py`). In the first rows no schedule differs, and `any claim` is the
family-wise false-positive rate of a whole sweep: it must not be above 5 %. The rows with an effect
show how often the rule finds it; effects are in standard deviations of one run's noise.
"""

import argparse
import json
import math
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
from simulated_verdicts import Scenario, simulate

from class_sweep.statistics.interim_looks import ALPHA

NULL = {
    "normal noise": Scenario(),
    "heavy tails (t, 3 degrees)": Scenario(tails=3),
    "no shared noise": Scenario(shared=0.0),
    "one finalist": Scenario(finalists=1),
    "all six controls": Scenario(
        controls=(
            "full_data", "full_data_equal_samples", "random_order", "reversed_order",
            "no_intensity", "paper",
        )
    ),
    "extended to 40 seeds": Scenario(max_seeds=40),
}  # fmt: skip
REAL = {f"effect {effect:g}": Scenario(effect=effect) for effect in (1.0, 2.0, 4.0)}


def rates(scenario: Scenario, sweeps: int, seed: int) -> dict[str, Any]:
    """Simulate some sweeps of a scenario and return the rates of their claims."""
    generator = np.random.default_rng(seed)
    claims = [simulate(scenario, generator) for _ in range(sweeps)]
    wrong = sum(claim.any for claim in claims)
    share = wrong / sweeps
    arms = len({claim.pairs for claim in claims})
    assert arms == 1  # noqa: S101 - every sweep of a scenario has the same pairs
    return {
        "sweeps": sweeps,
        "any_claim": share,
        "standard_error": math.sqrt(share * (1 - share) / sweeps),
        "claim_on_first_control": sum(claim.first for claim in claims) / sweeps,
        "pairs_decided": sum(c.decided for c in claims) / sum(c.pairs for c in claims),
        "runs": sum(claim.runs for claim in claims) / sweeps,
        "scenario": {**asdict(scenario), "tails": str(scenario.tails)},
    }


def main() -> None:
    """Print a row for each scenario."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="200 sweeps a row instead of 4,000")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the rows there")
    options = parser.parse_args()
    sweeps = 200 if options.quick else 4000
    start, rows = time.perf_counter(), {}
    print(f"{sweeps:,} sweeps a row; false claims must stay within {ALPHA:.0%}\n")
    print(f"{'':28}{'any claim':>16}{'on full_data':>14}{'pairs decided':>15}{'runs':>8}")
    for seed, (name, scenario) in enumerate({**NULL, **REAL}.items()):
        row = rows[name] = rates(replace(scenario), sweeps, seed)
        print(
            f"{name:28}{row['any_claim']:>9.2%} ± {row['standard_error']:.2%}"
            f"{row['claim_on_first_control']:>13.2%}{row['pairs_decided']:>15.1%}{row['runs']:>8.1f}"
        )
    worst = max(rows[name]["any_claim"] for name in NULL)
    print(f"\nworst false-positive rate {worst:.2%}; {time.perf_counter() - start:.0f} s")
    if options.json:
        options.json.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

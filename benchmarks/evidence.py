"""What a confirmation costs, in the samples of the sweep that it confirms.

    python benchmarks/evidence.py [--quick] [--sweeps N] [--share S] [--json FILE]

Finalists are confirmed with the default controls up to ten seeds: nothing is better, or they gain
1, 0.7 and 0.4 points over their controls, with the noise of a paired difference in points. A sweep
of n trials sees n times S of full data's samples; S depends on its pruner
(`docs/results/pruners.md`). A finalist and its own controls see `FINALIST` of full data's samples.
"""

import argparse
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
from power import GAINS, PAIRED_SDS
from simulated_verdicts import Scenario, Stage, simulate

FINALIST = 0.85
TRIALS = (32, 64)
SETTINGS = {
    "default": (3, 5),
    "seeds: 3": (3, 3),
    "finalists: 2, seeds: 3": (2, 3),
    "finalists: 1, seeds: 3": (1, 3),
}
"""Changed settings to the finalists and the seeds before a comparison may be closed."""
EFFECTS: dict[str, tuple[tuple[float, ...], float]] = {
    "nothing is better": ((0.0,), 1.0),
    **{f"gains, paired sd {sd}": (GAINS, sd) for sd in PAIRED_SDS},
}


def cost(scenario: Scenario, sweeps: int, share: float) -> dict[str, Any]:
    """The mean cost of some simulated confirmations, and their power."""
    generator = np.random.default_rng(scenario.seeds)
    verdicts = [simulate(scenario, generator) for _ in range(sweeps)]
    samples = sum(verdict.samples for verdict in verdicts) / sweeps
    return {
        "runs": sum(verdict.runs for verdict in verdicts) / sweeps,
        "power": sum(verdict.best for verdict in verdicts) / sweeps,
        "of_the_sweep": {str(trials): samples / (trials * share) for trials in TRIALS},
    }


def main() -> None:
    """Print a row for each setting and effect."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="20 sweeps a row")
    parser.add_argument("--sweeps", type=int, default=400, help="sweeps a row; default: 400")
    parser.add_argument("--share", type=float, default=0.35, help="S; default: 0.35")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the rows there")
    options = parser.parse_args()
    sweeps = 20 if options.quick else options.sweeps
    heads = "".join(f"{f'of {trials} trials':>15}" for trials in TRIALS)
    print(f"{sweeps:,} sweeps a row; samples in those of a sweep\n")
    print(f"{'':45}{'power':>7}{'runs':>7}{heads}")
    rows = {}
    for setting, (finalists, seeds) in SETTINGS.items():
        for name, (effects, paired_sd) in EFFECTS.items():
            scenario = Scenario(
                stages=(Stage(finalists, 10),),
                effects=effects[:finalists],
                seeds=seeds,
                sd=paired_sd / math.sqrt(2),
                share=FINALIST,
            )
            row = rows[f"{setting}, {name}"] = cost(scenario, sweeps, options.share)
            ratios = "".join(f"{f'{ratio:.2f} ×':>15}" for ratio in row["of_the_sweep"].values())
            cells = f"{row['power']:>7.0%}{row['runs']:>7.1f}{ratios}"
            print(f"{f'{setting}, {name}':45}{cells}", flush=True)
    if options.json:
        options.json.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

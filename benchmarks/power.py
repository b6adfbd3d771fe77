"""The seeds that a confirmation needs to show a gain.

    python benchmarks/power.py [--quick] [--sweeps N] [--json FILE]

Three finalists gain 1, 0.7 and 0.4 points over their controls. A row has the noise of a paired
difference, the probability that the best finalist is shown to be better than full data at each last
look, and the seeds at which that probability is 80 %: between two looks, its probit is interpolated
in the square root of the seeds.
"""

import argparse
import json
import math
from itertools import pairwise
from pathlib import Path

import numpy as np
from scipy.special import ndtri
from simulated_verdicts import Scenario, Stage, simulate

from class_sweep.config.confirm import LOOKS

GAINS = (1.0, 0.7, 0.4)
PAIRED_SDS = (0.5, 0.7, 0.9)
WANTED = 0.8


def power(paired_sd: float, last: int, sweeps: int) -> tuple[float, float]:
    """The power up to a last look, and the mean number of runs."""
    generator = np.random.default_rng(last)
    sd = paired_sd / math.sqrt(2)
    scenario = Scenario(stages=(Stage(3, last),), effects=GAINS, sd=sd, seeds=min(5, last))
    verdicts = [simulate(scenario, generator) for _ in range(sweeps)]
    return (
        sum(verdict.best for verdict in verdicts) / sweeps,
        sum(verdict.runs for verdict in verdicts) / sweeps,
    )


def seeds_for(powers: dict[int, float]) -> float:
    """The seeds at which the power is `WANTED`; infinite beyond the last look."""
    looks = [(look, float(ndtri(np.clip(p, 1e-4, 1 - 1e-4)))) for look, p in powers.items()]
    wanted = float(ndtri(WANTED))
    for (low, before), (high, after) in pairwise(looks):
        if before < wanted <= after:
            part = (wanted - before) / (after - before)
            return float((math.sqrt(low) + part * (math.sqrt(high) - math.sqrt(low))) ** 2)
    return math.inf


def main() -> None:
    """Print a row for each noise."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="50 sweeps a look")
    parser.add_argument("--sweeps", type=int, default=2000, help="sweeps a look; default: 2,000")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the rows there")
    options = parser.parse_args()
    sweeps = 50 if options.quick else options.sweeps
    looks = "".join(f"{f'{look} seeds':>18}" for look in LOOKS[:4])
    print(f"{sweeps:,} sweeps a look; power (mean runs)\n\n{'paired sd':10}{looks}{'for 80 %':>10}")
    rows = {}
    for paired_sd in PAIRED_SDS:
        found = {look: power(paired_sd, look, sweeps) for look in LOOKS[:4]}
        seeds = seeds_for({look: p for look, (p, _) in found.items()})
        cells = "".join(f"{f'{p:.1%} ({runs:.0f})':>18}" for p, runs in found.values())
        print(f"{paired_sd:<10}{cells}{seeds:>10.1f}", flush=True)
        rows[str(paired_sd)] = {
            "power": {str(look): p for look, (p, _) in found.items()},
            "runs": {str(look): runs for look, (_, runs) in found.items()},
            "seeds_for_80_percent": seeds if math.isfinite(seeds) else None,
        }
    if options.json:
        options.json.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

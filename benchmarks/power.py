"""The seeds that a confirmation needs to show a gain.

    python benchmarks/power.py [--quick] [--sweeps N] [--json FILE]

Three finalists gain 1, 0.7 and 0.4 points over their controls. A row has the noise of a paired
difference, the probability that the best finalist is shown to be better than full data up to a
look, and the mean number of runs. The last columns are the fewest seeds that show it with a
probability of 80 %: the look at ten seeds, the last one of the default settings, is moved there.
"""

import argparse
import json
import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

import numpy as np
from simulated_verdicts import Scenario, Stage, simulate

from class_sweep.config.confirm import LOOKS, Confirm
from class_sweep.statistics import power as looks_ahead
from class_sweep.statistics import sequential
from class_sweep.statistics.interim_looks import ALPHA_SHARES

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


@contextmanager
def last_look_at(seeds: int) -> Iterator[None]:
    """The looks with that of the default `max_seeds` moved; later ones than that are left out."""
    usual = LOOKS.index(Confirm().max_seeds)
    kept = sum(look < seeds for look in LOOKS[:usual])
    looks = (*LOOKS[:kept], *(seeds * 2**n for n in range(len(LOOKS) - usual)))
    shares = (*ALPHA_SHARES[:kept], *ALPHA_SHARES[usual:])
    with (
        patch.multiple(sequential, LOOKS=looks, ALPHA_SHARES=shares),
        patch.multiple(looks_ahead, LOOKS=looks, ALPHA_SHARES=shares),
    ):
        yield


def fewest_seeds(paired_sd: float, sweeps: int) -> tuple[int, float, float] | None:
    """The fewest seeds of a power of `WANTED`, that power and the runs; None beyond all looks."""
    for seeds in range(LOOKS[0] + 1, LOOKS[-1] + 1):
        with last_look_at(seeds):
            found, runs = power(paired_sd, seeds, sweeps)
        if found >= WANTED:
            return seeds, found, runs
    return None


def main() -> None:
    """Print a row for each noise."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="50 sweeps a look")
    parser.add_argument("--sweeps", type=int, default=2000, help="sweeps a look; default: 2,000")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the rows there")
    options = parser.parse_args()
    sweeps = 50 if options.quick else options.sweeps
    shown = [look for look in LOOKS if look <= 2 * Confirm().max_seeds]
    looks = "".join(f"{f'{look} seeds':>14}" for look in shown)
    print(f"{sweeps:,} sweeps a look; power (mean runs)\n\n{'paired sd':10}{looks}{'for 80 %':>24}")
    rows = {}
    for paired_sd in PAIRED_SDS:
        found = {look: power(paired_sd, look, sweeps) for look in shown}
        fewest = fewest_seeds(paired_sd, sweeps)
        cells = "".join(f"{f'{p:.0%} ({runs:.0f})':>14}" for p, runs in found.values())
        words = "{} seeds: {:.1%} ({:.0f})".format(*fewest) if fewest else "more than all looks"
        print(f"{paired_sd:<10}{cells}{words:>24}", flush=True)
        rows[str(paired_sd)] = {
            "power": {str(look): p for look, (p, _) in found.items()},
            "runs": {str(look): runs for look, (_, runs) in found.items()},
            "seeds_for_80_percent": fewest and fewest[0],
        }
    if options.json:
        options.json.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

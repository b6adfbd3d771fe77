"""Free-form pacing and learning rate against the named curves, over equal searches.

`python benchmarks/free_form.py [TABLE] [--trials N] [--quick] [--json FILE]`: TABLE is `curves.csv`
of `run --record`, or its folder, of a space where a bundle of `one_of` has knots; by default the
published one. A search draws N configurations of one kind, selects the best under one seed, and
gets its score under another seed. The difference of the means of many searches has a 95 % interval
by the bootstrap over the configurations. Trains nothing.
"""

import argparse
import json
import random
import statistics
from collections.abc import Sequence
from pathlib import Path

from class_sweep.results.curves import Configuration, CurveTable
from class_sweep.results.file_names import CURVES

PUBLISHED = Path(__file__).parents[1] / "results" / "published" / "free-form"
SEARCHES, SAMPLES = 100, 400  # searches of a sample, and samples of the bootstrap
Scores = list[list[float]]  # of each configuration under each seed, in points


def scores_of(configurations: Sequence[Configuration]) -> Scores:
    """The final scores of configurations that did not fail."""
    found = [[c.final(seed) for seed in c.curves] for c in configurations]
    return [[100 * score for score in of_seeds if score is not None] for of_seeds in found]


def selected(scores: Scores, trials: int, draw: random.Random) -> float:
    """The mean score of what searches select, under a seed that did not select it."""
    found = []
    for _ in range(SEARCHES):
        chosen = draw.sample(scores, min(trials, len(scores)))
        seed, other = draw.sample(range(len(scores[0])), 2)
        found.append(max(chosen, key=lambda of_seeds: of_seeds[seed])[other])
    return statistics.mean(found)


def difference(kinds: Sequence[Scores], trials: int, samples: int) -> tuple[float, float, float]:
    """What searches of the second kind gain over the first: the median and the interval."""
    draw = random.Random(0)  # noqa: S311 - no secret
    found = []
    for _ in range(samples):
        named, free = (draw.choices(scores, k=len(scores)) for scores in kinds)
        found.append(selected(free, trials, draw) - selected(named, trials, draw))
    cuts = statistics.quantiles(found, n=40)
    return statistics.median(found), cuts[0], cuts[-1]


def main() -> None:
    """Print the table, and write it to a file if `--json` names one."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("table", type=Path, nargs="?", default=PUBLISHED, metavar="TABLE")
    parser.add_argument("--trials", type=int, default=8, help="of a search")
    parser.add_argument("--quick", action="store_true", help="a tenth of the bootstrap")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there")
    options = parser.parse_args()
    path = options.table / CURVES if options.table.is_dir() else options.table
    kinds: dict[str, list[Configuration]] = {"named": [], "free form": []}
    for configuration in CurveTable.read(path).searched:
        knots = any("_knots" in name and value for name, value in configuration.values.items())
        kinds["free form" if knots else "named"].append(configuration)
    figures, scores = {}, {kind: scores_of(found) for kind, found in kinds.items()}
    heads = ("number", "median", "best", f"selected of {options.trials}")
    print(f"{'curves':12}" + "{:>8}{:>8}{:>8}{:>16}".format(*heads))
    for kind, of_kind in scores.items():
        means = [statistics.mean(of_seeds) for of_seeds in of_kind]
        found = selected(of_kind, options.trials, random.Random(0))  # noqa: S311
        figures[kind] = [statistics.median(means), max(means), found]
        row = "{:8.2f}{:8.2f}{:16.2f}".format(*figures[kind])
        print(f"{kind:12}{len(means):8}{row}")
    samples = SAMPLES // 10 if options.quick else SAMPLES
    figures["difference"] = list(difference(list(scores.values()), options.trials, samples))
    print("free form - named: {:+.2f} [{:.2f}, {:.2f}]".format(*figures["difference"]))
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

"""The time of a proposal where every draw repeats an earlier schedule, beside that of one draw.

`python benchmarks/repeats.py [--quick] [--json FILE]`: synthetic features of 26,000 pairs, four σ
that give different orders, and axes of α and β whose values hardly act. So a few schedules exist,
and after them every draw repeats one. The alternative accepts each draw. Keys, for each sampler:
`SAMPLER_vs_one_draw`, by the medians of the last ten proposals, and `SAMPLER_worst_seconds`.
"""

import argparse
import itertools
import json
import statistics
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from class_sweep.config.document import parse_space
from class_sweep.config.sections import Settings
from class_sweep.difficulty.index import build_index
from class_sweep.difficulty.similarity import CLASS_SIMILARITY
from class_sweep.training.features import TrialFeatures
from class_sweep.training.plan_identity import plan_identity
from class_sweep.tuning.ledger import blank_record
from class_sweep.tuning.study import OptunaStudy
from class_sweep.tuning.study_storage import MemoryStorage

PAIRS, QUICK_PAIRS = 26_000, 2_000
TRIALS = 30
SPACE = """\
data: {{source: names}}
text_encoder: {{kind: lsa}}
molecule_encoder: {{kind: morgan}}
backbone: {{name: contrastive}}
curriculum:
  sigma: {{uniform: [0.5, 0.8], step: 0.1}}
  alpha: {{uniform: [0.9, 0.90001], step: 0.000001}}
  beta: {{uniform: [0.3, 0.4], step: 0.02}}
budget: {{epochs: 60}}
search: {{trials: {trials}, sampler: {sampler}, baselines: []}}
"""


def features_of(pairs: int) -> TrialFeatures:
    """Synthetic features, with the index of each σ."""
    draw = np.random.default_rng(0)
    text, molecule = (draw.normal(size=(pairs, 16)).astype(np.float32) for _ in range(2))
    sigmas = [0.5, 0.6, 0.7, 0.8]
    index = build_index(text, molecule, sigmas, m=8, similarity=CLASS_SIMILARITY)
    return TrialFeatures(text, molecule, np.zeros(pairs, np.int8), {CLASS_SIMILARITY: index})


def proposal_seconds(sampler: str, features: TrialFeatures, *, accept: bool) -> list[float]:
    """The time of each proposal of a sweep whose trials end at once.

    Args:
        sampler: The name of the sampler.
        features: What the plans are computed from.
        accept: Whether no plan counts as a repeat.
    """
    space = parse_space(SPACE.format(sampler=sampler, trials=TRIALS))
    draws = itertools.count()

    def plan_of(settings: Settings) -> str:
        return plan_identity(settings, features) + (f" {next(draws)}" if accept else "")

    study = OptunaStudy(space, MemoryStorage(), plan_of)
    seconds, trial = list[float](), None
    for number in range(TRIALS):
        start = time.perf_counter()
        trial = study.propose(number, trial)
        seconds.append(time.perf_counter() - start)
        study.tell(replace(blank_record(trial), decision="finish", objective=0.1 * (number % 5)))
    return seconds


def main() -> None:
    """Time the samplers, print the ratios, and write them to the named file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help=f"{QUICK_PAIRS:,} pairs")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there")
    options = parser.parse_args()
    pairs = QUICK_PAIRS if options.quick else PAIRS
    features, figures = features_of(pairs), dict[str, float]()
    for sampler in ("random", "tpe", "cmaes", "grid"):
        alone = statistics.median(proposal_seconds(sampler, features, accept=True)[-10:])
        seconds = proposal_seconds(sampler, features, accept=False)
        last = statistics.median(seconds[-10:])
        figures[f"{sampler}_vs_one_draw"] = last / alone
        figures[f"{sampler}_worst_seconds"] = max(seconds)
        print(
            f"{sampler}, {pairs:,} pairs: a proposal of repeats alone takes {last:.3f} s,"
            f" {last / alone:.1f} × one draw; the slowest takes {max(seconds):.2f} s"
        )
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()

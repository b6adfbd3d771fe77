"""The times that `check` prints follow from the measured costs by hand arithmetic."""

import pytest

from class_sweep.config.document import parse_space
from class_sweep.report.tables.sweep_times import time_blocks
from class_sweep.results import formatting
from class_sweep.tuning.time_plan import RAY_START, WORKER_START, Costs, SweepSize

SPACE = """\
data: {source: names}
text_encoder: {kind: lsa}
molecule_encoder: {kind: morgan}
backbone: {name: contrastive}
curriculum: {alpha: {uniform: [0.2, 0.9]}}
optimizer: {batch_size: 10}
budget: {epochs: 9}
search: {trials: 10, baselines: [paper, full_data]}
pruning: PRUNING
confirm: {finalists: 2, seeds: 5, max_seeds: 10}
"""
COSTS = Costs(step=0.1, evaluation=2.0, start=1.0, machine="EPYC", overhead=0.5, worker=4.0)
HALVING = "{kind: successive_halving, grace_epochs: 1, reduction_factor: 3, rungs: samples}"
RUN = 90 + 2 + 1 + 0.5  # 900 steps in one leg


def rows(pruning=HALVING, costs=COSTS, at_once=2, price=None, change=("", ""), machines=3):
    size = SweepSize.of(parse_space(SPACE.replace("PRUNING", pruning).replace(*change)), 1000)
    [block] = time_blocks(size, costs, at_once, machines, price)
    return dict(block.items)


def test_the_times_by_hand():
    found = rows(price=2.5)
    # Rungs after 100 and 300 steps. Three schedules are promoted at each; two baselines finish.
    work = 10 * (10 + 3.5) + 5 * (20 + 3.5) + 5 * (60 + 3.5)
    search = work / 2 + (60 + 3.5) / 4  # the last leg: half of it, on one of two workers
    confirmation = 4 + (5 + 3) * RUN  # two at once: 9 runs, then 6
    longer = confirmation + 8 * RUN  # 15 more
    start = RAY_START + 4
    assert found["a trial on full data"] == f"about {formatting.seconds(90 + 3 * 3.5)}"
    assert found["the start"] == (
        f"about {formatting.seconds(start)} for Ray and its workers, if no other program is busy;"
        " not measured"
    )
    assert found["the search"] == f"about {formatting.seconds(search)}, 2 at once"
    assert found["its confirmation"] == (
        f"about {formatting.seconds(confirmation)} with 5 seeds of the finalists and full data,"
        f" {formatting.seconds(longer)} with 10"
    )
    once = rows(change=("max_seeds: 10", "max_seeds: 5"))["its confirmation"]
    assert once == found["its confirmation"].partition(", ")[0]
    total = start + search + confirmation
    assert found["all of it"] == f"about {formatting.seconds(total)}, beside preparing the data"
    least, most = (2.5 * 3 * (start + search + part) / 3600 for part in (confirmation, longer))
    assert found["cost"] == f"{least:.2f} to {most:.2f} at 2.5 an hour of each machine"


def test_a_tiny_sweep_takes_as_long_as_its_starts_and_reports():
    tiny = Costs(step=1e-4, evaluation=0.01, start=0.01, machine="EPYC")
    found = rows(costs=tiny, at_once=1, change=("finalists: 2", "finalists: 0"))
    legs = 10 + 5 + 5
    work = legs * (0.2 + 0.02) + 1e-4 * (10 * 100 + 5 * 200 + 5 * 600)
    assert found["the search"] == f"about {formatting.seconds(work)}, 1 at once"
    assert work > 4.5
    assert "its confirmation" not in found
    assert found["all of it"].startswith(
        f"about {formatting.seconds(RAY_START + WORKER_START + work)}"
    )


@pytest.mark.parametrize(("kind", "word"), [("asha", "at most"), ("none", "about")])
def test_a_pruner_that_cannot_tell_takes_at_most_all(kind, word):
    found = rows(f"{{kind: {kind}}}", at_once=1)
    assert found["the search"].startswith(f"{word} ")

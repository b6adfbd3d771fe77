"""Ranks of a confirmation that refute a metric of its log."""

import json

import numpy as np
import pytest

from class_sweep.config.objective import DIRECTIONS, POOLS, ranking_name
from class_sweep.errors import ResultsError
from class_sweep.results.confirmation_log import ConfirmationLog, ConfirmationRun
from class_sweep.results.folder import ResultsFolder
from class_sweep.statistics.recorded_ranks import require_ranks_fit
from class_sweep.training.split_metrics import metrics_of_ranks


@pytest.fixture
def log(tmp_path):
    """A log with a finished run and a failed one."""
    draw = np.random.default_rng(0)
    ranks = {
        ranking_name(pool, direction): draw.integers(1, 40, 30) + 0.5
        for pool in POOLS
        for direction in DIRECTIONS
    }
    log = ConfirmationLog(ResultsFolder(tmp_path))
    compact = {name: values.astype(np.float32) for name, values in ranks.items()}
    log.append(ConfirmationRun("a", "trial 2", 4, 960, 1.5, metrics_of_ranks(ranks)), compact)
    log.append(ConfirmationRun("b", "paper", 4, 0, 0.0, reason="it diverges"), {})
    log.close()
    return log


def check(log):
    require_ranks_fit(log, log.runs().values())


def alter(log, change):
    first, second = log.path.read_text().splitlines()
    tree = json.loads(first)
    tree["metrics"] = {name: change(name, value) for name, value in tree["metrics"].items()}
    log.path.write_text(f"{json.dumps(tree)}\n{second}\n")


def test_the_metrics_of_the_ranks_are_accepted(log):
    check(log)


@pytest.mark.parametrize(
    "name", ["split/mrr", "all/text_to_molecule/hits@1", "split/molecule_to_text/mean_rank"]
)
@pytest.mark.parametrize("change", [0.2, 1e-4, -1e-4])
def test_a_metric_that_its_ranks_refute_is_an_error_with_both_files(log, name, change):
    alter(log, lambda n, value: value + change if n == name else value)
    with pytest.raises(ResultsError, match=rf"{name} of trial 2 under seed 4.*a\.npz gives"):
        check(log)


def test_ranks_that_were_replaced_are_found(log):
    path = log.ranks_path("a")
    ranks = log.ranks("a")
    ranks["split/text_to_molecule"] = ranks["split/text_to_molecule"][::-1] + 1
    with path.open("wb") as file:
        np.savez_compressed(file, **ranks)
    with pytest.raises(ResultsError, match="a metric must be that of its ranks"):
        check(log)


def test_ranks_that_are_not_there_refute_nothing(log):
    log.ranks_path("a").unlink()
    check(log)

import os

import numpy as np
import pytest

from class_sweep.errors import ResultsError
from class_sweep.results.confirmation_log import (
    ComparisonWeight,
    ConfirmationLog,
    ConfirmationRun,
    FamilyLine,
    PriorLine,
)

RANKS = {
    f"{pool}/{direction}": np.array([1, 2.5, 3300], dtype=np.float32)
    for pool in ("split", "all")
    for direction in ("text_to_molecule", "molecule_to_text")
}


def run(identity, **fields):
    return ConfirmationRun(
        identity, "trial 1", 4, 960, 1.5, **{"metrics": {"split/mrr": 0.5}} | fields
    )


@pytest.fixture
def log(folder):
    opened = ConfirmationLog(folder)
    yield opened
    opened.close()


def test_a_run_and_its_ranks_are_read_back(log, folder):
    log.append(run("a"), RANKS)
    assert ConfirmationLog(folder).runs() == {"a": run("a")}
    read = log.ranks("a")
    assert read.keys() == RANKS.keys()
    for ranks in read.values():
        assert ranks.tolist() == [1, 2.5, 3300]
        assert ranks.dtype == np.float32


def test_a_failed_run_has_no_ranks_and_a_later_run_replaces_it(log):
    log.append(run("a", metrics={}, reason="it broke"), {})
    assert log.runs()["a"].reason == "it broke"
    with pytest.raises(ResultsError, match="ranks must be readable"):
        log.ranks("a")
    log.append(run("a"), RANKS)
    assert log.runs() == {"a": run("a")}


def test_a_torn_last_line_is_skipped_and_the_next_run_starts_a_new_line(log, folder, caplog):
    log.append(run("a"), RANKS)
    log.close()
    whole = folder.confirm.read_bytes()
    folder.confirm.write_bytes(whole + whole[:30])
    assert list(log.runs()) == ["a"]
    log.append(run("b"), RANKS)
    assert list(log.runs()) == ["a", "b"]
    assert "torn last line" in caplog.text


def test_the_error_names_a_damaged_line(log, folder):
    log.append(run("a"), RANKS)
    log.close()
    folder.confirm.write_text("{}\n" + folder.confirm.read_text())
    with pytest.raises(ResultsError, match=r"confirm\.jsonl:1: the key identity is required"):
        log.runs()


def test_ranks_that_would_run_code_are_refused(log, folder):
    folder.ranks.mkdir()
    np.savez(folder.ranks / "a.npz", x=np.array([{"an": "object"}], dtype=object))
    with pytest.raises(ResultsError, match="ranks must be readable"):
        log.ranks("a")


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("split/text_to_molecule", None),
        ("more", np.ones(3, np.float32)),
        ("all/text_to_molecule", np.ones(2, np.float32)),
        ("all/text_to_molecule", np.ones(3, np.float64)),
        ("all/text_to_molecule", np.ones(3, np.int64)),
        ("all/text_to_molecule", np.ones((3, 1), np.float32)),
        ("all/text_to_molecule", np.array([1, np.nan, 2], np.float32)),
        ("all/text_to_molecule", np.array([1, np.inf, 2], np.float32)),
        ("all/text_to_molecule", np.array([1, 0.5, 2], np.float32)),
    ],
)
def test_ranks_of_another_shape_or_value_are_one_error(log, folder, name, values):
    folder.ranks.mkdir()
    ranks = {n: v for n, v in (RANKS | {name: values}).items() if v is not None}
    np.savez(folder.ranks / "a.npz", **ranks)
    with pytest.raises(ResultsError, match=r"ranks must be .*a\.npz"):
        log.ranks("a")


def test_a_pipe_in_the_place_of_ranks_is_refused_at_once(log, folder):
    folder.ranks.mkdir()
    os.mkfifo(folder.ranks / "a.npz")
    with pytest.raises(ResultsError, match="ranks must be readable"):
        log.ranks("a")


def weights(**by_finalist):
    return FamilyLine([ComparisonWeight(f, "full_data", w) for f, w in by_finalist.items()])


def test_weights_and_priors_are_read_back_and_are_no_runs(log, folder):
    log.fix(weights(a=0.5, b=0.5))
    log.append(run("a"), RANKS)
    log.fix(PriorLine(3, 0.25, 4.5))
    log.fix(weights(c=0.05))
    log.fix(PriorLine(3, 9.0, 9.0))
    log.close()
    again = ConfirmationLog(folder)
    assert list(again.runs()) == ["a"]
    family, priors = again.fixed()
    assert family == {("a", "full_data"): 0.5, ("b", "full_data"): 0.5, ("c", "full_data"): 0.05}
    assert priors == {3: PriorLine(3, 0.25, 4.5)}  # the first one of a look stays


def test_weights_before_which_nothing_was_run_are_replaced(log):
    log.fix(weights(a=0.1, b=0.1))
    assert log.fixed() == ({}, {})
    log.fix(weights(a=1.0))
    log.append(run("a"), RANKS)
    assert log.fixed() == ({("a", "full_data"): 1.0}, {})


def test_a_damaged_weight_is_named_with_its_line(log, folder):
    log.append(run("a"), RANKS)
    log.close()
    with folder.confirm.open("a") as file:
        file.write('{"family": [{"finalist": "a", "control": "full_data", "weight": "all"}]}\n')
    with pytest.raises(ResultsError, match=r"confirm\.jsonl:2: .*weight must be"):
        log.fixed()

import math

import pytest

from class_sweep.config.objective import parse_objective
from class_sweep.errors import ResultsError
from class_sweep.results.curves import CurveTable, Point, curves_csv

MRR, RANK = parse_objective("validation/mrr"), parse_objective("validation/mean_rank")


@pytest.fixture
def recorded(record):
    """Two configurations under two seeds; the second fails under the second seed."""

    def report(trial, number, objective, *, decision="continue", rung=None):
        config = {"curriculum.alpha": 0.5 + trial // 2, "search.seed": 7 + trial % 2}
        return record(
            trial, decision, config=config, report=number, samples=100 * (number + 1), rung=rung,
            objective=objective, name="paper" if trial < 2 else None,
        )  # fmt: skip

    reports = []
    for trial in range(4):
        reports += [report(trial, 0, 0.25 + trial, rung=0), report(trial, 1, 0.5 + trial, rung=1)]
        if trial < 3:
            reports.append(report(trial, 2, 0.75 + trial, decision="finish"))
        else:
            reports.append(report(trial, 2, None, decision="fail"))
    return reports


def read(tmp_path, text):
    path = tmp_path / "curves.csv"
    path.write_text(text)
    return CurveTable.read(path)


def test_a_table_is_written_and_read_back(recorded, tmp_path):
    text = curves_csv(MRR, 2, recorded)
    head, first, *_ = text.splitlines()
    assert head == (
        "configuration,name,curriculum.alpha,search.seed,epoch,samples,last,validation/split/mrr"
    )
    assert first == "0,paper,0.5,7,1,100,0,0.25"
    table = read(tmp_path, text)
    assert table.objective == MRR
    assert table.seeds == (7, 8)
    assert table.epochs == 3
    [baseline], [searched] = table.baselines, table.searched
    assert baseline.name == "paper"
    assert searched.values == {"curriculum.alpha": "1.5"}
    assert searched.curves[7] == (
        Point(1, 100, 2.25, last=False),
        Point(2, 200, 2.5, last=False),
        Point(math.inf, 300, 2.75, last=True),
    )


def test_a_failed_trial_has_no_final_score_and_its_configuration_no_mean(recorded, tmp_path):
    table = read(tmp_path, curves_csv(MRR, 2, recorded))
    baseline, searched = table.configurations
    assert searched.final(8) is None
    assert searched.mean == -math.inf
    assert baseline.mean == 1.25


def test_higher_scores_are_better_for_every_objective(recorded, tmp_path):
    table = read(tmp_path, curves_csv(RANK, 2, recorded))
    assert table.configurations[0].final(7) == -0.75


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda _: "", "it has no rows"),
        (lambda text: text.replace("split/mrr", "loss"), "must be validation/"),
        (lambda text: text.replace("samples", "steps"), "it has no column 'samples'"),
        (lambda text: text.replace(",0.25", ",nan"), "must be a finite number, got nan"),
        (lambda text: text.replace("0,paper,0.5,8", "1,,0.5,8"), "lacks a curve under one of"),
        (lambda text: text.replace(",100,", ",x,"), "invalid literal"),
    ],
    ids=["empty", "objective", "columns", "nan", "seeds", "numbers"],
)
def test_a_damaged_table_is_one_clear_error(recorded, tmp_path, change, why):
    with pytest.raises(ResultsError, match="must be one that `class-sweep run --record`") as error:
        read(tmp_path, change(curves_csv(MRR, 2, recorded)))
    assert why in str(error.value)


def test_a_table_that_cannot_be_read_is_one_clear_error(tmp_path):
    with pytest.raises(ResultsError) as error:
        CurveTable.read(tmp_path / "none.csv")
    assert str(error.value) == (
        f"a table of curves must be a readable file: {tmp_path / 'none.csv'}: No such file or"
        " directory; `class-sweep run --record` writes one"
    )

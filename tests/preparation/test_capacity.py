import pytest

from class_sweep.config.sections import Resources
from class_sweep.errors import InputError
from class_sweep.preparation.capacity import Machine, fitting

HEAD = Machine("head", 4, 0)
ONE = Machine("one", 16, 1)
TWO = Machine("two", 16, 2)


@pytest.mark.parametrize(
    ("machine", "cpus", "gpus", "expected"),
    [
        (ONE, 1, 0, 16),
        (ONE, 1, 1, 1),
        (ONE, 0.1, 0.1, 10),
        (ONE, 10, 0.1, 1),
        (TWO, 1, 0.4, 4),
        (TWO, 1, 0.6, 2),  # and not 3: none lies on a part of each
        (TWO, 1, 2, 1),
        (HEAD, 1, 0.5, 0),
        (HEAD, 8, 0, 0),
    ],
)
def test_a_machine_holds_whole_trials(machine, cpus, gpus, expected):
    assert machine.holds(Resources(cpus=cpus, gpus=gpus)) == expected


def test_trials_at_a_time_are_counted_machine_by_machine():
    assert fitting(Resources(cpus=6), None, 100, [ONE, ONE, HEAD]) == 4  # 36 cores would hold 6
    assert fitting(Resources(cpus=6), 3, 100, [ONE, ONE]) == 3
    assert fitting(Resources(cpus=6), None, 2, [ONE, ONE]) == 2


def test_what_no_machine_holds_is_refused_with_what_they_have():
    nodes = [HEAD, ONE, Machine("other", 16, 1)]
    with pytest.raises(InputError) as refused:
        fitting(Resources(gpus=4), None, 1, nodes)  # though two of them are there
    assert str(refused.value) == (
        "resources.gpus must be at most what one machine has (1), got 4; cores and GPUs of each:"
        " head (4, 0), 2 machines (16, 1)"
    )


def test_cores_here_and_gpus_there_are_no_place_for_a_trial():
    small = Machine("small", 2, 8)
    with pytest.raises(InputError, match=r"must fit on one machine, got cpus 8 and gpus 2"):
        fitting(Resources(cpus=8, gpus=2), None, 1, [ONE, small])


def test_an_error_names_a_few_kinds_of_machines_and_counts_the_others():
    nodes = [Machine(f"m{n}", n, 0) for n in range(1, 8)]
    with pytest.raises(InputError, match=r"m4 \(4, 0\) and 3 kinds more$"):
        fitting(Resources(cpus=8), None, 1, nodes)

import pytest

from class_sweep.config.document import parse_space
from class_sweep.config.sections import Resources
from class_sweep.errors import ConfigError, InputError
from class_sweep.preparation.capacity import Machine, parallel_trials
from class_sweep.preparation.plan import require_resources

HEAD = Machine("head", 4, 0)
ONE_GPU = Machine("one", 16, 1)
TWO_GPUS = Machine("two", 16, 2)


@pytest.mark.parametrize(
    ("machine", "cpus", "gpus", "expected"),
    [
        (ONE_GPU, 1, 0, 16),
        (ONE_GPU, 1, 1, 1),
        (ONE_GPU, 0.1, 0.1, 10),
        (ONE_GPU, 10, 0.1, 1),
        (TWO_GPUS, 1, 0.4, 4),
        (TWO_GPUS, 1, 0.6, 2),  # not 3: a trial never spans two GPUs
        (TWO_GPUS, 1, 1, 2),
        (TWO_GPUS, 1, 2, 1),
        (TWO_GPUS, 1, 3, 0),
        (Machine("five", 16, 5), 1, 2, 2),
        (Machine("five", 16, 5), 10, 2, 1),
        (HEAD, 1, 0.5, 0),
        (HEAD, 8, 0, 0),
    ],
)
def test_a_machine_holds_whole_trials(machine, cpus, gpus, expected):
    assert machine.holds(Resources(cpus=cpus, gpus=gpus)) == expected


def test_parallel_trials_are_counted_machine_by_machine():
    assert (
        parallel_trials(Resources(cpus=6), None, 100, [ONE_GPU, ONE_GPU, HEAD]) == 4
    )  # not 6 for 36 cores
    assert parallel_trials(Resources(cpus=6), 3, 100, [ONE_GPU, ONE_GPU]) == 3
    assert parallel_trials(Resources(cpus=6), None, 2, [ONE_GPU, ONE_GPU]) == 2


def test_a_trial_too_large_for_every_machine_is_an_error_that_lists_them():
    nodes = [HEAD, ONE_GPU, Machine("other", 16, 1)]
    with pytest.raises(InputError) as refused:
        parallel_trials(Resources(cpus=40), None, 1, nodes)
    assert str(refused.value) == (
        "resources.cpus: must be at most 16 on these machines, got 40; cores and GPUs of each"
        " machine: head (4, 0), 2 machines (16, 1)"
    )


def test_a_trial_needs_its_cores_and_gpus_on_one_machine():
    small = Machine("small", 2, 8)
    with pytest.raises(InputError, match=r"must fit on one machine, got cpus 20 and gpus 1"):
        parallel_trials(Resources(cpus=20, gpus=1), None, 1, [Machine("cores", 32, 0), small])


@pytest.mark.parametrize(("gpus", "near"), [(1.5, "1 or 2"), (2.25, "2 or 3")])
def test_a_trial_on_a_gpu_and_a_share_of_another_is_refused_with_its_line(
    small_space_text, gpus, near
):
    text = small_space_text.replace("resources: {cpus: 1}", f"resources:\n  gpus: {gpus}")
    space = parse_space(text, "a.yaml")
    with pytest.raises(ConfigError) as refused:
        require_resources(space, [Machine("eight", 64, 8)])
    assert str(refused.value) == (
        "a.yaml:18: resources.gpus: must be a share of one GPU, or a whole number of GPUs,"
        f" got {gpus}; write {near}"
    )


def test_a_trial_on_several_gpus_divides_its_cores_among_its_processes(small_space_text):
    text = small_space_text.replace("resources: {cpus: 1}", "resources: {cpus: 5, gpus: 2}")
    space = parse_space(text)
    assert require_resources(space, [Machine("eight", 64, 8)]) == 1  # `max_concurrent`
    resources = space.settings.resources
    assert (resources.processes, resources.threads) == (2, 2)
    assert (Resources(cpus=3, gpus=0.5).processes, Resources(cpus=3, gpus=0.5).threads) == (1, 3)
    assert Resources(cpus=1, gpus=4).threads == 1


def test_an_error_names_a_few_kinds_of_machines_and_counts_the_others():
    nodes = [Machine(f"m{n}", n, 0) for n in range(1, 8)]
    with pytest.raises(InputError, match=r"m4 \(4, 0\) and 3 more kinds$"):
        parallel_trials(Resources(cpus=8), None, 1, nodes)

"""Conditional axes: proposed only where they have an effect, and told to the sampler so."""

import itertools
import json
import random
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from class_sweep.config.components import SAMPLERS
from class_sweep.config.document import parse_space
from class_sweep.config.identity import identity
from class_sweep.config.idle import idle_of, idle_settings
from class_sweep.results.environment import Environment
from class_sweep.results.folder import ResultsWriter
from class_sweep.results.provenance import load_begun
from class_sweep.results.record import Record
from class_sweep.tuning.study import CONFIG, OptunaStudy
from class_sweep.tuning.study_repair import repair_study
from class_sweep.tuning.study_storage import FileStorage, MemoryStorage

SPACE = """\
data: {{source: names}}
text_encoder: {{kind: lsa}}
molecule_encoder: {{kind: morgan}}
backbone: {{name: {backbone}}}
curriculum: {{{curriculum}}}
optimizer: {{{optimizer}}}
budget: {{epochs: 9}}
search: {{trials: {trials}, sampler: {sampler}, seed: {seed}, baselines: [{baselines}]}}
"""
UNCONDITIONAL = Path(__file__).parent / "proposals_without_conditions.json"


def space_of(curriculum, sampler="random", *, recorded=False, **changes):
    defaults = {
        "optimizer": "lr: 1e-3", "backbone": "contrastive", "trials": 20,
        "baselines": "full_data", "seed": 3,
    }  # fmt: skip
    text = SPACE.format(curriculum=curriculum, sampler=sampler, **defaults | changes)
    return parse_space(text, recorded=recorded)


class Sweep:
    """A study whose trials report at once; `resumed` opens another one over the same storage."""

    def __init__(self, space, stored=(), plan_of=identity):
        self.space, self.storage = space, StoredTrials(stored)
        self.study = OptunaStudy(space, self.storage, plan_of)
        self.trials = self.study.stored()

    def run(self, trials):
        while len(self.trials) < trials:
            number = len(self.trials)
            self.trials.append(self.study.propose(number, self.trials[-1] if number else None))
            self.study.tell(report(self.trials[-1]))
        return [trial.config for trial in self.trials]

    def resumed(self):
        return Sweep(self.space, self.storage.get_all_trials(0))


class StoredTrials(MemoryStorage):
    """A study in memory that begins with the trials of another."""

    def __init__(self, trials):
        super().__init__()
        self._first = trials

    def create_new_study(self, directions, study_name=None):
        study_id = super().create_new_study(directions, study_name)
        for trial in self._first:
            self.create_new_trial(study_id, trial)
        return study_id


def report(trial):
    """The last report of a trial; every seventh trial fails and every third is pruned."""
    number, config = trial.number, trial.config
    decision = "fail" if number % 7 == 5 else "prune" if number % 3 == 2 else "finish"
    alpha, beta = config.get("curriculum.alpha", 1), config.get("curriculum.beta", 0)
    value = None if decision == "fail" else -abs(alpha - 0.5) - abs(beta - 0.1)
    return Record(
        trial=number, name=trial.name, identity="", config={}, report=0, step=1, samples=100,
        rung=None, decision=decision, compared=False, objective=value,
    )  # fmt: skip


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_a_space_without_conditional_axes_has_the_proposals_of_earlier_versions(sampler):
    recorded = json.loads(UNCONDITIONAL.read_text())[sampler]
    alpha, beta, temperature = "", "", "{loguniform: [0.05, 0.2]}"
    if sampler == "grid":
        alpha, beta, temperature = ", step: 0.2", ", step: 0.05", "{choice: [0.05, 0.1, 0.2]}"
    space = space_of(
        "order: {choice: [easy_first, hard_first]},"
        f" alpha: {{uniform: [0.3, 0.9]{alpha}}}, beta: {{uniform: [0.05, 0.20]{beta}}},"
        " sigma: {uniform: [0.40, 0.80], step: 0.05}, trim: {uniform: [0.1, 0.3], step: 0.1}",
        sampler,
        backbone=f"contrastive, temperature: {temperature}",
        optimizer="batch_size: {int: [32, 96], step: 32}",
    )
    assert not space.conditions.reasons
    plans = itertools.count()  # in the grid, a trial of full data is the baseline: no repeat here
    plan_of = (lambda _: str(next(plans))) if sampler == "grid" else identity
    assert Sweep(space, plan_of=plan_of).run(20) == recorded


PACINGS = "pacing: {choice: [full, linear, root]}, alpha: {uniform: [0.2, 0.9]},"
CONDITIONAL = {
    "the parameters of pacings": (
        f"{PACINGS} beta: {{uniform: [0.05, 0.2]}}, pacing_power: {{uniform: [1, 4]}}",
        {
            "curriculum.alpha": "pacing full does not read it",
            "curriculum.beta": "pacing full does not read it or pacing root does not read it",
            "curriculum.pacing_power": (
                "pacing full does not read it or pacing linear does not read it"
            ),
        },
    ),
    "what trim reads": (
        "alpha: 0.4, trim: {choice: [0, 0.2]}, trim_by: {choice: [margin, difficulty]},"
        " trim_from: {uniform: [0.1, 0.5]}",
        dict.fromkeys(["curriculum.trim_by", "curriculum.trim_from"], "no pair is left out"),
    ),
    "what an intensity reads": (
        "alpha: 0.4, intensity_power: {int: [1, 3]},"
        " intensity: {choice: [constant, inverse, power]}, intensity_start: {int: [1, 3]}",
        {
            "curriculum.intensity_power": (
                "intensity constant does not read it or intensity inverse does not read it"
            ),
            "curriculum.intensity_start": "the intensity is constant",
        },
    ),
    "sigma before the order in the file": (
        "sigma: {uniform: [0.4, 0.8], step: 0.1}, order: {choice: [random, easy_first]},"
        " alpha: 0.4",
        {"curriculum.sigma": "order random does not read the difficulty"},
    ),
    "the order of what starts full": (
        "order: {choice: [easy_first, hard_first]}, alpha: {choice: [0.5, 1]},"
        " beta: {uniform: [0, 0.1]}",
        {
            "curriculum.order": "every epoch shows every pair",
            "curriculum.beta": "every epoch shows every pair, because alpha is 1",
        },
    ),
}


@pytest.mark.parametrize("name", CONDITIONAL)
def test_the_conditional_axes_of_a_space_follow_from_what_is_idle(name):
    curriculum, reasons = CONDITIONAL[name]
    space = space_of(curriculum)
    assert space.conditions.reasons == reasons
    assert set(space.conditions.order) == set(space.axes)


@pytest.mark.parametrize(
    "curriculum",
    [
        "alpha: {uniform: [0.4, 1]}, beta: {uniform: [0.01, 0.1]}, order: {choice: [random]}",
        "alpha: 0.4, trim: {uniform: [0, 0.3]}, trim_from: {uniform: [0, 0.5]}",
    ],
)
def test_the_end_of_a_continuous_range_alone_makes_no_axis_conditional(curriculum):
    assert space_of(curriculum).conditions.reasons == {}


OPTIONS = {
    "pacing": "{choice: [linear, root, full, step]}",
    "order": "{choice: [easy_first, random]}",
    "alpha": "{choice: [0.4, 0.7]}",
    "beta": "{uniform: [0.05, 0.1], step: 0.05}",
    "pacing_power": "{int: [1, 3]}",
    "full_data_after": "{choice: [0.5, 0.9]}",
    "sigma": "{uniform: [0.4, 0.6], step: 0.1}",
    "tie_break": "{choice: [random, mean_similarity]}",
    "difficulty": "{choice: [look_alikes, ridge]}",
    "text_weight": "{choice: [0.5, 1]}",
    "molecule_similarity": "{choice: [cosine, tanimoto]}",
    "intensity": "{choice: [constant, power, inverse]}",
    "intensity_power": "{int: [1, 2]}",
    "trim": "{choice: [0, 0.1]}",
    "trim_by": "{choice: [margin, difficulty]}",
    "trim_from": "{choice: [0, 0.2]}",
}
some_axes = st.lists(st.sampled_from(sorted(OPTIONS)), min_size=2, max_size=7, unique=True)


def with_axes(names):
    """The curriculum with some axes, in this order; α below 1 where it is none."""
    fixed = "" if "alpha" in names else "alpha: 0.5, "
    return fixed + ", ".join(f"{name}: {OPTIONS[name]}" for name in names)


def require_exactly_the_active(space, config):
    """Hold the axes of a configuration against `Section.idle`, apart from `config.conditions`."""
    idle = idle_settings(space.resolve(config))
    assert config.keys() == {path for path in space.axes if idle_of(path, idle) is None}
    assert config.keys() == space.active(config).keys()
    assert all(config[path] in space.axes[path] for path in config)


@settings(max_examples=25)
@given(some_axes, st.sampled_from(["random", "tpe"]), st.integers(0, 9))
def test_a_proposal_has_exactly_the_axes_that_have_an_effect(names, sampler, seed):
    space = space_of(with_axes(names), sampler, trials=9, baselines="", seed=seed)
    for config in Sweep(space).run(9 if space.axes else 1):
        require_exactly_the_active(space, config)


@settings(max_examples=25)
@given(some_axes)
def test_a_grid_holds_each_distinct_configuration_once(names):
    space = space_of(with_axes(names), trials=1, baselines="")
    grid = space.grid_of_axes
    points = [tuple(sorted(grid.point(index).items())) for index in range(grid.size)]
    everything = itertools.product(*(axis.values() for axis in space.axes.values()))
    expected = set()
    for values in everything:
        whole = dict(zip(space.axes, values, strict=True))
        expected.add(tuple(sorted((path, whole[path]) for path in space.active(whole))))
    assert len(set(points)) == len(points)
    assert set(points) == expected


MANY = f"{PACINGS} beta: {{uniform: [0.05, 0.2]}}, pacing_power: {{uniform: [1, 4]}}"


@settings(max_examples=20)
@given(st.sampled_from(["random", "tpe", "cmaes"]), st.integers(1, 23), st.integers(0, 99))
def test_a_resumed_study_proposes_the_same_after_any_number_of_proposals(sampler, cut, seed):
    space = space_of(MANY, sampler, trials=24, seed=seed)
    whole = Sweep(space).run(24)
    begun = Sweep(space)
    begun.run(cut)
    assert begun.resumed().run(24) == whole


def test_a_grid_with_conditional_axes_resumes_where_it_was():
    space = space_of(with_axes(["pacing", "pacing_power", "beta"]), "grid", trials=8)
    assert space.grid_size() == 2 + 3 + 1 + 1
    begun = Sweep(space)
    begun.run(4)
    configs = begun.resumed().run(8)
    assert len({json.dumps(config, sort_keys=True) for config in configs[1:]}) == 7


@pytest.mark.parametrize("sampler", ["tpe", "cmaes"])
def test_a_sampler_learns_of_active_axes_alone(sampler):
    sweep = Sweep(space_of(MANY, sampler, trials=40, baselines=""))
    configs = sweep.run(40)
    assert {config["curriculum.pacing"] for config in configs} == {"full", "linear", "root"}
    for trial, config in zip(sweep.storage.get_all_trials(0), configs, strict=True):
        assert trial.params == config
        assert trial.distributions.keys() == config.keys()


def test_cmaes_still_learns_beside_a_conditional_axis():
    curriculum = "alpha: {uniform: [0.1, 0.9]}, beta: {uniform: [0, 0.3]}, order: {choice:"
    curriculum += " [random, easy_first]}, text_weight: {uniform: [0.2, 0.9], step: 0.1}"
    configs = Sweep(space_of(curriculum, "cmaes", trials=70, baselines="")).run(70)

    def distance(config):
        return abs(config["curriculum.alpha"] - 0.5) + abs(config["curriculum.beta"] - 0.1)

    distances = [distance(config) for config in configs]
    assert {"random", "easy_first"} == {config["curriculum.order"] for config in configs}
    assert sum(distances[-20:]) < 0.6 * sum(distances[:20])


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_a_study_of_an_earlier_version_goes_on_without_its_idle_values(sampler):
    """Earlier versions proposed every axis in every trial, and a grid had each combination."""
    curriculum = (
        "pacing: {choice: [full, linear, root]}, alpha: {choice: [0.2, 0.9]},"
        " beta: {choice: [0.1, 0.2]}, pacing_power: {int: [1, 4]}"
    )
    if sampler != "grid":
        curriculum += ", text_weight: {uniform: [0.2, 0.8]}, trim: {uniform: [0.1, 0.2]}"
    space = space_of(curriculum, sampler, trials=30, recorded=True)
    begun = Sweep(space)
    begun.run(1)
    chance = random.Random(5)  # noqa: S311
    for _ in range(11):
        axes = space.axes.items()
        trial = old_trial(
            begun.study, {p: chance.choice(axis.values() or axis.ends()) for p, axis in axes}
        )
        begun.study.tell(report(trial))
    resumed = begun.resumed()
    logged = [trial.config for trial in resumed.trials]
    for trial, config in zip(resumed.storage.get_all_trials(0)[1:], logged[1:], strict=True):
        assert config.keys() == space.axes.keys()  # as its log has it
        assert trial.params.keys() == space.active(config).keys()
        assert json.loads(trial.user_attrs[CONFIG]) == config
    for config in resumed.run(30)[12:]:
        require_exactly_the_active(space, config)


@pytest.mark.parametrize("lost", [False, True])
def test_a_folder_of_an_earlier_version_goes_on_without_its_idle_values(tmp_path, lost):
    environment = Environment(
        sweep_id=None, settings=None, settings_sha256=None, data_sha256="d" * 64, index_sha256={},
        packages={}, python="3.11", platform="Linux", cpus=2, gpus=[], seed=3, dropped=[],
        command=[],
    )  # fmt: skip
    text = space_of(MANY, "tpe", trials=16, recorded=True).text
    with ResultsWriter.create(tmp_path / "old", text, environment=environment) as writer:
        folder, chance = writer.folder, random.Random(5)  # noqa: S311
        space = load_begun(folder)
        begun = OptunaStudy(space, FileStorage(folder.study))
        for number in range(8):
            values = {p: chance.choice(axis.ends()) for p, axis in space.axes.items()}
            trial = old_trial(begun, values) if number else begun.propose(0, None)
            writer.append(replace(report(trial), identity=trial.identity, config=trial.config))
            begun.tell(writer.records_of(number)[-1])
    if lost:
        folder.study.unlink()
    records = folder.records()
    repair_study(folder.study, records, folder.sweep_id())
    study = OptunaStudy(space, FileStorage(folder.study))
    study.restore(records)
    kept = study.stored()
    assert [trial.config for trial in kept] == [record.config for record in records]
    seen = study._study.get_trials(deepcopy=False)
    for trial, stored in zip(kept[1:], seen[1:], strict=True):
        assert trial.config.keys() == space.axes.keys()
        assert stored.params.keys() == space.active(trial.config).keys()
    for number in range(8, 16):
        require_exactly_the_active(space, study.propose(number, None).config)


def old_trial(study, values):
    """Store a trial as an earlier version did, with parameters for all axes."""
    from class_sweep.tuning.samplers.sampler import distributions
    from class_sweep.tuning.study import _About

    study._study.enqueue_trial(values)
    trial = study._study.ask(distributions(study._space))
    return study._store(trial, values, _About())

# ruff: noqa: ARG002 - Tune's signatures
import pytest
from ray import tune
from ray.tune.execution import tune_controller

from class_sweep.execution.cluster.local import LocalRay
from class_sweep.execution.tune.ray_tune_patches import patched_ray_tune


def test_the_patches_are_undone(tmp_path):
    def parts():
        return (
            tune_controller._ActorClassCache,
            tune_controller.RayActorManager,
            tune.tune.TuneController,
        )

    tunes = parts()
    with patched_ray_tune():
        assert not set(parts()) & set(tunes)
    assert parts() == tunes


class Counts(tune.Callback):
    """Counts the trials that Ray Tune holds whenever one ends."""

    def __init__(self):
        self.held = []

    def on_trial_complete(self, iteration, trials, trial, **info):
        self.held.append(len(trials))

    on_trial_error = on_trial_complete


class OneReport(tune.Trainable):
    """Reports once, or raises: each second trial."""

    def setup(self, config):
        self.number = config["number"]

    def reset_config(self, new_config):
        self.number = new_config["number"]
        return True

    def step(self):
        if self.number % 2:
            raise RuntimeError("it dies")
        return {"done": True}


@pytest.mark.ray
@pytest.mark.filterwarnings("ignore")  # Tune's own
def test_ray_tune_keeps_no_trials_that_have_ended_or_failed(tmp_path):
    counts = Counts()
    with LocalRay(1) as instance:
        instance.start()
        instance.wait()
        with patched_ray_tune():
            analysis = tune.run(
                tune.with_resources(OneReport, {"cpu": 1}),
                name="many",
                storage_path=str(tmp_path),
                config={"number": tune.grid_search(list(range(8)))},
                raise_on_failed_trial=False,
                max_concurrent_trials=1,
                reuse_actors=True,
                callbacks=[counts],
                verbose=0,
            )
    assert len(counts.held) == 8
    assert max(counts.held) <= 3
    assert 1 <= len(analysis.trials) <= 3

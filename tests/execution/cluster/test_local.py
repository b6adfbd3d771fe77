import threading

import pytest
import ray
from ray.tune.execution import tune_controller
from waiting import wait_until

from class_sweep.execution.cluster.local import LocalRay
from class_sweep.execution.tune.ray_tune_patches import patched_ray_tune


def test_leaving_an_instance_that_was_never_started_needs_no_ray():
    with LocalRay(1):
        pass
    assert not ray.is_initialized()
    assert "ray" not in {thread.name for thread in threading.enumerate()}


def test_an_error_at_the_start_of_ray_is_raised_and_leaves_no_process(monkeypatch):
    def broken(**_):
        raise ConnectionError("no loopback")

    monkeypatch.setattr(ray, "init", broken)
    with LocalRay(1) as instance:
        instance.start()
        with pytest.raises(ConnectionError, match="no loopback"):
            instance.wait()
    assert "ray" not in {thread.name for thread in threading.enumerate()}


def test_a_local_instance_ignores_the_address_in_the_environment(monkeypatch):
    arguments = {}
    monkeypatch.setattr(ray, "init", lambda **options: arguments.update(options))
    monkeypatch.setenv("RAY_ADDRESS", "10.0.0.1:6379")
    with LocalRay(1) as instance:
        instance.start()
        instance.wait()
    assert arguments["address"] == "local"
    assert arguments["_node_ip_address"] == "127.0.0.1"


@pytest.mark.ray
def test_an_instance_that_is_still_starting_is_stopped():
    with LocalRay(1) as instance:
        instance.start()  # the preparation beside it has failed
    assert not ray.is_initialized()
    assert "ray" not in {thread.name for thread in threading.enumerate()}


@pytest.mark.ray
def test_an_actor_of_ray_tune_takes_a_worker_that_has_imported_torch(tmp_path):
    import psutil

    def workers():
        children = psutil.Process().children(recursive=True)
        return {c.pid for c in children if c.cmdline()[:1] and c.cmdline()[0].startswith("ray::")}

    class Plain:
        def loaded(self):
            import os
            import sys

            return os.getpid(), "torch._dynamo" in sys.modules

    with LocalRay(1) as instance:
        instance.start()
        instance.wait()
        wait_until(workers, usual=10)
        idle = workers()
        with patched_ray_tune():
            actor = tune_controller._ActorClassCache().get(Plain).options(num_cpus=1).remote()
        pid, warm = ray.get(actor.loaded.remote())
        assert pid in idle
        assert warm
    assert not ray.is_initialized()

import os
import threading
from pathlib import Path

import pytest
import ray
from ray.tune.execution import tune_controller
from waiting import wait_until

from class_sweep.errors import InputError, SweepError
from class_sweep.execution.cluster import local
from class_sweep.execution.cluster.local import LocalRay
from class_sweep.execution.tune.ray_tune_patches import patched_ray_tune


def test_leaving_an_instance_that_was_never_started_needs_no_ray():
    with LocalRay(1):
        pass
    assert not ray.is_initialized()
    assert "ray" not in {thread.name for thread in threading.enumerate()}


def test_an_error_at_the_start_of_ray_is_one_error_and_leaves_nothing(monkeypatch, place):
    def broken(**_):
        raise ConnectionError("no answer\nLast 20 lines of error files: ...")

    monkeypatch.setattr(ray, "init", broken)
    with LocalRay(1) as instance:
        instance.start()
        with pytest.raises(InputError, match=r"Ray must start .*, got: no answer; nothing was"):
            instance.wait()
    assert "ray" not in {thread.name for thread in threading.enumerate()}
    assert not any(place.iterdir())


def test_a_start_that_hangs_is_given_up_in_time(monkeypatch, place):
    release = threading.Event()
    monkeypatch.setattr(ray, "init", lambda **_: release.wait())
    monkeypatch.setattr(local, "START_SECONDS", 0.1)
    monkeypatch.setattr(local, "_STOP_SECONDS", 0.1)
    with LocalRay(1) as instance:
        instance.start()
        with pytest.raises(InputError, match=r"Ray must start .*, got: nothing in 0 s; nothing"):
            instance.wait()
    release.set()
    wait_until(lambda: not any(place.iterdir()))


def test_ray_on_another_address_than_loopback_is_refused(monkeypatch, place):
    monkeypatch.setattr(ray, "init", lambda **_: None)
    monkeypatch.setattr(ray.util, "get_node_ip_address", lambda: "10.0.0.1")
    with LocalRay(1) as instance:
        instance.start()
        with pytest.raises(SweepError, match=r"Ray must listen on 127.0.0.1 alone, got 10.0.0.1"):
            instance.wait()


def test_the_environment_of_a_user_neither_joins_a_cluster_nor_opens_the_instance(
    monkeypatch, place
):
    user = {
        "RAY_ADDRESS": "10.0.0.1:6379",
        "RAY_AUTH_MODE": "disabled",
        "RAY_AUTH_TOKEN": "of-a-cluster",
        "RAY_AUTH_TOKEN_PATH": "/nowhere",
        "RAY_REDIS_ADDRESS": "10.0.0.1:6380",
    }
    for name, value in user.items():
        monkeypatch.setenv(name, value)
    seen = {}
    monkeypatch.setattr(ray, "init", lambda **options: seen.update(options, **os.environ))
    monkeypatch.setattr(ray.util, "get_node_ip_address", lambda: "127.0.0.1")
    with LocalRay(1) as instance:
        instance.start()
        instance.wait()
        token = Path(seen["RAY_AUTH_TOKEN_PATH"])
        assert token.stat().st_mode & 0o777 == 0o600
        assert token.parent.stat().st_mode & 0o777 == 0o700
    assert seen["address"] == "local"
    assert seen["_node_ip_address"] == "127.0.0.1"
    assert Path(seen["_temp_dir"]) == token.parent / "ray"
    assert token.parent.parent == place
    assert seen["RAY_AUTH_MODE"] == "token"
    assert not {"RAY_AUTH_TOKEN", "RAY_REDIS_ADDRESS"} & seen.keys()
    assert {name: os.environ.get(name) for name in user} == user
    assert not any(place.iterdir())


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
        vital = local._vital_processes(Path(os.environ["RAY_AUTH_TOKEN_PATH"]).parent)
        assert sorted(vital.values()) == ["agent", "agent", "control store (gcs_server)", "raylet"]
        assert not local._vital_processes(Path("/tmp/sweep_of_another"))  # noqa: S108
        with patched_ray_tune():
            actor = tune_controller._ActorClassCache().get(Plain).options(num_cpus=1).remote()
        pid, warm = ray.get(actor.loaded.remote())
        assert pid in idle
        assert warm
    assert not ray.is_initialized()

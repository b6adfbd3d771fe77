import logging
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from class_sweep.base.array_cache import ArrayCache, default_cache_folder

ARRAYS = {"counts": np.arange(6, dtype=np.int32).reshape(2, 3), "sigma": np.array([0.5, 0.9])}
KEY = "index-1"


def never():
    raise AssertionError("computed although cached")


def same(first, second):
    return first.keys() == second.keys() and all(
        first[name].dtype == second[name].dtype and np.array_equal(first[name], second[name])
        for name in first
    )


def entry(folder):
    (path,) = folder.glob("*.safetensors")
    return path


def test_the_second_call_reads_the_arrays_of_the_first(tmp_path):
    assert same(ArrayCache(tmp_path / "a" / "b").arrays(KEY, lambda: ARRAYS), ARRAYS)
    assert same(ArrayCache(tmp_path / "a" / "b").arrays(KEY, never), ARRAYS)


@given(
    array=hnp.arrays(
        st.sampled_from([np.float32, np.float64, np.int32, np.int64, np.uint8, np.bool_]),
        hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4),
        elements={"allow_nan": False},
    )
)
@settings(max_examples=40, deadline=None)
def test_every_shape_type_and_layout_is_restored(array):
    with tempfile.TemporaryDirectory() as folder:
        cache = ArrayCache(Path(folder))
        stored = {"plain": array, "transposed": array.T, "sliced": array[..., None][..., ::2]}
        cache.arrays(KEY, lambda: stored)
        assert same(cache.arrays(KEY, never), stored)


def test_every_key_part_counts(tmp_path):
    cache = ArrayCache(tmp_path)
    for row, parts in enumerate([{"seed": 1}, {"seed": 2}, ["seed", 1]]):
        array = cache.get_or_compute(parts, lambda row=row: np.full(2, row), name="lsa")
        assert array.tolist() == [row, row]
    assert cache.get_or_compute({"seed": 2}, never, name="lsa").tolist() == [1, 1]
    assert len(list(tmp_path.glob("lsa-*.safetensors"))) == 3


@given(position=st.floats(0, 1, exclude_max=True), flip=st.integers(1, 255))
@settings(max_examples=60, deadline=None)
def test_an_entry_with_any_changed_byte_is_rebuilt(position, flip):
    with tempfile.TemporaryDirectory() as folder:
        cache = ArrayCache(Path(folder))
        cache.arrays(KEY, lambda: ARRAYS)
        data = bytearray(entry(cache.folder).read_bytes())
        data[int(position * len(data))] ^= flip
        entry(cache.folder).write_bytes(data)
        assert same(cache.arrays(KEY, lambda: ARRAYS), ARRAYS)
        assert same(cache.arrays(KEY, never), ARRAYS)


@pytest.mark.parametrize("size", [0, 1, 7, 8, 40, -1])
def test_a_truncated_entry_is_reported_and_rebuilt(tmp_path, caplog, size):
    cache = ArrayCache(tmp_path)
    cache.arrays(KEY, lambda: ARRAYS)
    whole = entry(tmp_path).read_bytes()
    entry(tmp_path).write_bytes(whole[:size])
    assert same(cache.arrays(KEY, lambda: ARRAYS), ARRAYS)
    assert "rebuilding" in caplog.text
    assert entry(tmp_path).read_bytes() == whole


def test_a_renamed_entry_is_rebuilt(tmp_path, caplog):
    cache = ArrayCache(tmp_path)
    cache.arrays(KEY, lambda: ARRAYS)
    entry(tmp_path).rename(tmp_path / "other.safetensors")
    other = {"counts": np.zeros(1)}
    assert same(cache.arrays("other", lambda: other), other)
    assert "checksum" in caplog.text


def test_the_partial_file_of_a_killed_process_is_replaced(tmp_path):
    (tmp_path / f"{KEY}.tmp").write_bytes(b"half an ent")
    cache = ArrayCache(tmp_path)
    cache.arrays(KEY, lambda: ARRAYS)
    assert same(cache.arrays(KEY, never), ARRAYS)
    assert not list(tmp_path.glob("*.tmp"))


def test_without_a_cache_folder_arrays_are_computed_but_not_saved(tmp_path, caplog):
    (tmp_path / "file").write_text("in the way")
    cache = ArrayCache(tmp_path / "file" / "cache")
    assert same(cache.arrays(KEY, lambda: ARRAYS), ARRAYS)
    assert ["not cached" in record.message for record in caplog.records] == [True]


def test_an_entry_that_cannot_be_written_is_computed_but_not_saved(tmp_path, caplog):
    (tmp_path / f"{KEY}.tmp").mkdir()
    assert same(ArrayCache(tmp_path).arrays(KEY, lambda: ARRAYS), ARRAYS)
    assert ["not cached" in record.message for record in caplog.records] == [True]


def test_on_a_full_disk_arrays_are_computed_but_not_saved(tmp_path):
    script = """
import resource, sys, numpy as np
from pathlib import Path
from class_sweep.base.array_cache import ArrayCache
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))  # larger writes fail
arrays = ArrayCache(Path(sys.argv[1])).arrays("big", lambda: {"x": np.ones(10_000)})
print(arrays["x"].sum())
"""
    stdout, stderr = _python(script, tmp_path).communicate(timeout=30)
    assert stdout.strip() == "10000.0"
    assert "not cached" in stderr
    assert [path.name for path in tmp_path.iterdir()] == ["big.lock"]


def test_an_error_of_the_computation_is_raised_and_nothing_is_saved(tmp_path):
    def fail():
        raise OSError("the model's file is gone")

    with pytest.raises(OSError, match="gone"):
        ArrayCache(tmp_path).arrays(KEY, fail)
    assert not list(tmp_path.glob("*.safetensors"))
    assert same(ArrayCache(tmp_path).arrays(KEY, lambda: ARRAYS), ARRAYS)


def test_text_arrays_and_invalid_keys_are_errors(tmp_path):
    cache = ArrayCache(tmp_path)
    with pytest.raises(TypeError, match="must be numeric, got <U1 for 'tokens'"):
        cache.arrays(KEY, lambda: {"tokens": np.array(["a"])})
    for key in ("", "../up", "a/b", ".hidden"):
        with pytest.raises(ValueError, match="a cache key must be"):
            cache.arrays(key, never)


def test_two_processes_at_once_compute_an_entry_once(tmp_path):
    script = """
import logging, sys, time, numpy as np
from pathlib import Path
from class_sweep.base.array_cache import ArrayCache
folder = Path(sys.argv[1])
class Waits(logging.Handler):
    def emit(self, record):
        (folder / "waits").touch()
logging.basicConfig(level=logging.INFO, handlers=[Waits()])
def compute():
    with open(folder / "computed", "a") as file:
        file.write("once ")
    while not (folder / "waits").exists():
        time.sleep(0.01)
    return np.arange(1000.0)
print(ArrayCache(folder / "cache").get_or_compute(["key"], compute, name="x").sum())
"""
    both = [_python(script, tmp_path) for _ in range(2)]
    assert [process.communicate(timeout=30) for process in both] == [("499500.0\n", "")] * 2
    assert (tmp_path / "computed").read_text() == "once "


def test_a_killed_process_leaves_no_lock(tmp_path):
    script = """
import sys, time
from pathlib import Path
from class_sweep.base.array_cache import ArrayCache
def compute():
    print("computing", flush=True)
    time.sleep(60)
ArrayCache(Path(sys.argv[1])).arrays("index-1", compute)
"""
    process = _python(script, tmp_path)
    assert process.stdout.readline() == "computing\n"
    process.kill()
    process.communicate(timeout=30)
    assert same(ArrayCache(tmp_path).arrays(KEY, lambda: ARRAYS), ARRAYS)


def test_a_waiting_call_is_logged_and_reads_the_finished_entry(tmp_path, caplog):
    caplog.set_level(logging.INFO)
    computing, finish = threading.Event(), threading.Event()

    def slow():
        computing.set()
        finish.wait(10)
        return ARRAYS

    first = threading.Thread(target=lambda: ArrayCache(tmp_path).arrays(KEY, slow))
    first.start()
    computing.wait(10)

    class FinishThen(logging.Filter):
        def filter(self, _record):
            finish.set()
            return True

    with caplog.filtering(FinishThen()):
        assert same(ArrayCache(tmp_path).arrays(KEY, never), ARRAYS)
    first.join()
    assert f"waiting for another process that computes {KEY}" in caplog.text


def test_the_default_folder_is_the_environment_variable_or_the_user_cache(monkeypatch):
    monkeypatch.setenv("CLASS_SWEEP_CACHE", "~/features")
    assert default_cache_folder() == Path.home() / "features"
    monkeypatch.delenv("CLASS_SWEEP_CACHE")
    assert default_cache_folder().name == "class-sweep"


def _python(script, folder):
    return subprocess.Popen(
        [sys.executable, "-c", script, str(folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )

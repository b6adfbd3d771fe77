import pytest

from class_sweep.base.array_cache import ArrayCache
from class_sweep.errors import ResultsError
from class_sweep.results.folder import ResultsWriter
from class_sweep.sweep import resume


def test_a_sweep_that_began_under_another_pruning_is_not_gone_on_with(
    tmp_path, small_space_text, callback
):
    with ResultsWriter.create(tmp_path / "results", small_space_text) as writer:
        writer.write_json(writer.folder.summary, {"pruning": "asha", "seconds": {}})
    with pytest.raises(ResultsError, match=r"began with asha; write pruning\.kind: asha there"):
        resume(tmp_path / "results", cache=ArrayCache(tmp_path), callback=callback)
    assert callback.stages == []

import pytest
from made_sweeps import summary_of

from class_sweep.base.array_cache import ArrayCache
from class_sweep.errors import ResultsError
from class_sweep.results.folder import ResultsWriter
from class_sweep.results.summary import SweepSummary
from class_sweep.sweep import resume


def test_a_sweep_is_not_resumed_under_another_pruner(tmp_path, small_space_text, callback):
    with ResultsWriter.create(tmp_path / "results", small_space_text) as writer:
        tree = summary_of("interrupted", 8)
        writer.write_summary(SweepSummary.model_validate(tree | {"pruning": "asha"}))
    with pytest.raises(ResultsError, match=r"began with asha; write pruning\.kind: asha there"):
        resume(tmp_path / "results", cache=ArrayCache(tmp_path), callback=callback)
    assert callback.stages == []

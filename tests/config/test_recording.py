import pytest

from class_sweep.config.document import parse_space
from class_sweep.config.recording import as_recording
from class_sweep.errors import ConfigError


def test_a_recording_is_the_space_under_several_seeds_without_pruning(small_space_text):
    space = parse_space(small_space_text)
    recording = as_recording(space, 3)
    assert recording.settings.search.record == 3
    assert recording.settings.search.runs == 24
    assert recording.settings.pruning.kind == "none"
    assert recording.axes == space.axes
    same = {"search", "pruning"}
    assert recording.settings.model_dump(exclude=same) == space.settings.model_dump(exclude=same)
    assert parse_space(recording.text).settings == recording.settings  # as `resume` reads it


def test_a_recording_needs_at_least_one_seed(small_space_text):
    with pytest.raises(ConfigError, match=r"search.record: must be at least 1, got 0"):
        as_recording(parse_space(small_space_text), 0)

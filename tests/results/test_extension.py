"""An extension in the results folder: what is written down, and what a kill leaves."""

import pytest

from class_sweep.base.files import write_atomic
from class_sweep.config.document import parse_space
from class_sweep.config.extension import with_trials
from class_sweep.config.settings_changes import flat_settings
from class_sweep.errors import ResultsError
from class_sweep.results.environment import Environment, new_sweep_id, settings_hash
from class_sweep.results.folder import ResultsFolder, ResultsWriter
from class_sweep.results.provenance import extend_begun, hold_environment, load_begun

SPACE = """\
data: {source: names}
text_encoder: {kind: lsa}
molecule_encoder: {kind: morgan}
backbone: {name: contrastive}
curriculum: {alpha: {uniform: [0.2, 0.8], step: 0.1}}
budget: {epochs: 6}
search: {trials: 8, seed: 3, baselines: [paper]}  # a comment
"""


@pytest.fixture
def begun(tmp_path):
    """The environment of a sweep and its folder."""
    settings = flat_settings(parse_space(SPACE))
    environment = Environment(
        sweep_id=new_sweep_id(), settings=settings, settings_sha256=settings_hash(settings),
        data_sha256="d" * 64, index_sha256={}, packages={}, python="3.11", platform="Linux",
        cpus=2, gpus=[], seed=3, dropped=[], command=[],
    )  # fmt: skip
    ResultsWriter.create(tmp_path / "sweep", SPACE, environment=environment).close()
    return environment, ResultsFolder.existing(tmp_path / "sweep")


def extend(folder, trials):
    with ResultsWriter(folder) as writer:
        extend_begun(writer, with_trials(load_begun(folder, to_continue=True), trials))


def test_an_extension_is_recorded_and_the_folder_is_lawful(begun):
    _, folder = begun
    extend(folder, 12)
    extend(folder, 20)
    space, environment = load_begun(folder), folder.read_environment()
    assert space.settings.search.trials == 20
    assert space.extended_from == (8, 12)
    assert "trials: 20, seed: 3, baselines: [paper]}  # a comment" in folder.space.read_text()
    assert [(e.before, e.after, e.reports) for e in environment.extensions] == [
        (8, 12, 0), (12, 20, 0),
    ]  # fmt: skip
    assert environment.settings["search.trials"] == 20


def test_a_kill_before_the_environment_leaves_the_folder_as_it_was(begun, monkeypatch):
    _, folder = begun

    def killed(self, path, text):
        raise KeyboardInterrupt

    monkeypatch.setattr(ResultsWriter, "write", killed)
    with pytest.raises(KeyboardInterrupt):
        extend(folder, 12)
    assert load_begun(folder).settings.search.trials == 8
    assert load_begun(folder).extended_from == ()


def test_a_kill_after_the_environment_leaves_an_extended_sweep(begun, monkeypatch):
    environment, folder = begun
    extend(folder, 12)
    before, write = folder.space.read_text(), ResultsWriter.write

    def killed(self, path, text):
        if path == folder.space:
            raise KeyboardInterrupt
        write(self, path, text)

    monkeypatch.setattr(ResultsWriter, "write", killed)
    with pytest.raises(KeyboardInterrupt):
        extend(folder, 20)
    assert folder.space.read_text() == before
    space = load_begun(folder, to_continue=True)
    assert (space.settings.search.trials, space.extended_from) == (20, (8, 12))
    monkeypatch.undo()
    with ResultsWriter(folder) as writer:  # a resumed sweep completes the extension
        hold_environment(writer, space, environment)
    assert folder.space.read_text() == space.text


def test_an_edited_number_of_trials_is_no_extension(begun):
    _, folder = begun
    extend(folder, 12)
    write_atomic(folder.space, SPACE.replace("trials: 8", "trials: 30"))
    with pytest.raises(ResultsError, match=r"trials 12 → 30; restore it; `class-sweep extend"):
        load_begun(folder)


def test_a_sweep_of_version_0_2_is_not_extended(begun):
    environment, folder = begun
    old = environment.model_copy(update={"settings": None, "settings_sha256": None})
    with ResultsWriter(folder) as writer:
        writer.write_environment(old)
    with pytest.raises(ResultsError, match=r"version 0\.2"):
        extend(folder, 12)
    assert folder.space.read_text() == SPACE

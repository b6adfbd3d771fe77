"""A sweep keeps the plug-in files that it began with, and asks for them again."""

import logging
from hashlib import sha256

import pytest
from plugin_texts import METRIC

from class_sweep.config.document import parse_space
from class_sweep.config.plugin_files import load_plugins, unload_plugins
from class_sweep.config.settings_changes import flat_settings
from class_sweep.errors import ModelError, ResultsError
from class_sweep.results.environment import Environment, settings_hash
from class_sweep.results.folder import ResultsFolder, ResultsWriter
from class_sweep.results.plugins import require_same_plugins
from class_sweep.results.provenance import hold_environment, load_begun

SPACE = """\
data: {source: table, path: /data/pairs.csv}
text_encoder: {kind: lsa}
molecule_encoder: {kind: morgan}
backbone: {name: contrastive}
curriculum: {alpha: {uniform: [0.2, 0.8]}}
budget: {epochs: 6}
search: {trials: 8}
objective: validation/hits@5
"""
CHANGED = METRIC.replace("<= 5", "< 6")
FIRST, SECOND = (sha256(text.encode()).hexdigest() for text in (METRIC, CHANGED))


def environment(plugins: dict[str, list[str]]) -> Environment:
    settings = flat_settings(parse_space(SPACE))
    facts = {
        "sweep_id": "0" * 32, "settings": settings, "settings_sha256": settings_hash(settings),
        "data_sha256": "d" * 64, "features_sha256": "f" * 64, "index_sha256": {}, "packages": {},
        "python": "3.11.7", "platform": "Linux", "cpus": 2, "gpus": [], "seed": 0, "dropped": [],
        "command": [], "plugins": plugins,
    }  # fmt: skip
    return Environment(**facts)


@pytest.fixture
def file(plugin_file):
    return plugin_file(METRIC, "hits.py")


@pytest.fixture
def begun(tmp_path, file):
    """The folder of a sweep that has begun with a plug-in file, which is not loaded now."""
    load_plugins([file])
    began_with = environment({"hits.py": [FIRST]})
    ResultsWriter.create(tmp_path / "sweep", SPACE, environment=began_with).close()
    unload_plugins()
    return ResultsFolder.existing(tmp_path / "sweep")


def test_a_new_folder_has_a_copy_of_the_file_and_its_hash(begun):
    assert (begun.plugins / "hits.py").read_text() == METRIC
    assert begun.read_environment().plugins == {"hits.py": [FIRST]}


@pytest.mark.parametrize("to_continue", [True, False])
def test_a_missing_file_is_asked_for_and_never_taken_from_the_folder(begun, to_continue):
    with pytest.raises(ResultsError) as error:
        load_begun(begun, to_continue=to_continue)
    assert str(error.value) == (
        f"the sweep in {begun.path} needs its plug-in files, and these are not given: hits.py"
        f" (SHA-256 {FIRST}); --plugin hits.py"
    )


@pytest.mark.parametrize("to_continue", [True, False])
def test_the_same_file_is_accepted_from_any_folder(begun, file, plugin_file, to_continue, caplog):
    (file.parent / "elsewhere").mkdir()
    load_plugins([plugin_file(METRIC, "elsewhere/hits.py")])
    assert load_begun(begun, to_continue=to_continue).objective.metric.endswith("hits@5")
    assert not caplog.messages


def test_a_changed_file_is_one_error_with_both_hashes_and_the_option(begun, file):
    file.write_text(CHANGED)
    load_plugins([file])
    with pytest.raises(ResultsError) as error:
        load_begun(begun, to_continue=True)
    assert str(error.value) == (
        f"the sweep in {begun.path} must have the plug-in files that it began with: hits.py had"
        f" SHA-256 {FIRST}, and {file} has {SECOND}; restore it, or accept it with"
        " --accept-changed-plugin"
    )


def test_a_changed_file_is_a_warning_for_a_report(begun, file, caplog):
    file.write_text(CHANGED)
    load_plugins([file])
    load_begun(begun)
    (message,) = caplog.messages
    assert message.endswith(f"has another plug-in file hits.py: SHA-256 {FIRST} → {SECOND}")


def test_an_accepted_change_is_written_down(begun, file, caplog):
    file.write_text(CHANGED)
    load_plugins([file], accept_changes=True)
    space = load_begun(begun, to_continue=True)
    with caplog.at_level(logging.WARNING), ResultsWriter(begun) as writer:
        hold_environment(writer, space, environment({"hits.py": [SECOND]}))
    assert any(f"{FIRST} → {SECOND}" in message for message in caplog.messages)
    assert begun.read_environment().plugins == {"hits.py": [FIRST, SECOND]}
    assert (begun.plugins / "hits.py").read_text() == CHANGED
    unload_plugins()
    load_plugins([file])  # the change was accepted for good
    load_begun(begun, to_continue=True)


def test_a_file_that_the_sweep_did_not_begin_with_is_refused(begun, file, plugin_file):
    load_plugins([file, plugin_file(METRIC.replace("hits@5", "hits@7"), "more.py")])
    with pytest.raises(ResultsError, match=r"more\.py was not there, and .*/more\.py has"):
        load_begun(begun, to_continue=True)


def test_a_model_may_be_evaluated_with_a_further_file_but_not_with_another(file):
    load_plugins([file])
    require_same_plugins({}, "the model", ModelError, may_add=True)
    with pytest.raises(ModelError, match=f"hits.py had SHA-256 {SECOND}"):
        require_same_plugins({"hits.py": [SECOND]}, "the model", ModelError, may_add=True)


def test_an_abandoned_new_folder_leaves_no_copy(begun):
    with ResultsWriter(begun) as writer:
        writer.discard()
    assert not begun.path.exists()

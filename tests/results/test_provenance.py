"""A sweep keeps what it began with: `space.yaml` and the inputs against those of the start."""

import json
import logging
import shutil

import pytest

from class_sweep.config.document import parse_space
from class_sweep.config.settings_changes import flat_settings
from class_sweep.errors import ResultsError
from class_sweep.results.environment import Environment, Provenance, new_sweep_id, settings_hash
from class_sweep.results.folder import ResultsFolder, ResultsWriter
from class_sweep.results.provenance import hold_environment, load_begun, require_same_inputs

SPACE = """\
# a comment
data: {source: table, path: /data/pairs.csv}
text_encoder: {kind: huggingface, model: /models/bert}
molecule_encoder: {kind: mol2vec, vectors: /models/vectors.txt}
backbone: {name: contrastive}
curriculum: {alpha: {uniform: [0.2, 0.8], step: 0.1}, order: {choice: [easy_first, random]}}
optimizer: {lr: 1e-3}
budget: {epochs: 6}
search: {trials: 8, seed: 3, baselines: [paper]}
pruning: {kind: asha}
confirm: {finalists: 2, seeds: 3}
"""


def environment(text: str, **changes) -> Environment:
    settings = flat_settings(parse_space(text))
    facts = {
        "sweep_id": "0" * 32, "settings": settings, "settings_sha256": settings_hash(settings),
        "data_sha256": "d" * 64, "features_sha256": "f" * 64, "index_sha256": {"s": "i" * 64},
        "encoder_sha256": {"text_encoder": "t" * 64}, "packages": {"torch": "2.0", "ray": "2.60"},
        "python": "3.11.7", "platform": "Linux", "cpus": 2, "gpus": [], "seed": 3, "dropped": [],
        "command": [],
    }  # fmt: skip
    return Environment(**facts | changes)


@pytest.fixture
def begun(tmp_path):
    """The folder of a sweep that has begun."""
    ResultsWriter.create(tmp_path / "sweep", SPACE, environment=environment(SPACE)).close()
    return ResultsFolder.existing(tmp_path / "sweep")


def edit(folder, old, new):
    text = folder.space.read_text()
    assert old in text
    folder.space.write_text(text.replace(old, new))


@pytest.mark.parametrize("to_continue", [True, False])
def test_an_unchanged_space_is_accepted(begun, to_continue):
    assert load_begun(begun, to_continue=to_continue).settings.search.seed == 3


@pytest.mark.parametrize("to_continue", [True, False])
@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("seed: 3", "seed: 77", "search.seed 3 → 77"),
        ("lr: 1e-3", "lr: 1e-2", "optimizer.lr 0.001 → 0.01"),
        ("epochs: 6", "epochs: 20", "budget.epochs 6 → 20"),
        ("trials: 8", "trials: 9", "search.trials 8 → 9"),
        ("[paper]", "[full_data]", "search.baselines ['paper'] → ['full_data']"),
        ("kind: asha", "kind: none", "pruning.kind asha → none"),
        ("[0.2, 0.8]", "[0.2, 0.9]", "{uniform: [0.2, 0.8], step: 0.1} → {uniform: [0.2, 0.9]"),
        ("alpha: {uniform: [0.2, 0.8], step: 0.1}", "alpha: 0.5", "step: 0.1} → 0.5"),
        ("[easy_first, random]", "[random, easy_first]", "curriculum.order {choice:"),
        ("{lr: 1e-3}", "{lr: 1e-3, warmup: 0.1}", "optimizer.warmup 0.05 → 0.1"),
        ("seeds: 3", "seeds: 5", "confirm.seeds 3 → 5"),
        ("budget:", "objective: validation/hits@1\nbudget:", "objective validation/mrr →"),
    ],
)  # fmt: skip
def test_changed_settings_are_refused_with_what_changed(begun, old, new, told, to_continue):
    edit(begun, old, new)
    with pytest.raises(ResultsError) as error:
        load_begun(begun, to_continue=to_continue)
    assert told in str(error.value)
    assert str(begun.space) in str(error.value)


def test_every_changed_setting_is_listed_and_no_other(begun):
    edit(begun, "lr: 1e-3", "lr: 0.01")
    edit(begun, "epochs: 6", "epochs: 8")
    with pytest.raises(
        ResultsError, match=r"others: budget.epochs 6 → 8, optimizer.lr 0.001 → 0.01;"
    ):
        load_begun(begun)


@pytest.mark.parametrize(
    ("old", "new", "hint"),
    [
        ("trials: 8", "trials: 12", "class-sweep extend .* gives a sweep more trials"),
        ("seeds: 3", "seeds: 5", "the options of `class-sweep confirm"),
        ("pairs.csv", "moved.csv", "class-sweep resume"),
        ("seed: 3", "seed: 4", "run the changed space into a new folder"),
    ],
)
def test_the_message_names_the_lawful_way(begun, old, new, hint):
    edit(begun, old, new)
    with pytest.raises(ResultsError, match=hint):
        load_begun(begun)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("# a comment", "# another"),
        ("optimizer: {lr: 1e-3}", "optimizer:\n  lr: 0.001  # the same"),
        ("kind: asha", "{kind: asha}".strip("{}")),
        ("budget: {epochs: 6}", "resources: {cpus: 2, retries: 5}\nbudget: {epochs: 6}"),
        ("budget: {epochs: 6}", "tracking: {tensorboard: true}\nbudget: {epochs: 6}"),
        ("seed: 3", "max_concurrent: 1, seed: 3"),
        ("model: /models/bert", "model: /models/bert, batch_size: 8"),
    ],
)
def test_comments_and_the_execution_may_change(begun, old, new):
    edit(begun, old, new)
    load_begun(begun)


def test_a_default_that_is_written_out_is_no_change(begun):
    edit(begun, "{lr: 1e-3}", "{lr: 1e-3, warmup: 0.05}")
    load_begun(begun)


def test_a_setting_that_a_later_version_adds_counts_only_if_it_is_set(begun):
    tree = json.loads(begun.environment.read_text())
    del tree["settings"]["optimizer.warmup"]
    begun.environment.write_text(
        json.dumps(tree | {"settings_sha256": settings_hash(tree["settings"])})
    )
    load_begun(begun)
    edit(begun, "{lr: 1e-3}", "{lr: 1e-3, warmup: 0.1}")
    with pytest.raises(ResultsError, match=r"optimizer\.warmup not set → 0\.1"):
        load_begun(begun)


def test_altered_settings_of_the_start_are_refused(begun):
    begun.environment.write_text(begun.environment.read_text().replace("0.001", "0.01"))
    with pytest.raises(ResultsError, match=r"environment\.json.*settings_sha256"):
        load_begun(begun)


# --- the inputs -----------------------------------------------------------------------------------


def hold(folder, now):
    with ResultsWriter(folder) as writer:
        hold_environment(writer, load_begun(folder, to_continue=True), now)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"data_sha256": "e" * 64}, "the data that it began with"),
        ({"encoder_sha256": {"text_encoder": "u" * 64}}, "the text_encoder that it began with"),
        ({"encoder_sha256": {}}, "the text_encoder that it began with"),
    ],
)
def test_other_inputs_are_refused(begun, change, told):
    with pytest.raises(ResultsError, match=told):
        hold(begun, environment(SPACE, **change))


def test_other_versions_are_one_warning_that_names_each(begun, caplog):
    versions = {"packages": {"torch": "2.1", "ray": "2.60"}, "python": "3.12.1"}
    with caplog.at_level(logging.WARNING):
        hold(begun, environment(SPACE, **versions))
    (message,) = caplog.messages
    assert "Python 3.11.7 → 3.12.1, torch 2.0 → 2.1" in message
    assert "ray" not in message


def test_a_sweep_keeps_its_id_and_its_environment(begun):
    before = begun.environment.read_bytes()
    hold(begun, environment(SPACE, sweep_id=new_sweep_id(), cpus=64))
    assert begun.environment.read_bytes() == before


def test_inputs_that_moved_are_written_down_once_their_content_was_checked(begun):
    edit(begun, "/data/pairs.csv", "/new/pairs.csv")
    with pytest.raises(ResultsError, match=r"data\.path /data/pairs\.csv → /new"):
        load_begun(begun)
    with pytest.raises(ResultsError, match="the data that it began with"):
        hold(begun, environment(SPACE, data_sha256="e" * 64))
    hold(begun, environment(SPACE))
    assert load_begun(begun).settings.data.path.name == "pairs.csv"
    assert begun.read_environment().sweep_id == "0" * 32


def test_a_changed_execution_is_a_warning(begun, caplog):
    edit(begun, "budget:", "resources: {cpus: 4}\nbudget:")
    with caplog.at_level(logging.WARNING):
        hold(begun, environment(SPACE))
    assert "resources.cpus 1.0 → 4.0" in caplog.text


def test_an_environment_that_is_lost_is_an_error_once_something_was_trained(begun, record):
    begun.environment.unlink()
    hold(begun, environment(SPACE))  # nothing was trained: the sweep begins now
    with ResultsWriter(begun) as writer:
        writer.append(record(0))
    begun.environment.unlink()
    with pytest.raises(ResultsError, match=r"environment\.json"):
        hold(begun, environment(SPACE))
    assert not begun.environment.exists()


def test_a_log_of_version_0_2_without_its_environment_does_not_continue(begun, record):
    begun.environment.unlink()
    with ResultsWriter(begun) as writer:
        writer.append(record(0))
    assert len(begun.records()) == 1
    with pytest.raises(ResultsError, match="what the sweep began with"):
        hold(begun, environment(SPACE))


def test_a_folder_of_version_0_2_continues_with_a_word(begun, record, caplog):
    old = environment(SPACE, settings=None, settings_sha256=None, sweep_id=None,
                      features_sha256=None, encoder_sha256={})  # fmt: skip
    begun.environment.write_text(old.model_dump_json())
    edit(begun, "lr: 1e-3", "lr: 1e-2")
    with pytest.raises(ResultsError, match="learn_temperature: true, and temperature"):
        hold(begun, environment(SPACE))
    edit(begun, "contrastive", "contrastive, learn_temperature: true, temperature: 0.07")
    with pytest.raises(ResultsError, match=r"yaml:10: pruning: .* write rungs: samples"):
        hold(begun, environment(SPACE))
    edit(begun, "kind: asha", "kind: asha, rungs: samples")
    with caplog.at_level(logging.WARNING):
        hold(begun, environment(SPACE))
    assert "version 0.2" in caplog.text
    with ResultsWriter(begun) as writer:
        writer.append(record(0))
    assert "check" not in json.loads(begun.trials.read_text())


def test_features_that_differ_in_their_last_digits_are_a_warning(caplog):
    begun = environment(SPACE)
    with caplog.at_level(logging.WARNING):
        require_same_inputs(
            begun, environment(SPACE, features_sha256="g" * 64), "the sweep", ResultsError
        )
    assert "features differ" in caplog.text


def test_a_copied_folder_is_the_same_sweep(begun, tmp_path):
    shutil.copytree(begun.path, tmp_path / "copy")
    load_begun(ResultsFolder.existing(tmp_path / "copy"))


def test_the_provenance_of_a_folder_of_version_0_2_is_readable():
    assert (
        Provenance(packages={}, python="3.11.7", data_sha256="d", index_sha256={}).settings is None
    )


@pytest.fixture
def of_old_version(tmp_path):
    """A function that makes the folder of a sweep of an old version, with batches of a kind."""

    def make(batches: str) -> ResultsFolder:
        text = SPACE.replace("curriculum: {", f"curriculum: {{batching: {batches}, group_size: 4, ")
        begun = environment(SPACE)
        settings = {**(begun.settings or {}), "curriculum.batching": batches}
        old = begun.model_copy(
            update={"settings": settings, "settings_sha256": settings_hash(settings)}
        )
        ResultsWriter.create(tmp_path / "old", text, environment=old).close()
        return ResultsFolder.existing(tmp_path / "old")

    return make


def test_a_sweep_of_random_batches_that_an_old_version_wrote_down_continues(of_old_version):
    folder = of_old_version("random")
    for to_continue in (True, False):
        assert load_begun(folder, to_continue=to_continue).settings.search.seed == 3


def test_a_sweep_with_removed_settings_can_be_read_and_not_continued(of_old_version):
    folder = of_old_version("{choice: [random, neighbourhood]}")
    space = load_begun(folder)
    assert "curriculum.batching" not in space.axes
    with pytest.raises(ResultsError, match=r"got curriculum\.batching .*neighbourhood.* removed"):
        load_begun(folder, to_continue=True)

"""A transformer over SMILES is trained with the backbone, beside any text encoder."""

import json
import shutil

import numpy as np
import pytest
import torch

from class_sweep import Model, train
from class_sweep.backbones.batch import TokenIds
from class_sweep.base.array_cache import NoCache
from class_sweep.config.document import parse_space
from class_sweep.config.identity import identity
from class_sweep.config.inputs import HuggingFaceSmilesEncoder
from class_sweep.encoders.encoder import fit_molecule_encoder
from class_sweep.encoders.hub import find_model
from class_sweep.encoders.pretrained import load_model
from class_sweep.errors import EncoderError
from class_sweep.preparation.clock import Clock
from class_sweep.preparation.footprint import checkpoint_bytes, trial_bytes
from class_sweep.preparation.prepare import prepare
from class_sweep.results.callback import Callback
from class_sweep.training.encoding import embed_molecules
from class_sweep.training.features import TrialFeatures
from class_sweep.training.loop import Trainer

CPU = torch.device("cpu")
SPACE = """\
data: {{source: names, limit: 120}}
text_encoder: {text}
molecule_encoder: {{kind: huggingface, model: {roberta}, trainable: {trainable}, max_tokens: 40}}
backbone: {{name: {name}, hidden: 16, dimension: 8}}
curriculum: {{order: hard_first, alpha: 0.5, sigma: {{quantile: 0.8}}{more}}}
optimizer: {{lr: 3e-3, molecule_encoder_lr: 1e-3, batch_size: 16, micro_batch_size: {micro}}}
budget: {{epochs: 2}}
search: {{trials: 1}}
"""
LSA = "{kind: lsa, dimensions: 16}"


@pytest.fixture
def space(tiny_roberta):
    def build(trainable="true", text=LSA, name="contrastive", micro=16, more=""):
        return parse_space(
            SPACE.format(
                text=text, roberta=tiny_roberta, trainable=trainable, name=name, micro=micro,
                more=more,
            ),
            "space.yaml",
        )  # fmt: skip

    return build


@pytest.fixture
def features(cache):
    return lambda space: prepare(space, cache, Clock(), Callback()).features


def weights(trainer):
    return {name: value.clone() for name, value in trainer.backbone.state_dict().items()}


@pytest.mark.parametrize(("trainable", "trained_text"), [("true", False), ("last_1", True)])
def test_the_transformer_is_trained_beside_any_text_encoder(
    trainable, trained_text, space, features, tiny_bert
):
    text = f"{{model: {tiny_bert}, trainable: last_1, max_tokens: 16}}" if trained_text else LSA
    built = space(trainable, text)
    trainer = Trainer(built.settings, features(built))
    before = weights(trainer)
    trainer.train_to(3)
    changed = {
        name for name, value in trainer.backbone.state_dict().items()
        if not torch.equal(value, before[name])
    }  # fmt: skip
    of_molecules = {name for name in before if name.startswith("molecule_encoder.model.")}
    trained = {name for name in of_molecules if trainable == "true" or ".layer.1." in name}
    # The bias of the keys cancels in the softmax, and the embedding of positions is not read whole.
    kept = {name for name in trained if "attention.self.key.bias" in name or "_ids" in name}
    assert changed & of_molecules >= trained - kept
    assert not changed & of_molecules - trained
    assert any(name.startswith("text_encoder.model.") for name in changed) == trained_text
    peaks = {group["peak"] for group in trainer._optimizer.param_groups}
    assert peaks == {3e-3, 1e-3}


def test_before_training_a_vector_is_the_one_of_the_frozen_encoder(space, features):
    built = space()
    trainer, given = Trainer(built.settings, features(built)), features(built)
    trainer.backbone.eval()
    rows = np.arange(20)
    with torch.no_grad():
        molecules = trainer.backbone.molecule_encoder(given.molecules(rows, CPU))
    frozen_vectors = torch.from_numpy(given.molecule[rows])  # may be computed in bfloat16
    assert torch.cosine_similarity(molecules.vectors, frozen_vectors).min() > 0.999
    assert isinstance(given.molecules(rows, CPU), TokenIds)
    frozen = space("false")
    assert features(frozen).molecule_tokens is None
    assert np.array_equal(features(frozen).molecule, given.molecule)


def test_an_embedding_does_not_depend_on_the_length_of_its_neighbours(space, features):
    built = space()
    trainer, given = Trainer(built.settings, features(built)), features(built)
    rows = np.arange(30)
    together = embed_molecules(trainer.backbone, given, rows, CPU)
    alone = [embed_molecules(trainer.backbone, given, rows[i : i + 1], CPU) for i in rows]
    torch.testing.assert_close(torch.cat(alone), together, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("micro", [16, pytest.param(5, marks=pytest.mark.long)])
def test_a_resumed_training_equals_an_uncut_one_to_the_bit(micro, space, features, tmp_path):
    built = space(micro=micro, more=", trim: 0.1, hard_negatives: 0.5")
    given = features(built)
    uncut = Trainer(built.settings, given)
    uncut.train_to(uncut.schedule.steps)
    cut = Trainer(built.settings, given)  # seeds the random state of the process
    cut.train_to(3)
    cut.save(tmp_path / "state.pt")
    resumed = Trainer(built.settings, given)
    resumed.restore(tmp_path / "state.pt")
    resumed.train_to(resumed.schedule.steps)
    for name, value in weights(uncut).items():
        assert torch.equal(value, weights(resumed)[name]), name


def test_the_tokens_are_shared_as_the_other_features(space, features):
    given = features(space())
    shared = TrialFeatures.from_arrays(given.arrays())
    shared.require_unaltered()
    assert np.array_equal(shared.molecule_tokens.values, given.molecule_tokens.values)
    assert np.array_equal(shared.molecule_tokens.offsets, given.molecule_tokens.offsets)
    assert not given.are_vectors
    rows = given.rows("train")
    assert np.array_equal(given.pair_lengths(rows), given.molecule_tokens.lengths(rows))
    assert features(space("false")).pair_lengths(rows) is None


@pytest.mark.long
def test_the_footprint_counts_the_trained_layers(space, features):
    sizes = {}
    for trainable in ("false", "last_1", "true"):
        built = space(trainable)
        given = features(built)
        sizes[trainable] = checkpoint_bytes(built, given), trial_bytes(built, given)
    for size in (0, 1):
        assert sizes["false"][size] < sizes["last_1"][size] < sizes["true"][size]


@pytest.mark.long
def test_a_model_encodes_new_molecules_with_its_trained_transformer(space, tmp_path, cache):
    built = space()
    (tmp_path / "config.yaml").write_text(built.text)
    train(tmp_path / "config.yaml", tmp_path / "model")
    model = Model.load(tmp_path / "model")
    [hit, *_] = model.retrieve(smiles="CCCCCCCO", top=3)
    assert hit.text in model.pairs.texts
    evaluation = model.evaluate("test")
    assert evaluation.ceilings["split/text_to_molecule"].hits_at_1 == 1
    assert model.manifest.molecule_files is not None


@pytest.mark.long
def test_margins_as_a_difficulty_train_the_transformer(space, features):
    built = space(more=", difficulty: margin, margin_epochs: 1")
    [numbers] = features(built).difficulties.values()
    assert np.isfinite(numbers).all()


def test_an_unknown_number_of_layers_names_the_setting(space, cache):
    with pytest.raises(EncoderError, match=r"molecule_encoder\.trainable must be at most last_2"):
        prepare(space("last_3"), cache, Clock(), Callback())


def test_a_model_that_brings_its_own_code_is_one_error_and_nothing_of_it_runs(
    tiny_roberta, tmp_path
):
    folder = shutil.copytree(tiny_roberta, tmp_path / "molformer")
    config = json.loads((folder / "config.json").read_text())
    config["model_type"] = "molformer"
    names = {"AutoConfig": "configuration_molformer.C", "AutoModel": "modeling_molformer.M"}
    config["auto_map"] = names
    (folder / "config.json").write_text(json.dumps(config))
    ran = tmp_path / "ran"
    for name in ("configuration_molformer.py", "modeling_molformer.py"):
        (folder / name).write_text(f"open({str(ran)!r}, 'w')")
    settings = HuggingFaceSmilesEncoder(kind="huggingface", model=str(folder))
    encoder = fit_molecule_encoder(settings, ["CCO"], np.arange(1), cache=NoCache())
    with pytest.raises(
        EncoderError, match=r"code of a model's folder is never run .*configuration_"
    ):
        encoder.encode(["CCO"], cache=NoCache())
    with pytest.raises(EncoderError, match="trust_remote_code stays off"):
        load_model(find_model(str(folder)).folder, CPU, torch.float32)
    assert not ran.exists()


def test_new_settings_at_their_defaults_keep_the_identity_of_a_trial():
    text = SPACE.replace(", molecule_encoder_lr: 1e-3", "").replace(
        "{{kind: huggingface, model: {roberta}, trainable: {trainable}, max_tokens: 40}}",
        "{{kind: morgan}}",
    )
    space = parse_space(text.format(text=LSA, name="contrastive", micro=4, more=""), "space.yaml")
    assert identity(space.settings) == "2547178b7984"

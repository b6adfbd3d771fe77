"""The transformer inside a trial: its trained layers and its output."""

import dataclasses

import numpy as np
import pytest
import torch
from torch import nn

from class_sweep.backbones.backbone import build_backbone
from class_sweep.backbones.batch import Batch, TokenIds
from class_sweep.backbones.trained_transformer import TextTransformer
from class_sweep.base.ragged import Ragged
from class_sweep.config.components import BACKBONES
from class_sweep.config.inputs import HuggingFaceEncoder
from class_sweep.config.sections import Optimizer
from class_sweep.errors import EncoderError

IDS = [[2, 5, 3], [2, 4, 6, 7, 3], [2, 3], [2, 7, 3], [2, 5, 5, 4, 3], [2, 6, 3]]


def token_ids(rows):
    return TokenIds.of(Ragged.of([np.array(row, np.int32) for row in rows], np.zeros(0, np.int32)))


@pytest.fixture
def load(tiny_bert):
    def build(trainable, depths=None, **changes):
        settings = HuggingFaceEncoder(model=str(tiny_bert), trainable=trainable, **changes)
        return TextTransformer(settings, depths)

    return build


@pytest.fixture
def trained_inputs(tiny_bert, inputs):
    """The inputs of a backbone with a transformer that is trained."""
    encoder = HuggingFaceEncoder(model=str(tiny_bert), trainable=True)
    return dataclasses.replace(inputs, text_width=16, transformer=encoder)


def test_a_text_has_the_same_encoding_in_every_batch_and_when_frozen(load, tiny_bert):
    from transformers import BertModel

    encoder = load(True, (0.5, 1.0)).eval()
    together = encoder(token_ids(IDS))
    model = BertModel.from_pretrained(tiny_bert).eval()
    for row, ids in enumerate(IDS):
        alone = encoder(token_ids([ids]))
        hidden = model(input_ids=torch.tensor([ids]), output_hidden_states=True).hidden_states
        torch.testing.assert_close(alone.sentence, together.sentence[row : row + 1])
        torch.testing.assert_close(alone.sentence[0], hidden[2][0].mean(0))
        torch.testing.assert_close(together.tokens.mean[row], hidden[1][0].mean(0))
        torch.testing.assert_close(together.tokens.states[row, : len(ids)], hidden[2][0])
    assert together.tokens.mask.sum(1).tolist() == [len(ids) for ids in IDS]


def test_cls_pooling_takes_the_first_token(load):
    encoder = load(True, (0.5, 1.0), pooling="cls").eval()
    texts = encoder(token_ids(IDS))
    assert torch.equal(texts.sentence, texts.tokens.states[:, 0])


def trained(encoder):
    return {name for name, parameter in encoder.named_parameters() if parameter.requires_grad}


def test_all_layers_or_the_last_ones_are_trained(load):
    whole = {name for name, _ in load(True).named_parameters()}
    assert trained(load(True)) == whole
    last = trained(load("last_1"))
    assert last == {name for name in whole if ".layer.1." in name}
    assert trained(load("last_2")) == {name for name in whole if ".layer." in name}
    assert not any("pooler" in name for name in whole)


def test_layers_that_are_not_trained_run_without_dropout_and_gradients(load):
    encoder = load("last_1", (0.5, 1.0)).train()
    dropouts = {n: m.training for n, m in encoder.named_modules() if isinstance(m, nn.Dropout)}
    assert any(dropouts.values())
    assert all(".layer.1." in name for name, on in dropouts.items() if on)
    lower, again = (encoder(token_ids(IDS)).tokens for _ in range(2))
    assert torch.equal(lower.mean, again.mean)
    assert not lower.mean.requires_grad
    assert not torch.equal(lower.states, again.states)
    encoder.eval()
    assert not any(m.training for m in encoder.modules())


def test_training_more_layers_than_the_model_has_is_an_error(load):
    with pytest.raises(EncoderError, match=r"at most last_2, the layers of the model, got last_3"):
        load("last_3")


@pytest.mark.parametrize("name", sorted(BACKBONES))
def test_a_transformer_is_trained_at_its_own_rate(name, settings, trained_inputs, batch):
    torch.manual_seed(0)
    backbone = build_backbone(settings(name), trained_inputs).train()
    tokens = Batch(token_ids(IDS), batch.molecules)
    groups = backbone.parameter_groups(Optimizer(lr=1e-2, text_encoder_lr=1e-3))
    encoder = {id(p) for p in backbone.text_encoder.parameters()}
    for group in groups:
        of_encoder = {id(p) in encoder for p in group["params"]}
        assert of_encoder == {group["peak"] == 1e-3}
    optimizer = torch.optim.AdamW(groups, lr=1e-2)
    before = {n: p.detach().clone() for n, p in backbone.text_encoder.named_parameters()}
    losses = []
    for _ in range(12):
        optimizer.zero_grad()
        sides = backbone.encode_texts(tokens.texts), backbone.encode_molecules(tokens.molecules)
        loss = torch.stack(list(backbone.loss_parts(*sides).values())).sum()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0]
    for parameter_name, parameter in backbone.text_encoder.named_parameters():
        assert not torch.equal(parameter, before[parameter_name]), parameter_name

"""The contract of every registered backbone, in each of its forms."""

import math

import pytest
import torch

from class_sweep.backbones.backbone import Backbone, Needs, backbone_class, build_backbone
from class_sweep.backbones.batch import Batch
from class_sweep.config.components import BACKBONES
from class_sweep.config.sections import Optimizer

FORMS = [
    *((name, {}) for name in sorted(BACKBONES)),
    ("text2mol", {"molecule": "gcn"}),
    ("contrastive", {"molecule": "gin"}),
]


@pytest.fixture(params=FORMS, ids=lambda form: "-".join([form[0], *form[1].values()]))
def build(request, settings, inputs):
    """Builds the backbone from a seed, with changes of its settings."""
    name, form = request.param

    def fresh(seed: int = 0, **changes: object) -> Backbone:
        torch.manual_seed(seed)
        return build_backbone(settings(name, **form, **changes), inputs)

    return fresh


def sides(backbone: Backbone, batch: Batch):
    return backbone.encode_texts(batch.texts), backbone.encode_molecules(batch.molecules)


def total_loss(backbone: Backbone, batch: Batch) -> torch.Tensor:
    return torch.stack(list(backbone.loss_parts(*sides(backbone, batch)).values())).sum()


def test_every_registered_backbone_has_settings_and_names_its_loss_parts(build):
    backbone = build()
    assert isinstance(backbone, Backbone)
    assert len(set(backbone.parts)) == len(backbone.parts) > 0


@pytest.mark.parametrize("name", BACKBONES)
def test_the_settings_of_every_backbone_are_registered(settings, name):
    section = settings(name)
    assert section.name == name
    assert backbone_class(section) is BACKBONES.load(name)
    assert isinstance(backbone_class(section).needs(section), Needs)


def test_embeddings_are_unit_vectors_of_one_space(build, batch):
    texts, molecules = (side["embedding"] for side in sides(build().eval(), batch))
    assert texts.shape == molecules.shape
    assert texts.ndim == 2
    assert len(texts) == 6
    for embedded in (texts, molecules):
        assert embedded.dtype == torch.float32
        torch.testing.assert_close(embedded.norm(dim=1), torch.ones(6))


def test_the_loss_has_named_finite_scalar_parts(build, batch):
    backbone = build().train()
    parts = backbone.loss_parts(*sides(backbone, batch))
    assert parts
    assert tuple(parts) == backbone.parts
    for name, part in parts.items():
        assert name.isidentifier()
        assert part.shape == ()
        assert torch.isfinite(part)
        assert part.requires_grad


@pytest.mark.parametrize("name", sorted(BACKBONES))
def test_every_learned_temperature_is_bounded(name, settings, inputs, batch):
    has_temperature = "temperature" in BACKBONES.settings_class(name).model_fields
    learned = {"learn_temperature": True} if has_temperature else {}
    backbone = build_backbone(settings(name, **learned), inputs)
    scales = [p for name, p in backbone.named_parameters() if "log_scale" in name]
    assert bool(scales) == has_temperature
    assert all(scale.requires_grad for scale in scales)
    for scale, bounded in ((99.0, 99.0), (101.0, 100.0), (1e30, 100.0)):
        with torch.no_grad():
            for log_scale in scales:
                log_scale.fill_(math.log(scale))
        backbone.loss_parts(*sides(backbone, batch))
        assert [s.exp().item() for s in scales] == pytest.approx([bounded] * len(scales))


def test_gradients_reach_every_parameter(build, batch):
    backbone = build(dropout=0.0).train()
    encoded = sides(backbone, batch)
    torch.stack(list(backbone.loss_parts(*encoded).values())).sum().backward()
    if backbone.critic:
        assert all(parameter.grad is None for parameter in backbone.critic.parameters())
        backbone.critic.loss(*(side["embedding"] for side in encoded)).backward()
    for name, parameter in backbone.named_parameters():
        if "log_scale" in name:  # a fixed temperature
            assert parameter.grad is None
            continue
        assert parameter.grad is not None, name
        assert torch.isfinite(parameter.grad).all(), name
        last_bias = name.endswith("adversary.score.4.bias")  # a constant in both scores cancels
        assert last_bias or parameter.grad.any(), name


def test_every_logit_is_the_score_of_its_own_text_and_molecule(build, batch, pairs):
    backbone = build().eval()
    texts, molecules = sides(backbone, batch)
    logits = backbone.logits(texts, molecules)
    assert logits.shape == (6, 6)
    for row, column in ((0, 0), (1, 4), (5, 2)):
        text, _ = sides(backbone, pairs([row]))
        _, molecule = sides(backbone, pairs([column]))
        alone = backbone.logits(text, molecule)
        torch.testing.assert_close(alone[0, 0], logits[row, column], atol=1e-4, rtol=1e-4)


def test_an_embedding_does_not_depend_on_its_batch(build, batch, pairs):
    backbone = build().eval()
    together = sides(backbone, batch)
    backwards = sides(backbone, pairs([5, 4, 3, 2, 1, 0]))
    alone = [sides(backbone, pairs([row])) for row in range(6)]
    for side in (0, 1):
        embedded = together[side]["embedding"]
        one_by_one = torch.cat([encoded[side]["embedding"] for encoded in alone])
        torch.testing.assert_close(one_by_one, embedded)
        torch.testing.assert_close(backwards[side]["embedding"].flip(0), embedded)


def test_a_pair_score_depends_on_its_own_text_and_molecule_alone(build, pairs):
    backbone = build().eval()
    texts, molecules = [0, 1, 2, 2], [0, 3, 2, 4]  # two of the pairs are wrong

    def scores(text_rows, molecule_rows):
        text, _ = sides(backbone, pairs(text_rows))
        _, molecule = sides(backbone, pairs(molecule_rows))
        return backbone.pair_scores(text, molecule)

    together = scores(texts, molecules)
    assert together.shape == (4,)
    alone = [scores([t], [m]) for t, m in zip(texts, molecules, strict=True)]
    torch.testing.assert_close(torch.cat(alone), together)
    torch.testing.assert_close(scores(texts[::-1], molecules[::-1]).flip(0), together)
    if not backbone.reranks:
        text, _ = sides(backbone, pairs(texts))
        _, molecule = sides(backbone, pairs(molecules))
        inner = (text["embedding"] * molecule["embedding"]).sum(1)
        torch.testing.assert_close(together, inner)


def test_a_seed_gives_one_initialisation(build):
    first, same, other = build(3).state_dict(), build(3).state_dict(), build(4).state_dict()
    assert all(torch.equal(first[name], same[name]) for name in first)
    assert not all(torch.equal(first[name], other[name]) for name in first)


def test_shared_atom_vectors_are_not_trained(build, batch, inputs):
    before = inputs.atom_vectors.copy()
    backbone = build().train()
    optimizer = torch.optim.AdamW(backbone.parameter_groups(Optimizer()), lr=0.1)
    total_loss(backbone, batch).backward()
    optimizer.step()
    assert (inputs.atom_vectors == before).all()


def test_every_parameter_is_in_one_group_of_one_optimizer(build):
    backbone = build()
    groups = list(backbone.parameter_groups(Optimizer()))
    if backbone.critic:
        groups += backbone.critic.optimizer().param_groups
    grouped = [id(parameter) for group in groups for parameter in group["params"]]
    assert len(grouped) == len(set(grouped))
    assert set(grouped) == {
        id(parameter) for name, parameter in backbone.named_parameters() if "log_scale" not in name
    }


def test_only_matrices_are_decayed(build):
    for group in build().parameter_groups(Optimizer(weight_decay=0.3, lr=0.02)):
        decays = {parameter.ndim > 1 for parameter in group["params"]}
        assert decays <= {group["weight_decay"] == 0.3}
        assert group["weight_decay"] in (0.3, 0.0)
        assert group["peak"] == 0.02


def test_a_frozen_parameter_is_in_no_group(build):
    backbone = build()
    frozen = next(backbone.parameters()).requires_grad_(False)
    groups = backbone.parameter_groups(Optimizer())
    assert not any(parameter is frozen for group in groups for parameter in group["params"])


def test_training_lowers_the_loss_and_finds_partners(build, batch):
    backbone = build(dropout=0.0).train()
    optimizer = torch.optim.AdamW(backbone.parameter_groups(Optimizer(weight_decay=0)), lr=0.01)
    before = total_loss(backbone, batch).item()
    for _ in range(40):
        optimizer.zero_grad()
        total_loss(backbone, batch).backward()
        optimizer.step()
    assert total_loss(backbone, batch).item() < before / 2
    texts, molecules = (side["embedding"] for side in sides(backbone.eval(), batch))
    assert (texts @ molecules.T).argmax(dim=1).tolist() == list(range(6))


def test_a_restored_backbone_embeds_the_same(build, batch):
    original, restored = build(1).eval(), build(2).eval()
    restored.load_state_dict(original.state_dict())
    for before, after in zip(sides(original, batch), sides(restored, batch), strict=True):
        assert torch.equal(before["embedding"], after["embedding"])

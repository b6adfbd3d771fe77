import pytest
import torch

from class_sweep.backbones.backbone import Backbone, Batch
from class_sweep.backbones.catalogue import BACKBONES, build_backbone


@pytest.fixture(params=sorted(BACKBONES))
def build(request, settings):
    """Builds the backbone from a seed; dropout as it is by default, unless given."""

    def fresh(seed: int = 0, **changes: object) -> Backbone:
        torch.manual_seed(seed)
        return build_backbone(settings(request.param, **changes), 12, 10)

    return fresh


def test_the_catalogue_and_the_settings_name_the_same_backbones(sections):
    assert set(BACKBONES) == set(sections)


def test_embeddings_are_unit_vectors_of_one_space(build, batch):
    backbone = build().eval()
    texts, molecules = backbone.embed_texts(batch.texts), backbone.embed_molecules(batch.molecules)
    assert texts.shape == molecules.shape
    assert texts.ndim == 2
    assert len(texts) == 6
    for embedded in (texts, molecules):
        assert embedded.dtype == torch.float32
        torch.testing.assert_close(embedded.norm(dim=1), torch.ones(6))


def test_the_loss_has_named_finite_scalar_parts(build, batch):
    backbone = build().train()
    parts = backbone.loss_parts(batch)
    assert parts
    assert tuple(parts) == backbone.parts
    for name, part in parts.items():
        assert name.isidentifier()
        assert part.shape == ()
        assert torch.isfinite(part)
        assert part.requires_grad


def test_gradients_reach_every_parameter(build, batch):
    backbone = build().train()
    torch.stack(list(backbone.loss_parts(batch).values())).sum().backward()
    for name, parameter in backbone.named_parameters():
        assert parameter.grad is not None, name
        assert torch.isfinite(parameter.grad).all(), name
        assert parameter.grad.any(), name


def test_an_embedding_does_not_depend_on_its_batch(build, batch):
    backbone = build().eval()
    for embed, rows in (
        (backbone.embed_texts, batch.texts),
        (backbone.embed_molecules, batch.molecules),
    ):
        together = embed(rows)
        torch.testing.assert_close(torch.cat([embed(row[None]) for row in rows]), together)
        torch.testing.assert_close(embed(rows.flip(0)).flip(0), together)


def test_a_seed_gives_one_initialisation(build):
    one, same, other = build(3).state_dict(), build(3).state_dict(), build(4).state_dict()
    assert all(torch.equal(one[name], same[name]) for name in one)
    assert not all(torch.equal(one[name], other[name]) for name in one)


def test_every_parameter_is_in_one_group_of_the_optimizer(build):
    backbone = build()
    groups = backbone.parameter_groups(0.3)
    grouped = [id(parameter) for group in groups for parameter in group["params"]]
    assert len(grouped) == len(set(grouped))
    assert set(grouped) == {id(parameter) for parameter in backbone.parameters()}


def test_only_matrices_are_decayed(build):
    for group in build().parameter_groups(0.3):
        decays = {parameter.ndim > 1 for parameter in group["params"]}
        assert decays <= {group["weight_decay"] == 0.3}
        assert group["weight_decay"] in (0.3, 0.0)


def test_a_frozen_parameter_is_in_no_group(build):
    backbone = build()
    frozen = next(backbone.parameters()).requires_grad_(False)
    groups = backbone.parameter_groups(0.3)
    assert not any(parameter is frozen for group in groups for parameter in group["params"])


def test_training_lowers_the_loss(build, batch):
    backbone = build(dropout=0.0).train()
    optimizer = torch.optim.AdamW(backbone.parameter_groups(0.0), lr=0.01)

    def loss(pairs: Batch) -> torch.Tensor:
        return torch.stack(list(backbone.loss_parts(pairs).values())).sum()

    before = loss(batch).item()
    for _ in range(30):
        optimizer.zero_grad()
        loss(batch).backward()
        optimizer.step()
    assert loss(batch).item() < before / 2


def test_a_restored_backbone_embeds_the_same(build, batch):
    one, other = build(1).eval(), build(2).eval()
    other.load_state_dict(one.state_dict())
    assert torch.equal(one.embed_texts(batch.texts), other.embed_texts(batch.texts))
    assert torch.equal(one.embed_molecules(batch.molecules), other.embed_molecules(batch.molecules))

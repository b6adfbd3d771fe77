"""The weighted parts of the losses, and ORMA's pair score, by hand."""

import pytest
import torch

from class_sweep.backbones.backbone import build_backbone
from class_sweep.backbones.losses import contrast, hardest_triplet

ORMA_WEIGHTS = {"token_atom": 0.5, "multitoken_motif": 2.0, "sentence_molecule": 1.5}


@pytest.fixture
def build(settings, inputs):
    def fresh(name, **changes):
        torch.manual_seed(0)
        return build_backbone(settings(name, **changes), inputs).eval()

    return fresh


def encoded(backbone, batch):
    return backbone.encode_texts(batch.texts), backbone.encode_molecules(batch.molecules)


def parts_of(backbone, batch):
    return backbone.loss_parts(*encoded(backbone, batch))


def similarity(texts, molecules, name="embedding"):
    return texts[name] @ molecules[name].T


def test_text2mol_adds_both_directions(build, batch):
    backbone = build("text2mol")
    mean = contrast(backbone.log_scale.detach().exp() * similarity(*encoded(backbone, batch)))
    torch.testing.assert_close(parts_of(backbone, batch)["contrastive"], 2 * mean)


@pytest.mark.parametrize("name", ["contrastive", "text2mol", "aman", "orma"])
def test_logits_are_cosines_over_the_temperature(build, batch, name):
    backbone = build(name) if name == "aman" else build(name, temperature=0.2)
    level = "sentence_molecule" if name == "orma" else "embedding"
    expected = similarity(*encoded(backbone, batch), level) / (1 if name == "aman" else 0.2)
    torch.testing.assert_close(backbone.logits(*encoded(backbone, batch)), expected)


def test_aman_softens_its_triplet(build, batch):
    for softness in (0.0, 0.3):
        backbone = build("aman", margin=0.4, softness=softness)
        expected = hardest_triplet(similarity(*encoded(backbone, batch)), 0.4, softness)
        torch.testing.assert_close(parts_of(backbone, batch)["triplet"], expected)
    hard = parts_of(build("aman", margin=0.4, softness=0.0), batch)["triplet"]
    assert not torch.isclose(hard, expected)


def test_aman_weighs_its_adversarial_part(build, batch):
    one, weighted = (
        parts_of(build("aman", adversarial_weight=weight), batch) for weight in (1.0, 0.25)
    )
    assert one["adversarial"] != 0
    torch.testing.assert_close(weighted["adversarial"], 0.25 * one["adversarial"])
    torch.testing.assert_close(weighted["triplet"], one["triplet"])


def test_orma_weighs_each_level_of_its_loss(build, batch):
    plain = parts_of(build("orma", **dict.fromkeys(ORMA_WEIGHTS, 1.0)), batch)
    weighted = parts_of(build("orma", **ORMA_WEIGHTS), batch)
    for level, weight in ORMA_WEIGHTS.items():
        torch.testing.assert_close(weighted[level], weight * plain[level])


def test_ormas_pair_score_is_the_weighted_sum_of_its_levels(build, batch):
    backbone = build("orma", **ORMA_WEIGHTS)
    texts, molecules = encoded(backbone, batch)
    levels = {
        "token_atom": similarity(texts, molecules, "token_atom"),
        "multitoken_motif": backbone._all_against_all(texts, molecules),
        "sentence_molecule": similarity(texts, molecules, "sentence_molecule"),
    }
    expected = sum(weight * levels[level].diagonal() for level, weight in ORMA_WEIGHTS.items())
    torch.testing.assert_close(backbone.pair_scores(texts, molecules), expected)

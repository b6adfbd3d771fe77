"""The contract of every registered backbone, in each of its forms."""

import math

import pytest
import torch

from class_sweep.backbones.backbone import Needs, backbone_class, build_backbone
from class_sweep.config.components import BACKBONES
from class_sweep.testing.backbones import RULES, BackboneCase

FORMS = [
    *((name, {}) for name in sorted(BACKBONES)),
    ("text2mol", {"molecule": "gcn"}),
    ("contrastive", {"molecule": "gin"}),
]
CONSTANT = ("adversary.score.4.bias",)  # a constant in both scores cancels


@pytest.fixture(params=FORMS, ids=lambda form: "-".join([form[0], *form[1].values()]))
def case(request, settings):
    name, form = request.param
    return BackboneCase(settings(name, **form), CONSTANT)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_every_backbone_keeps_the_contract(case, rule):
    rule(case)


@pytest.mark.parametrize("name", BACKBONES)
def test_the_settings_of_every_backbone_are_registered(settings, name):
    section = settings(name)
    assert section.name == name
    assert backbone_class(section) is BACKBONES.load(name)
    assert isinstance(backbone_class(section).needs(section), Needs)


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
        texts = backbone.encode_texts(batch.texts)
        backbone.loss_parts(texts, backbone.encode_molecules(batch.molecules))
        assert [s.exp().item() for s in scales] == pytest.approx([bounded] * len(scales))

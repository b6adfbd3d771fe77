"""Every backbone by its name in a space file."""

from class_sweep.backbones.aman import Aman
from class_sweep.backbones.backbone import Backbone, Needs
from class_sweep.backbones.contrastive import Contrastive
from class_sweep.backbones.inputs import Sources
from class_sweep.backbones.orma import Orma
from class_sweep.backbones.text2mol import Text2Mol
from class_sweep.config.backbones import Backbone as BackboneSettings

BACKBONES: dict[str, type[Backbone]] = {
    "contrastive": Contrastive,
    "text2mol": Text2Mol,
    "aman": Aman,
    "orma": Orma,
}


def build_backbone(settings: BackboneSettings, sources: Sources) -> Backbone:
    """A freshly initialised backbone over what `needs_of` its settings asked for."""
    return BACKBONES[settings.name](settings, sources)


def needs_of(settings: BackboneSettings) -> Needs:
    """What a backbone of these settings reads beside frozen vectors."""
    return BACKBONES[settings.name].needs(settings)

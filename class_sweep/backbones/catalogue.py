"""Every backbone by its name in a space file."""

from class_sweep.backbones.backbone import Backbone
from class_sweep.backbones.contrastive import Contrastive
from class_sweep.config.sections import Backbone as BackboneSettings

BACKBONES = {
    "contrastive": Contrastive,
}


def build_backbone(
    settings: BackboneSettings, text_dimension: int, molecule_dimension: int
) -> Backbone:
    """A freshly initialised backbone for features of the given widths."""
    return BACKBONES[settings.name](settings, text_dimension, molecule_dimension)

"""The contracts that the parts of this package keep, to be run on parts of one's own.

    from class_sweep.testing import check_backbone

    import my_parts  # declares "gin"

    def test_gin():
        check_backbone("gin", hidden=16)

Each check takes the name of a registered part. It raises a `ContractError`, an `AssertionError`,
with the rule and what was found.
"""

from class_sweep.testing.backbones import check_backbone
from class_sweep.testing.contract import ContractError
from class_sweep.testing.curriculum import (
    check_difficulty,
    check_intensity,
    check_order,
    check_pacing,
)
from class_sweep.testing.data import check_data_source
from class_sweep.testing.encoders import check_molecule_encoder, check_text_encoder
from class_sweep.testing.metrics import check_metric
from class_sweep.testing.search import check_pruner, check_sampler

__all__ = [
    "ContractError",
    "check_backbone",
    "check_data_source",
    "check_difficulty",
    "check_intensity",
    "check_metric",
    "check_molecule_encoder",
    "check_order",
    "check_pacing",
    "check_pruner",
    "check_sampler",
    "check_text_encoder",
]

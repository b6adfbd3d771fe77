"""The checks of the nodes, on a real Ray instance with one node."""

import pytest

from class_sweep.errors import InputError
from class_sweep.execution.cluster import nodes
from class_sweep.execution.cluster.local import local_ray
from class_sweep.execution.cluster.nodes import Roster

pytestmark = pytest.mark.ray


def test_each_node_must_have_the_model_that_trials_train(tiny_bert, monkeypatch):
    with local_ray():
        roster = Roster()
        roster.require_same_software()
        roster.require_model(str(tiny_bert))
        monkeypatch.setattr(nodes, "model_identity", lambda _: "another")
        with pytest.raises(InputError, match=r"node .* has another; copy it"):
            roster.require_model(str(tiny_bert))

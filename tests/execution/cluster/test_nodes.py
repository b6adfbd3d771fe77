"""The checks of the nodes, on a real Ray instance with one node."""

import pytest

from class_sweep.errors import InputError
from class_sweep.execution.cluster import nodes
from class_sweep.execution.cluster.local import local_ray
from class_sweep.execution.cluster.nodes import Roster


def test_dead_nodes_are_not_counted(monkeypatch):
    def node(name, alive):
        resources = {"CPU": 4.0, "GPU": 1.0}
        return {
            "NodeID": name, "NodeManagerAddress": "10.0.0.1", "Resources": resources,
            "Alive": alive,
        }  # fmt: skip

    monkeypatch.setattr(nodes.ray, "nodes", lambda: [node("a" * 6, True), node("b" * 6, False)])
    assert set(nodes.alive_nodes()) == {"a" * 6}


@pytest.mark.ray
def test_each_node_must_have_the_model_that_trials_train(tiny_bert, monkeypatch):
    with local_ray():
        roster = Roster()
        roster.require_same_software()
        roster.require_model(str(tiny_bert))
        monkeypatch.setattr(nodes, "model_identity", lambda _: "another")
        with pytest.raises(InputError, match=r"node .* has another; copy it"):
            roster.require_model(str(tiny_bert))

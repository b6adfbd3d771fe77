"""Every shipped space is run small: its settings on a tiny data set."""

from pathlib import Path

import numpy as np
import pytest
import torch
import yaml

from class_sweep.base.array_cache import ArrayCache
from class_sweep.config.document import Space, load_space, parse_space
from class_sweep.preparation.clock import Clock
from class_sweep.preparation.prepare import prepare
from class_sweep.preparation.rules import backbone_needs
from class_sweep.results.callback import Callback
from class_sweep.training.features import TrialFeatures
from class_sweep.training.loop import Trainer

FILES = sorted((Path(__file__).parents[2] / "search_spaces").glob("*.yaml"))
SMALL = {"hidden": 16, "dimension": 8, "layers": 1, "transport_iterations": 5}


@pytest.fixture(scope="module")
def table(tmp_path_factory) -> Path:
    """Sixty molecules of four families, each with a unique text."""
    families = {
        "alcohol": "C{}O",
        "acid": "C{}C(=O)O",
        "aromatic ester": "C{}OC(=O)c1ccccc1",
        "naphthalene": "C{}c1ccc2ccccc2c1",
    }
    rows = ["smiles,text"]
    for name, smiles in families.items():
        rows += [f"{smiles.format('C' * n)},the {name} of {n} carbons" for n in range(15)]
    path = tmp_path_factory.mktemp("table") / "pairs.csv"
    path.write_text("\n".join(rows))
    return path


@pytest.fixture
def shrink(table, tiny_bert):
    def small(path: Path, trainable: object = None) -> Space:
        tree = yaml.safe_load(path.read_text())
        tree["data"] = {"source": "table", "path": str(table)}
        if "model" in tree["text_encoder"]:
            tree["text_encoder"] |= {"model": str(tiny_bert), "max_tokens": 16}
            deep = tree["text_encoder"].get("trainable")
            tree["text_encoder"]["trainable"] = "last_1" if isinstance(deep, str) else deep
            if trainable is not None:
                tree["text_encoder"]["trainable"] = trainable
        else:
            tree["text_encoder"]["dimensions"] = 16
        if tree["molecule_encoder"]["kind"] == "mol2vec":
            tree["molecule_encoder"] = {"kind": "mol2vec", "dimensions": 12, "epochs": 1}
        tree["backbone"] |= {k: v for k, v in SMALL.items() if k in tree["backbone"]}
        tree["optimizer"] |= {"batch_size": 6, "lr": 3e-3}
        tree["optimizer"].pop("warmup_steps", None)
        tree["budget"] = {"epochs": 4}
        tree["pruning"] = {"kind": "none"}
        tree["resources"] = {"cpus": 1}
        return parse_space(yaml.safe_dump(tree, sort_keys=False), path.name)

    return small


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_space_loads_and_its_backbone_has_the_expected_needs(path):
    space = load_space(path)
    assert space.axes
    assert backbone_needs(space).graphs == (space.settings.backbone.name in {"aman", "orma"})


@pytest.mark.parametrize("frozen", [False, True], ids=["as shipped", "frozen"])
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_trial_of_it_trains_stops_continues_and_is_evaluated(
    path, frozen, shrink, cache_folder, tmp_path
):
    space = shrink(path, trainable=False if frozen else None)
    if frozen and "model" not in space.tree["text_encoder"]:
        pytest.skip("its text encoder is always frozen")
    torch.set_num_threads(1)
    features = prepare(space, ArrayCache(cache_folder), Clock(), Callback()).features
    arrays = features.arrays()
    before = {name: array.copy() for name, array in arrays.items()}
    features = TrialFeatures.from_arrays(arrays)  # as in a worker, from the object store
    assert features.token_states is None or frozen
    straight = Trainer(space.settings, features)
    steps = straight.schedule.steps
    first = straight.train_to(2)
    straight.save(tmp_path / "state.pt")
    last = straight.train_to(steps)
    assert last < first
    metrics = straight.evaluate("validation", ("split", "all"))
    assert all(np.isfinite(value) for value in metrics.values())
    resumed = Trainer(space.settings, features)
    resumed.restore(tmp_path / "state.pt")
    assert resumed.train_to(steps) == last
    for name, tensor in straight.backbone.state_dict().items():
        assert torch.equal(tensor, resumed.backbone.state_dict()[name]), name
    assert all(np.array_equal(array, before[name]) for name, array in arrays.items())


@pytest.mark.parametrize("name", ["aman", "orma"])
def test_micro_batches_train_the_same_model_as_whole_batches(name, shrink, cache_folder):
    (path,) = [path for path in FILES if path.stem == name]
    torch.set_num_threads(1)
    whole = shrink(path, trainable=False)
    features = prepare(whole, ArrayCache(cache_folder), Clock(), Callback()).features
    finals = []
    for size in (None, 4):
        settings = whole.resolve({"backbone.dropout": 0.0, "optimizer.lr": 1e-4})
        optimizer = settings.optimizer.model_copy(update={"micro_batch_size": size})
        trainer = Trainer(settings.model_copy(update={"optimizer": optimizer}), features)
        trainer.train_to(4)
        finals.append(trainer.backbone.state_dict())
    for parameter, tensor in finals[0].items():
        torch.testing.assert_close(finals[1][parameter], tensor, atol=5e-5, rtol=1e-3)

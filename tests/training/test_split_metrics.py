import numpy as np
import pytest
import torch

from class_sweep.backbones.backbone import build_backbone
from class_sweep.backbones.batch import InputSpec
from class_sweep.config.backbones import ContrastiveBackbone
from class_sweep.config.inputs import SPLITS
from class_sweep.config.objective import POOLS, metric_names
from class_sweep.errors import TrainingError
from class_sweep.training.split_metrics import split_metrics

CPU = torch.device("cpu")


@pytest.fixture
def backbone():
    torch.manual_seed(0)
    settings = ContrastiveBackbone(name="contrastive", hidden=8, dimension=4, dropout=0.5)
    return build_backbone(settings, InputSpec(6, 5))


def naive(backbone, features, split, pool):
    """Every rank by sorting in float64; random features never tie."""
    backbone.eval()
    with torch.no_grad():
        batch = features.batch(np.arange(len(features.split)), CPU)
        texts = backbone.encode_texts(batch.texts)["embedding"].double().numpy()
        molecules = backbone.encode_molecules(batch.molecules)["embedding"].double().numpy()
    queries = [i for i, code in enumerate(features.split) if SPLITS[code] == split]
    pool_rows = queries if pool == "split" else list(range(len(features.split)))
    ranks = {"text_to_molecule": [], "molecule_to_text": []}
    for query in queries:
        for direction, vector, other in (
            ("text_to_molecule", texts[query], molecules),
            ("molecule_to_text", molecules[query], texts),
        ):
            best_first = sorted(pool_rows, key=lambda row: -float(vector @ other[row]))
            ranks[direction].append(best_first.index(query) + 1)
    metrics = {}
    for direction, ranks_of_queries in ranks.items():
        of_queries = np.array(ranks_of_queries)
        metrics[f"{pool}/{direction}/mrr"] = np.mean(1 / of_queries)
        metrics[f"{pool}/{direction}/hits@1"] = np.mean(of_queries == 1)
        metrics[f"{pool}/{direction}/hits@10"] = np.mean(of_queries <= 10)
        metrics[f"{pool}/{direction}/mean_rank"] = np.mean(of_queries)
        metrics[f"{pool}/{direction}/log_rank"] = np.mean(np.log(of_queries))
    for metric in ("mrr", "hits@1", "hits@10", "mean_rank", "log_rank"):
        both = [metrics[f"{pool}/{direction}/{metric}"] for direction in ranks]
        metrics[f"{pool}/{metric}"] = np.mean(both)
    return metrics


@pytest.mark.parametrize("split", SPLITS)
@pytest.mark.parametrize("pool", POOLS)
def test_metrics_are_those_of_sorting_every_candidate(backbone, tiny_features, split, pool):
    features = tiny_features()
    metrics = split_metrics(backbone, features, split, [pool], CPU)
    assert metrics == pytest.approx(naive(backbone, features, split, pool))


def test_the_names_are_those_of_the_objectives(backbone, tiny_features):
    assert set(split_metrics(backbone, tiny_features(), "validation", POOLS, CPU)) == set(
        metric_names()
    )
    alone = split_metrics(backbone, tiny_features(), "validation", ("split",), CPU)
    assert set(alone) == set(metric_names(("split",)))


def test_more_candidates_never_improve_a_rank(backbone, tiny_features):
    metrics = split_metrics(backbone, tiny_features(), "validation", POOLS, CPU)
    assert metrics["all/mean_rank"] > metrics["split/mean_rank"]
    assert metrics["all/mrr"] < metrics["split/mrr"]


def test_evaluation_has_no_dropout(backbone, tiny_features):
    backbone.train()
    first, second = (split_metrics(backbone, tiny_features(), "test", POOLS, CPU) for _ in range(2))
    assert first == second


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_embeddings_that_are_not_finite_are_an_error(backbone, tiny_features, value):
    with torch.no_grad():
        next(backbone.text_head.parameters()).fill_(value)
    with pytest.raises(TrainingError, match="embeddings must be finite numbers"):
        split_metrics(backbone, tiny_features(), "validation", ("split",), CPU)

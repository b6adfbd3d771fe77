"""Answers to a query: the encoders of the training, the best hit first, reranking by ORMA."""

import json

import numpy as np
import pytest
import torch

from class_sweep.base.array_cache import NoCache
from class_sweep.config.document import load_space
from class_sweep.errors import DataError, QueryError
from class_sweep.models import Model
from class_sweep.preparation.clock import Clock
from class_sweep.preparation.prepare import prepare
from class_sweep.results.callback import Callback
from class_sweep.training.encoding import embed_molecules, embed_texts
from class_sweep.training.reranking import fine_scores, reranked
from class_sweep.training.split_metrics import pool_ranks

CPU = torch.device("cpu")


FORMS = [
    ("plain", ""), ("aman", "false"), ("orma", "false"), ("orma", "last_1"), ("text2mol", "true"),
]  # fmt: skip


@pytest.fixture(params=FORMS, ids=" ".join)
def folder(request, trained, plain_text, graphs_text):
    name, trainable = request.param
    return trained(plain_text if name == "plain" else graphs_text(name, trainable))


def test_a_model_encodes_like_its_training(folder, cache):
    model = Model.load(folder)
    prepared = prepare(load_space(folder / "config.yaml"), cache, Clock(), Callback())
    of_training, of_model = prepared.features, model.features_of(prepared.pairs, NoCache())
    everything = np.arange(len(prepared.pairs))
    for embed in (embed_texts, embed_molecules):
        torch.testing.assert_close(
            embed(model.backbone, of_model, everything, CPU),
            embed(model.backbone, of_training, everything, CPU),
            atol=1e-5, rtol=0,
        )  # fmt: skip
    if of_training.graphs is not None:
        for name, array in of_training.graphs.arrays().items():
            assert np.array_equal(of_model.graphs.arrays()[name], array), name


def test_evaluating_validation_again_gives_the_metrics_of_the_training(folder):
    model = Model.load(folder)
    evaluation = model.evaluate("validation", rerank=0)
    metrics = json.loads((folder / "metrics.json").read_text())["validation"]
    assert evaluation.metrics == pytest.approx(metrics, abs=1e-6)
    assert evaluation.same_data
    assert evaluation.reranked == 0
    assert evaluation.intervals.keys() == metrics.keys()
    assert all(
        low <= evaluation.metrics[n] <= high for n, (low, high) in evaluation.intervals.items()
    )


def test_hits_are_the_best_of_all_candidates(folder):
    model = Model.load(folder)
    pairs = model.pairs
    text = pairs.texts[0]
    hits = model.retrieve(text, top=1000)
    assert [hit.rank for hit in hits] == list(range(1, len(set(pairs.molecules)) + 1))
    assert [h.score for h in hits] == sorted((h.score for h in hits), reverse=True)
    few = model.retrieve(text, top=3)
    assert [hit.smiles for hit in few] == [hit.smiles for hit in hits[:3]]
    by_smiles = dict(zip(pairs.smiles, pairs.texts, strict=True))
    assert all(hit.text == by_smiles[hit.smiles] for hit in hits)


def test_a_hit_has_the_rank_of_the_evaluation(folder, cache):
    model = Model.load(folder)
    depth = 100 if model.backbone.reranks else 0
    features = model.features_of(model.pairs, cache)
    ranks = pool_ranks(model.backbone, features, "test", ("all",), CPU, depth=depth)["all"]
    rows = model.pairs.rows("test")

    def is_middle_rank(hits, score, expected):
        """The middle rank of the candidates that tie with the target up to rounding."""
        middles = {np.mean([h.rank for h in hits if abs(h.score - score) < near])
                   for near in (5e-7, 1e-6, 2e-6)}  # fmt: skip
        return min(middles) - 1 <= expected <= max(middles) + 1

    for query, row in enumerate(rows[:4]):
        smiles, text = model.pairs.smiles[row], model.pairs.texts[row]
        hits = model.retrieve(text, top=1000)
        score = next(h.score for h in hits if h.smiles == smiles)
        assert is_middle_rank(hits, score, ranks["text_to_molecule"][query])
        hits = model.retrieve(smiles=smiles, top=1000)
        score = next(h.score for h in hits if h.text == text)
        assert is_middle_rank(hits, score, ranks["molecule_to_text"][query])


def test_any_smiles_of_a_molecule_gives_the_same_hits(model):
    first, second = (model.retrieve(smiles=smiles, top=5) for smiles in ("CCO", "OCC"))
    assert first == second


def test_candidates_are_read_from_files(model, tmp_path):
    (tmp_path / "a.smi").write_text("CCO ethanol\nCCCCCC hexane\n\nOCC again\n")
    hits = model.retrieve("hexane; n-hexane", candidates=tmp_path / "a.smi")
    assert {(h.smiles, h.id) for h in hits} == {("CCO", "ethanol"), ("CCCCCC", "hexane")}
    (tmp_path / "a.tsv").write_text("cid\tsmiles\n7\tCCO\n8\tCCC\n")
    assert {h.id for h in model.retrieve("ethanol", candidates=tmp_path / "a.tsv")} == {"7", "8"}
    (tmp_path / "a.txt").write_text("ethanol\npropane; n-propane\nethanol\n")
    hits = model.retrieve(smiles="CCO", candidates=tmp_path / "a.txt")
    assert {h.text for h in hits} == {"ethanol", "propane; n-propane"}


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({}, "a text or a SMILES, got neither"),
        ({"text": "a", "smiles": "C"}, "a text or a SMILES, got both"),
        ({"text": "  "}, "must not be empty"),
        ({"smiles": ""}, "must not be empty"),
        ({"smiles": "C1CC"}, "SMILES that RDKit can read: RDKit cannot read the SMILES 'C1CC'"),
        (
            {"smiles": "CCO |^1:0|"},
            r"SMILES alone, got '\|\^1:0\|' after the blank; leave it out: 'CCO'",
        ),
        ({"smiles": "C" * 20_000}, "SMILES has more than 5,000 characters"),
        ({"text": "a\ud800"}, "must be text, got the lone surrogate"),
        ({"text": "a\0"}, "must be text, got the control character"),
        ({"text": "a", "top": 0}, "top must be at least 1, got 0"),
    ],
)
def test_an_unusable_query_is_an_error(model, query, words):
    with pytest.raises(QueryError, match=words):
        model.retrieve(**query)


@pytest.mark.parametrize(
    ("file", "words"),
    [
        (None, "must be a readable file, got .*: No such file"),
        ("\n\n", "must hold a molecule, got none"),
        ("CCO\nnonsense\n", r"at most 2% of the rows may be unusable"),
    ],
)
def test_unusable_candidates_are_an_error(model, tmp_path, file, words):
    path = tmp_path / "a.smi"
    if file is not None:
        path.write_text(file)
    with pytest.raises(DataError, match=words):
        model.retrieve("a", candidates=path)


def test_unknown_names_in_an_evaluation_are_errors(model, tmp_path):
    with pytest.raises(QueryError, match="a split must be one of train, validation, test"):
        model.evaluate("tset")
    with pytest.raises(QueryError, match="a pool must be one of split, all, got 'al'"):
        model.evaluate(pools=["al"])
    with pytest.raises(QueryError, match="named once each"):
        model.evaluate(pools=["all", "all"])
    with pytest.raises(QueryError, match="rerank must be at least 0"):
        model.evaluate(rerank=-1)
    with pytest.raises(DataError, match="for the source names"):
        model.evaluate(data=tmp_path)


def test_extra_molecules_make_the_pool_all_larger_and_never_easier(model, tmp_path):
    (tmp_path / "a.smi").write_text("\n".join(f"{'C' * n}Br" for n in range(1, 60)))
    plain = model.evaluate()
    more = model.evaluate(extra_molecules=tmp_path / "a.smi")
    added = [
        evaluation.candidates["all"].molecules - evaluation.candidates["split"].molecules
        for evaluation in (plain, more)
    ]
    assert added[0] < added[1] <= added[0] + 59
    name = "text_to_molecule/mean_rank"
    assert more.metrics[f"all/{name}"] > plain.metrics[f"all/{name}"]
    assert more.metrics[f"split/{name}"] == plain.metrics[f"split/{name}"]
    assert more.metrics["all/molecule_to_text/mrr"] == plain.metrics["all/molecule_to_text/mrr"]
    assert not more.same_data


def test_a_model_evaluates_another_data_set_of_the_same_form(trained, graphs_text, table, tmp_path):
    model = Model.load(trained(graphs_text("aman")))
    other = tmp_path / "other.csv"
    other.write_text("\n".join(table.read_text().splitlines()[:41]))
    assert model.evaluate(data=other).queries == 4


def test_reranking_orders_by_the_fine_score(trained, graphs_text, cache):
    model = Model.load(trained(graphs_text("orma")))
    features = model.features_of(model.pairs, cache)
    rows = model.pairs.rows("test")
    every = len(model.pairs)
    ranks = pool_ranks(model.backbone, features, "test", ("all",), CPU, depth=every)["all"]
    backbone = model.backbone.eval()
    for row, rank in zip(rows, ranks["text_to_molecule"], strict=True):
        with torch.no_grad():  # the score of the text with each molecule, in one batch
            texts = backbone.encode_texts(features.texts(np.full(every, row), CPU))
            molecules = backbone.encode_molecules(features.molecules(np.arange(every), CPU))
            scores = backbone.pair_scores(texts, molecules).numpy()
        noise = 1e-4  # of another batch
        first = 1 + (scores > scores[row] + noise).sum()
        last = (scores >= scores[row] - noise).sum()
        assert first <= rank <= last
    coarse = pool_ranks(model.backbone, features, "test", ("all",), CPU)["all"]
    assert not np.array_equal(coarse["text_to_molecule"], ranks["text_to_molecule"])
    evaluated = model.evaluate(rerank=5)
    assert evaluated.reranked == 5


def test_a_target_outside_of_the_reranked_candidates_keeps_its_rank():
    fine = torch.tensor([[0.1, 0.9, 0.5], [0.3, 0.3, -torch.inf]])
    targets = torch.tensor([[True, False, False], [True, False, False]])
    assert reranked(np.array([1.0, 2.0]), fine, targets).tolist() == [3.0, 1.5]
    assert reranked(np.array([9.0, 7.0]), fine, torch.zeros(2, 3).bool()).tolist() == [9.0, 7.0]


def test_the_score_of_a_pair_does_not_depend_on_its_block(trained, graphs_text, cache, monkeypatch):
    model = Model.load(trained(graphs_text("orma")))
    features = model.features_of(model.pairs, cache)
    generator = np.random.default_rng(0)
    rows = tuple(generator.integers(len(model.pairs), size=(2, 7, 3)))
    whole = fine_scores(model.backbone, features, rows, CPU)
    monkeypatch.setattr("class_sweep.training.reranking._BLOCK_PAIRS", 4)
    torch.testing.assert_close(fine_scores(model.backbone, features, rows, CPU), whole)


def test_embeddings_of_candidates_are_cached(model, monkeypatch, tmp_path):
    monkeypatch.setenv("CLASS_SWEEP_CACHE", str(tmp_path))
    first = model.retrieve("ethanol")
    kept = list(tmp_path.glob("embeddings-*.safetensors"))
    assert len(kept) == 1
    monkeypatch.setattr(
        "class_sweep.models.query.embed_molecules", lambda *_: pytest.fail("embedded again")
    )
    assert model.retrieve("ethanol") == first

"""Embeddings of many rows: each row has the embedding that it has alone."""

import numpy as np
import pytest
import torch

from class_sweep.base.ragged import Ragged, offsets_of
from class_sweep.training import encoding
from class_sweep.training.encoding import embed_texts
from class_sweep.training.features import TrialFeatures

CPU = torch.device("cpu")


class MeanToken(torch.nn.Module):
    """A backbone whose embedding of a text is the mean of its tokens."""

    def encode_texts(self, texts):
        tokens = texts.tokens
        total = (tokens.states * tokens.mask.unsqueeze(2)).sum(dim=1)
        return {"embedding": total / tokens.mask.sum(dim=1, keepdim=True)}


@pytest.fixture
def features():
    generator = np.random.default_rng(0)
    lengths = np.array([5, 2, 9, 1, 3, 4])
    return TrialFeatures(
        generator.normal(size=(6, 4)).astype(np.float32),
        generator.normal(size=(6, 4)).astype(np.float32),
        np.zeros(6, np.int8),
        {},
        token_states=Ragged(
            generator.normal(size=(lengths.sum(), 4)).astype(np.float16), offsets_of(lengths)
        ),
        token_means=generator.normal(size=(6, 4)).astype(np.float32),
    )


@pytest.mark.parametrize("block", [1, 2, 256])
def test_texts_of_unequal_length_keep_their_rows(features, monkeypatch, block):
    monkeypatch.setattr(encoding, "_BLOCK_SEQUENCES", block)
    rows = np.array([4, 0, 2, 5, 1, 3])
    alone = [features.token_states.take(np.array([row])).values.astype(np.float32) for row in rows]
    expected = torch.from_numpy(np.stack([tokens.mean(axis=0) for tokens in alone]))
    torch.testing.assert_close(embed_texts(MeanToken(), features, rows, CPU), expected)

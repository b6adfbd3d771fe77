"""Token numbers and token states: the text inputs of trials, which have no tokenizer."""

import numpy as np
import pytest
import torch

from class_sweep.base.array_cache import ArrayCache, NoCache
from class_sweep.config.inputs import HuggingFaceEncoder, LsaEncoder
from class_sweep.encoders.huggingface import HuggingFaceTextEncoder
from class_sweep.encoders.lsa import LsaTextEncoder
from class_sweep.encoders.pooling import layer_at
from class_sweep.errors import EncoderError


@pytest.fixture
def settings(tiny_bert):
    return HuggingFaceEncoder(model=str(tiny_bert), max_tokens=32, batch_size=3)


@pytest.fixture
def cache(tmp_path):
    return ArrayCache(tmp_path)


def encode_tokens(settings, texts, *, cache):
    trained = settings.model_copy(update={"trainable": settings.trainable or True})
    encoder = HuggingFaceTextEncoder.fit(trained, [], cache=cache)
    return encoder.token_features(texts, None, cache=cache).tokens


def encode_token_states(settings, texts, depths, *, cache):
    encoder = HuggingFaceTextEncoder.fit(settings, [], cache=cache)
    features = encoder.token_features(texts, depths, cache=cache)
    return features.token_means, features.token_states


def test_tokens_equal_the_output_of_the_tokenizer(settings, cache, tiny_bert, texts):
    from transformers import PreTrainedTokenizerFast

    tokens = encode_tokens(settings, texts, cache=cache)
    tokenizer = PreTrainedTokenizerFast.from_pretrained(tiny_bert)
    for row, text in enumerate(texts):
        expected = tokenizer(text, truncation=True, max_length=32)["input_ids"]
        assert tokens.take(np.array([row])).values.tolist() == expected
    assert tokens.values.dtype == np.int32


def test_an_empty_text_has_special_tokens_only_and_a_long_text_is_cut(settings, cache):
    tokens = encode_tokens(settings, ["", "acid " * 5000], cache=cache)
    assert tokens.lengths(np.arange(2)).tolist() == [2, 32]
    means, states = encode_token_states(settings, ["", "acid " * 5000], (0.5, 1.0), cache=cache)
    assert states.lengths(np.arange(2)).tolist() == [2, 32]
    assert np.isfinite(means).all()


def test_states_come_from_the_requested_layers(settings, cache, tiny_bert, texts, monkeypatch):
    from transformers import BertModel

    monkeypatch.setattr(
        "class_sweep.base.device.device_and_dtype",
        lambda: (torch.device("cpu"), torch.float32),
    )
    means, states = encode_token_states(settings, texts, (0.5, 1.0), cache=cache)
    tokens = encode_tokens(settings, texts, cache=cache)
    model = BertModel.from_pretrained(tiny_bert).eval()
    for row in range(len(texts)):
        index = np.array([row])
        ids = torch.tensor(tokens.take(index).values[None].astype(np.int64))
        with torch.no_grad():
            hidden = model(input_ids=ids, output_hidden_states=True).hidden_states
        np.testing.assert_allclose(means[row], hidden[1][0].mean(0).numpy(), atol=1e-5)
        np.testing.assert_allclose(states.take(index).values, hidden[2][0].numpy(), atol=2e-3)
    pooled = HuggingFaceTextEncoder.fit(settings, [], cache=cache).encode(texts, cache=cache)
    mean = np.stack([states.take(np.array([r])).values.mean(0) for r in range(len(texts))])
    np.testing.assert_allclose(mean, pooled, atol=2e-3)


def test_tokens_and_states_are_computed_once(settings, cache, texts, monkeypatch):
    first = encode_tokens(settings, texts, cache=cache)
    means, states = encode_token_states(settings, texts, (0.5, 1.0), cache=cache)

    def never(*_, **__):
        raise AssertionError("computed again")

    for name in ("tokenise", "FrozenTransformer.token_states"):
        monkeypatch.setattr(f"class_sweep.encoders.transformer.{name}", never)
    assert np.array_equal(encode_tokens(settings, texts, cache=cache).values, first.values)
    cached_means, cached_states = encode_token_states(settings, texts, (0.5, 1.0), cache=cache)
    assert np.array_equal(cached_means, means)
    assert np.array_equal(cached_states.values, states.values)


def test_other_limits_and_layers_are_other_entries_of_the_cache(settings, cache, texts):
    shorter = settings.model_copy(update={"max_tokens": 5})
    assert encode_tokens(settings, texts, cache=cache).lengths(np.arange(len(texts))).max() > 5
    assert encode_tokens(shorter, texts, cache=cache).lengths(np.arange(len(texts))).max() == 5
    by_depths = {}
    for depths in ((0.5, 1.0), (1.0, 0.5)):
        means, states = encode_token_states(settings, texts, depths, cache=cache)
        fresh_means, fresh_states = encode_token_states(settings, texts, depths, cache=NoCache())
        assert np.array_equal(means, fresh_means)
        assert np.array_equal(states.values, fresh_states.values)
        by_depths[depths] = means
    assert not np.array_equal(*by_depths.values())


def test_the_number_format_is_part_of_the_fingerprint(settings, cache, monkeypatch):
    fingerprints = set()
    for dtype in (torch.float32, torch.bfloat16):
        monkeypatch.setattr(
            "class_sweep.base.device.device_and_dtype", lambda d=dtype: (torch.device("cpu"), d)
        )
        fingerprints.add(HuggingFaceTextEncoder.fit(settings, [], cache=cache).fingerprint)
    assert len(fingerprints) == 2


def test_the_layer_at_a_depth_is_the_nearest_one():
    assert [layer_at(depth, 4) for depth in (0.01, 0.3, 0.65, 0.9, 1.0)] == [1, 1, 3, 4, 4]


def test_lsa_has_no_tokens(cache):
    encoder = LsaTextEncoder.fit(LsaEncoder(), ["a"], cache=cache)
    with pytest.raises(EncoderError, match=r"must be huggingface .* reads tokens, got lsa"):
        encoder.token_features(["a"], (0.5, 1.0), cache=cache)


def test_more_trained_layers_than_the_model_has_are_an_error(settings, cache):
    too_deep = settings.model_copy(update={"trainable": "last_3"})
    with pytest.raises(
        EncoderError, match=r"at most last_2, the number of layers of the model, got last_3"
    ):
        encode_tokens(too_deep, ["acid"], cache=cache)
    assert len(encode_tokens(settings, ["acid"], cache=cache)) == 1

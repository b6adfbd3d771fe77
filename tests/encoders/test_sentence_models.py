"""Decoders, tokenizers without a padding token, and sentence-transformers folders."""

import json
import shutil

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace
from transformers import (
    AutoModel,
    GPT2Config,
    GPT2Model,
    LlamaConfig,
    LlamaModel,
    PreTrainedTokenizerFast,
)

from class_sweep.backbones.batch import TokenIds
from class_sweep.backbones.trained_transformer import TextTransformer
from class_sweep.base.array_cache import ArrayCache
from class_sweep.config.inputs import HuggingFaceEncoder
from class_sweep.encoders.encoder import fit_text_encoder
from class_sweep.encoders.hub import find_model
from class_sweep.encoders.pooling import pool
from class_sweep.encoders.reading import reading_of
from class_sweep.encoders.transformer import FrozenTransformer
from class_sweep.errors import EncoderError

WORDS = ["acid", "benzene", "alcohol", "the", "of", "a"]
TEXTS = ["the acid", "benzene", "the alcohol of benzene a acid", "acid the", "a a a a"]


@pytest.fixture(scope="module", params=["gpt2", "llama"])
def decoder(request, tmp_path_factory):
    """A random decoder whose tokenizer has no special token at all."""
    folder = tmp_path_factory.mktemp(request.param)
    tokenizer = Tokenizer(WordLevel({word: n for n, word in enumerate(WORDS)}))
    tokenizer.pre_tokenizer = Whitespace()
    PreTrainedTokenizerFast(tokenizer_object=tokenizer).save_pretrained(folder)
    torch.manual_seed(0)
    if request.param == "gpt2":
        config = GPT2Config(
            vocab_size=6, n_embd=16, n_layer=2, n_head=2, n_positions=32, initializer_range=0.5,
            bos_token_id=None, eos_token_id=None,
        )  # fmt: skip
        GPT2Model(config).save_pretrained(folder)
    else:
        config = LlamaConfig(
            vocab_size=6, hidden_size=16, num_hidden_layers=2, num_attention_heads=2,
            intermediate_size=32, max_position_embeddings=32, initializer_range=0.5,
            bos_token_id=None, eos_token_id=None,
        )  # fmt: skip
        LlamaModel(config).save_pretrained(folder)
    return folder


@pytest.fixture
def own_cache(tmp_path):
    return ArrayCache(tmp_path / "cache")


@pytest.fixture
def encode():
    """The vectors of texts by a frozen encoder in float32."""

    def vectors(folder, texts=TEXTS, **changes):
        settings = HuggingFaceEncoder(model=str(folder), **changes)
        files = find_model(settings.model)
        frozen = FrozenTransformer(
            reading_of(settings, files), settings.batch_size, files.folder,
            torch.device("cpu"), torch.float32,
        )  # fmt: skip
        return frozen.pooled_states(texts)

    return vectors


@pytest.fixture
def trained(own_cache):
    """The vectors of texts by the encoder that is trained, before its training."""

    def vectors(folder, texts=TEXTS, **settings):
        encoder = HuggingFaceEncoder(model=str(folder), trainable=True, **settings)
        fitted = fit_text_encoder(encoder, texts, np.arange(1), cache=own_cache)
        tokens = fitted.token_numbers(texts, own_cache)
        with torch.inference_mode():
            return TextTransformer(encoder, None).eval()(TokenIds.of(tokens)).sentence.numpy()

    return vectors


@pytest.mark.parametrize("pooling", ["mean", "last"])
def test_a_vector_of_a_decoder_does_not_depend_on_its_batch(decoder, encode, trained, pooling):
    together = encode(decoder, pooling=pooling)
    for text, vector in zip(TEXTS, together, strict=True):
        np.testing.assert_allclose(encode(decoder, [text], pooling=pooling)[0], vector, atol=1e-5)
    assert len(np.unique(together.round(4), axis=0)) == len(TEXTS)
    np.testing.assert_allclose(trained(decoder, pooling=pooling), together, atol=1e-5)


def test_the_last_token_of_a_decoder_is_its_last_real_token(decoder, encode):
    vectors = encode(decoder, pooling="last")
    network = AutoModel.from_pretrained(decoder).eval()
    for text, vector in zip(TEXTS, vectors, strict=True):
        ids = torch.tensor([[WORDS.index(word) for word in text.split()]])
        with torch.inference_mode():
            state = network(input_ids=ids).last_hidden_state[0, -1]
        np.testing.assert_allclose(vector, state.numpy(), atol=1e-5)


def test_the_first_token_of_a_decoder_is_refused(decoder, encode):
    with pytest.raises(EncoderError, match=r"pooling must be last or mean for a decoder.* got cls"):
        encode(decoder, pooling="cls")


def test_the_first_token_of_an_encoder_is_accepted(tiny_bert, encode):
    assert len(encode(tiny_bert, pooling="cls")) == len(TEXTS)


def test_more_layers_than_a_decoder_has_are_refused_before_a_trial(decoder, own_cache):
    settings = HuggingFaceEncoder(model=str(decoder), trainable="last_3")
    encoder = fit_text_encoder(settings, TEXTS, np.arange(1), cache=own_cache)
    with pytest.raises(EncoderError, match=r"must be at most last_2"):
        encoder.token_features(TEXTS, None, cache=own_cache)


def test_pooling_finds_the_first_and_the_last_token_beside_padding_at_either_side():
    hidden = torch.arange(12.0).reshape(2, 3, 2)
    mask = torch.tensor([[True, True, False], [False, True, True]])
    assert pool(hidden, mask, "cls").tolist() == [[0, 1], [8, 9]]
    assert pool(hidden, mask, "last").tolist() == [[2, 3], [10, 11]]
    assert pool(hidden, mask, "mean").tolist() == [[1, 2], [9, 10]]


MODES = {"mean": "mean_tokens", "cls": "cls_token", "last": "lasttoken"}


def sentence_model(tiny_bert, folder, *, pooling="cls", normalise=True, layout="", length=None):
    """A sentence-transformers folder over the tiny BERT."""
    transformer = folder / layout
    shutil.copytree(tiny_bert, transformer, dirs_exist_ok=True)
    (transformer / "sentence_bert_config.json").write_text(json.dumps(length or {}))
    (folder / "1_Pooling").mkdir()
    config = {f"pooling_mode_{mode}": name == pooling for name, mode in MODES.items()}
    config |= {"word_embedding_dimension": 16, "pooling_mode_max_tokens": False}
    (folder / "1_Pooling" / "config.json").write_text(json.dumps(config))
    modules = [("Transformer", layout), ("Pooling", "1_Pooling")]
    modules += [("Normalize", "2_Normalize")] if normalise else []
    write_modules(folder, modules)
    return folder


def write_modules(folder, modules):
    tree = [
        {"idx": n, "name": str(n), "path": path, "type": f"sentence_transformers.models.{kind}"}
        for n, (kind, path) in enumerate(modules)
    ]
    (folder / "modules.json").write_text(json.dumps(tree))


@pytest.mark.parametrize("layout", ["", "0_Transformer"])
@pytest.mark.parametrize("pooling", list(MODES))
@pytest.mark.parametrize("normalise", [True, False])
def test_a_sentence_model_gives_its_pooling_and_normalisation(
    tiny_bert, tmp_path, encode, trained, layout, pooling, normalise
):
    folder = sentence_model(
        tiny_bert, tmp_path / "st", pooling=pooling, normalise=normalise, layout=layout
    )
    expected = encode(tiny_bert, pooling=pooling)
    if normalise:
        expected = expected / np.linalg.norm(expected, axis=1, keepdims=True)
    np.testing.assert_allclose(encode(folder), expected, atol=1e-5)
    np.testing.assert_allclose(trained(folder), expected, atol=1e-5)


def test_a_sentence_model_gives_its_length_and_its_case(tiny_bert, tmp_path, encode):
    length = {"max_seq_length": 4, "do_lower_case": True}
    folder = sentence_model(tiny_bert, tmp_path / "st", normalise=False, length=length)
    texts = ["the acid benzene", "the acid alcohol"]
    first, second = encode(folder, texts)
    np.testing.assert_array_equal(first, second)
    first, second = encode(folder, texts, max_tokens=16)
    assert not np.allclose(first, second)
    assert find_model(str(folder)).sentence.lower_case


def test_a_pooling_of_the_space_wins_with_a_word(tiny_bert, tmp_path, encode, caplog):
    folder = sentence_model(tiny_bert, tmp_path / "st", pooling="cls", normalise=False)
    expected = encode(tiny_bert, pooling="mean")
    assert "pooling" not in caplog.text
    np.testing.assert_allclose(encode(folder, pooling="mean"), expected, atol=1e-5)
    assert "pooling is mean, the model's own is cls: mean is used" in caplog.text


def test_other_poolings_of_the_same_weights_are_other_features_and_files(
    tiny_bert, tmp_path, own_cache
):
    seen = set()
    for number, change in enumerate(
        [{}, {"pooling": "mean"}, {"normalise": False}, {"length": {"max_seq_length": 8}}]
    ):
        folder = sentence_model(tiny_bert, tmp_path / str(number), **change)
        settings = HuggingFaceEncoder(model=str(folder))
        encoder = fit_text_encoder(settings, TEXTS, np.arange(1), cache=own_cache)
        seen |= {encoder.fingerprint, encoder.external_fingerprint}
    assert len(seen) == 8


@pytest.mark.parametrize(
    ("modules", "message"),
    [
        ([("Transformer", ""), ("Pooling", "1_Pooling"), ("Dense", "2_Dense")], "got .*Dense"),
        ([("StaticEmbedding", "")], "got StaticEmbedding"),
        ([("Transformer", "")], "must have the modules Transformer, Pooling"),
    ],
)
def test_other_modules_are_refused(tiny_bert, tmp_path, modules, message):
    folder = sentence_model(tiny_bert, tmp_path / "st")
    write_modules(folder, modules)
    with pytest.raises(EncoderError, match=message):
        find_model(str(folder))


@pytest.mark.parametrize(
    ("file", "text", "message"),
    [
        ("modules.json", "{", "must be readable JSON"),
        ("modules.json", "{}", "must hold a JSON list"),
        ("modules.json", '[{"type": "a"}]', "must have a type and a path"),
        ("1_Pooling/config.json", '{"pooling_mode_max_tokens": true}', "got pooling_mode_max"),
        ("1_Pooling/config.json", "{}", "got none"),
        (
            "1_Pooling/config.json",
            '{"pooling_mode_cls_token": true, "pooling_mode_mean_tokens": true}',
            "got cls, mean",
        ),
        (
            "config_sentence_transformers.json",
            '{"prompts": {"query": "query: "}, "default_prompt_name": "query"}',
            "no default prompt, got 'query'",
        ),
    ],
)
def test_what_a_sentence_model_says_wrongly_is_one_error(tiny_bert, tmp_path, file, text, message):
    folder = sentence_model(tiny_bert, tmp_path / "st")
    (folder / file).write_text(text)
    with pytest.raises(EncoderError, match=message):
        find_model(str(folder))


def test_a_named_pooling_mode_is_read(tiny_bert, tmp_path):
    folder = sentence_model(tiny_bert, tmp_path / "st")
    (folder / "1_Pooling" / "config.json").write_text('{"pooling_mode": "lasttoken"}')
    assert find_model(str(folder)).sentence.pooling == "last"

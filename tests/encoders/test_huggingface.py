import logging
import os
import shutil
import subprocess
import sys
import time

import numpy as np
import pytest
import torch

from class_sweep.base.array_cache import ArrayCache
from class_sweep.base.device import device_and_dtype
from class_sweep.config.inputs import HuggingFaceEncoder
from class_sweep.encoders.hub import find_model
from class_sweep.encoders.huggingface import HuggingFaceTextEncoder
from class_sweep.encoders.reading import reading_of
from class_sweep.encoders.transformer import FrozenTransformer
from class_sweep.errors import EncoderError

CPU = torch.device("cpu")


def encode(folder, texts, dtype=torch.float32, progress=None, **changes):
    settings = HuggingFaceEncoder(model=str(folder), **changes)
    files = find_model(settings.model)
    reading, size = reading_of(settings, files), settings.batch_size
    return FrozenTransformer(reading, size, files.folder, CPU, dtype).pooled_states(texts, progress)


def expected_features(folder, text, pooling):
    from transformers import BertModel, PreTrainedTokenizerFast

    tokenizer = PreTrainedTokenizerFast.from_pretrained(folder)
    model = BertModel.from_pretrained(folder).eval()
    with torch.no_grad():
        tokens = tokenizer(text, truncation=True, max_length=64, return_tensors="pt")
        hidden = model(**tokens).last_hidden_state[0]
    return (hidden[0] if pooling == "cls" else hidden.mean(dim=0)).numpy()


@pytest.mark.parametrize("pooling", ["mean", "cls"])
def test_features_are_the_pooled_last_layer(tiny_bert, texts, pooling):
    features = encode(tiny_bert, texts, pooling=pooling, batch_size=3)
    assert features.shape == (8, 16)
    assert features.dtype == np.float32
    for text, row in zip(texts, features, strict=True):
        np.testing.assert_allclose(row, expected_features(tiny_bert, text, pooling), atol=1e-5)


def test_neither_the_order_nor_the_batch_size_changes_features(tiny_bert, texts):
    features = encode(tiny_bert, texts, batch_size=8)
    order = np.random.default_rng(0).permutation(len(texts))
    shuffled = encode(tiny_bert, [texts[row] for row in order], batch_size=8)
    np.testing.assert_allclose(shuffled, features[order], atol=1e-5)
    for size in (1, 3):
        np.testing.assert_allclose(encode(tiny_bert, texts, batch_size=size), features, atol=1e-5)


def test_texts_are_cut_at_max_tokens(tiny_bert):
    whole, cut = encode(tiny_bert, ["acid benzene the", "acid benzene alcohol"], max_tokens=4)
    np.testing.assert_allclose(whole, cut, atol=1e-6)
    whole, longer = encode(tiny_bert, ["acid benzene the", "acid benzene alcohol"], max_tokens=5)
    assert not np.allclose(whole, longer, atol=1e-3)


def test_a_smaller_limit_of_the_model_cuts_texts_with_a_warning(tiny_bert, caplog):
    features = encode(tiny_bert, ["acid " * 200], max_tokens=256)
    np.testing.assert_array_equal(features, encode(tiny_bert, ["acid " * 62], max_tokens=64))
    assert "max_tokens is 256, the model reads 64" in caplog.text


def test_progress_ends_at_the_number_of_texts(tiny_bert, texts):
    seen = []
    encode(tiny_bert, texts, batch_size=3, progress=lambda done, of: seen.append((done, of)))
    assert seen == [(3, 8), (6, 8), (8, 8)]


def test_bfloat16_agrees_with_float32(tiny_bert, texts):
    single, half = (encode(tiny_bert, texts, dtype=d) for d in (torch.float32, torch.bfloat16))
    norms = np.linalg.norm(single, axis=1) * np.linalg.norm(half, axis=1)
    assert ((single * half).sum(axis=1) / norms).min() > 0.99
    assert device_and_dtype()[1] in (torch.float32, torch.bfloat16)


def test_each_distinct_text_is_encoded_once(tiny_bert, texts, tmp_path):
    seen = []
    settings = HuggingFaceEncoder(model=str(tiny_bert))
    cache = ArrayCache(tmp_path)
    encoder = HuggingFaceTextEncoder.fit(settings, texts[:6], cache=cache)
    features = encoder.encode(texts, cache=cache, progress=lambda done, of: seen.append((done, of)))
    assert seen == [(7, 7)]
    assert np.array_equal(features[2], features[4])


def test_loading_is_silent_and_restores_the_logging_of_transformers(tiny_bert, capfd):
    from transformers.utils import logging as transformers_logging

    before = transformers_logging.get_verbosity()
    encode(tiny_bert, ["acid"])
    assert capfd.readouterr() == ("", "")
    assert transformers_logging.get_verbosity() == before
    assert transformers_logging.is_progress_bar_enabled()


def test_missing_weights_are_an_error(tiny_bert, tmp_path):
    from safetensors.torch import load_file, save_file

    folder = shutil.copytree(tiny_bert, tmp_path / "model")
    weights = load_file(folder / "model.safetensors")
    del weights["encoder.layer.1.output.dense.weight"]
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(EncoderError, match=r"all its weights, got none for .*layer\.1.*0 others"):
        encode(folder, ["acid"])


def test_a_checkpoint_without_the_unused_pooler_loads(tiny_bert, tmp_path, texts):
    from safetensors.torch import load_file, save_file

    folder = shutil.copytree(tiny_bert, tmp_path / "model")
    weights = load_file(folder / "model.safetensors")
    kept = {name: value for name, value in weights.items() if not name.startswith("pooler.")}
    assert len(kept) == len(weights) - 2
    save_file(kept, folder / "model.safetensors", metadata={"format": "pt"})
    assert np.array_equal(encode(folder, texts), encode(tiny_bert, texts))


def test_pickled_weights_are_read_without_running_code(tiny_bert, tmp_path, texts):
    from safetensors.torch import load_file

    class Malicious:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "was here"),)

    folder = shutil.copytree(tiny_bert, tmp_path / "model")
    weights = load_file(folder / "model.safetensors")
    (folder / "model.safetensors").unlink()
    torch.save(weights, folder / "pytorch_model.bin")
    assert np.array_equal(encode(folder, texts), encode(tiny_bert, texts))
    torch.save({**weights, "extra": Malicious()}, folder / "pytorch_model.bin")
    with pytest.raises(EncoderError, match="that transformers can load"):
        encode(folder, texts)
    assert not (tmp_path / "was here").exists()


@pytest.mark.parametrize("damaged", ["model.safetensors", "config.json", "tokenizer.json"])
def test_damaged_files_are_an_error_that_names_the_folder(tiny_bert, tmp_path, damaged):
    folder = shutil.copytree(tiny_bert, tmp_path / "model")
    (folder / damaged).write_bytes((folder / damaged).read_bytes()[:100])
    with pytest.raises(EncoderError, match="that transformers can load") as raised:
        encode(folder, ["acid"])
    assert str(folder) in str(raised.value)


def test_a_decoder_without_padding_token_and_an_encoder_decoder_work(tiny_bert, tmp_path):
    from transformers import AutoTokenizer, GPT2Config, GPT2Model, T5Config, T5Model

    tokenizer = AutoTokenizer.from_pretrained(tiny_bert)
    t5 = T5Config(vocab_size=200, d_model=8, d_kv=4, d_ff=8, num_layers=1, num_heads=2)
    T5Model(t5).save_pretrained(tmp_path / "t5")
    tokenizer.save_pretrained(tmp_path / "t5")
    gpt2 = GPT2Config(vocab_size=200, n_positions=32, n_embd=8, n_layer=1, n_head=2)
    GPT2Model(gpt2).save_pretrained(tmp_path / "gpt2")
    tokenizer.pad_token = None
    tokenizer.eos_token = tokenizer.sep_token
    tokenizer.save_pretrained(tmp_path / "gpt2")
    for name in ("t5", "gpt2"):
        texts = ["acid", "benzene is the alcohol"]
        together = encode(tmp_path / name, texts, max_tokens=32)
        alone = encode(tmp_path / name, texts, max_tokens=32, batch_size=1)
        np.testing.assert_allclose(together, alone, atol=1e-5)


def test_the_identity_of_a_model_depends_on_its_files_not_on_its_path(tiny_bert, tmp_path):
    copied = shutil.copytree(tiny_bert, tmp_path / "copy")
    assert find_model(str(copied)).identity == find_model(str(tiny_bert)).identity
    with (copied / "config.json").open("a") as file:
        file.write("\n")
    assert find_model(str(copied)).identity != find_model(str(tiny_bert)).identity


def test_a_cached_hub_model_is_used_offline_and_identified_by_its_commit(tiny_bert, tmp_path):
    commit = "0123456789" * 4
    repository = tmp_path / "models--someone--tiny"
    shutil.copytree(tiny_bert, repository / "snapshots" / commit)
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text(commit)
    result = _find("someone/tiny", HF_HUB_CACHE=tmp_path, HF_HUB_OFFLINE="1")
    assert result.stdout.strip() == f"commit {commit}"


@pytest.mark.parametrize(
    "network", [{"HF_HUB_OFFLINE": "1"}, {"HF_ENDPOINT": "http://127.0.0.1:9"}]
)
def test_an_unavailable_model_is_one_error_within_seconds(tmp_path, network):
    start = time.monotonic()
    result = _find("someone/missing", HF_HUB_CACHE=tmp_path, **network)
    assert time.monotonic() - start < 30
    assert result.stdout.startswith("EncoderError: text_encoder.model must be a folder or the name")
    assert "got 'someone/missing', which is not on this machine" in result.stdout
    assert "`hf download someone/missing --local-dir FOLDER`" in result.stdout
    assert result.stdout.count("\n") == 1
    assert result.stderr == ""


@pytest.mark.parametrize("model", ["/no/such/folder", "~/no/such", "a b"])
def test_a_model_that_is_neither_a_folder_nor_a_name_is_an_error(model):
    with pytest.raises(EncoderError, match=r"which is (neither|no folder)"):
        find_model(model)


def test_a_folder_without_a_model_is_an_error(tmp_path):
    (tmp_path / "vocab.txt").touch()
    with pytest.raises(EncoderError, match=r"must hold config\.json and .* got \['vocab\.txt'\]"):
        find_model(str(tmp_path))


def test_a_model_that_reads_all_tokens_logs_nothing(tiny_bert, caplog):
    caplog.set_level(logging.DEBUG, logger="class_sweep")
    encode(tiny_bert, ["acid"], max_tokens=64)
    assert not caplog.records


def _find(model, **environment):
    script = """
import sys
from class_sweep.encoders.hub import find_model
from class_sweep.errors import EncoderError
try:
    print(find_model(sys.argv[1]).identity)
except EncoderError as error:
    print(f"EncoderError: {error}")
"""
    without_hub = {name: value for name, value in os.environ.items() if not name.startswith("HF_")}
    return subprocess.run(
        [sys.executable, "-c", script, model],
        capture_output=True,
        text=True,
        check=True,
        env={**without_hub, **{name: str(value) for name, value in environment.items()}},
    )

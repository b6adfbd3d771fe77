"""The contract of every registered text and molecule encoder."""

import subprocess
import sys

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from class_sweep.base.array_cache import ArrayCache, NoCache
from class_sweep.config.components import MOLECULE_ENCODERS, TEXT_ENCODERS
from class_sweep.config.inputs import HuggingFaceEncoder, LsaEncoder, Mol2vecEncoder, MorganEncoder
from class_sweep.data.pair import SourceRows
from class_sweep.encoders.encoded_features import TokenFeatures
from class_sweep.encoders.encoder import fit_molecule_encoder, fit_text_encoder
from class_sweep.encoders.fitted import FittedEncoders
from class_sweep.encoders.rows import distinct, require_finite
from class_sweep.errors import EncoderError
from class_sweep.testing import check_molecule_encoder, check_text_encoder
from class_sweep.testing.encoders import sample_smiles, sample_texts

ENCODERS = [("text", kind) for kind in TEXT_ENCODERS]
ENCODERS += [("molecule", kind) for kind in MOLECULE_ENCODERS]
FIT = np.arange(300)  # enough for the default dimensions of every encoder
REPEATED = (2, 301)  # rows with the same text and the same molecule


class RefusingCache(ArrayCache):
    """A cache that refuses to compute a missing entry."""

    def arrays(self, key, _compute, invalid_reason=lambda _: None):
        def refuse():
            raise AssertionError(f"not in the cache: {key}")

        return super().arrays(key, refuse, invalid_reason)


@pytest.fixture(scope="module")
def inputs():
    """302 texts and 302 SMILES; see FIT and REPEATED."""
    texts, smiles = sample_texts(), sample_smiles()
    texts += ["an unseen acid", texts[REPEATED[0]]]
    smiles += ["OC(=O)Cc1ccccc1", smiles[REPEATED[0]]]
    return {"text": texts, "molecule": smiles}


@pytest.fixture
def settings(request):
    """Build the settings of an encoder: its defaults, and the tiny model if it needs a model."""

    def build(side, kind, **changes):
        registry = TEXT_ENCODERS if side == "text" else MOLECULE_ENCODERS
        section = registry.settings_class(kind)
        required = {name for name, field in section.model_fields.items() if field.is_required()}
        if "model" in required:
            model = "tiny_bert" if side == "text" else "tiny_roberta"
            changes = {"model": str(request.getfixturevalue(model))} | changes
        if "path" in required:
            changes = {"path": request.getfixturevalue("feature_file")} | changes
        return section(kind=kind, **changes)

    return build


@pytest.fixture(scope="module")
def feature_file(inputs, tmp_path_factory):
    """A vector for each row of the inputs, equal for equal rows."""
    path = tmp_path_factory.mktemp("features") / "vectors.npy"
    vectors = np.random.default_rng(0).normal(size=(302, 5))
    vectors[REPEATED[1]] = vectors[REPEATED[0]]
    np.save(path, vectors)
    return path


@pytest.fixture
def fit(inputs, settings):
    """Fit an encoder on the first 300 inputs, or on `fit_rows`."""

    def run(side, kind, cache, fit_rows=FIT, **changes):
        function = fit_text_encoder if side == "text" else fit_molecule_encoder
        values = tuple(inputs[side])
        source = SourceRows(values, np.arange(len(values)), tuple(map(str, range(len(values)))))
        section = settings(side, kind, **changes)
        return function(section, values, fit_rows, cache=cache, source=source)

    return run


@pytest.fixture
def encode(fit, inputs):
    """Fit an encoder and encode all inputs."""

    def run(side, kind, cache, fit_rows=FIT, **changes):
        encoder = fit(side, kind, cache, fit_rows, **changes)
        return encoder.encode(inputs[side], cache=cache)

    return run


@pytest.mark.parametrize(("side", "kind"), ENCODERS)
def test_every_encoder_keeps_the_contract(side, kind, settings):
    check = check_text_encoder if side == "text" else check_molecule_encoder
    check(kind, **settings(side, kind).model_dump(exclude_unset=True, exclude={"kind"}))


@pytest.mark.parametrize(("side", "kind"), ENCODERS)
def test_features_are_cached(side, kind, encode, tmp_path):
    features = encode(side, kind, ArrayCache(tmp_path))
    assert features.any(axis=1).all()
    assert np.array_equal(encode(side, kind, RefusingCache(tmp_path)), features)


@pytest.mark.parametrize(("side", "kind"), ENCODERS)
def test_a_saved_encoder_gives_the_same_features(side, kind, fit, inputs, tmp_path):
    encoder = fit(side, kind, NoCache())
    save_file(encoder.save(), tmp_path / "saved.safetensors")
    saved = load_file(tmp_path / "saved.safetensors")
    loaded = type(encoder).load(encoder.settings, saved)
    expected = encoder.encode(inputs[side], cache=NoCache())
    assert np.array_equal(loaded.encode(inputs[side], cache=NoCache()), expected)
    assert loaded.save().keys() == saved.keys()
    assert loaded.external_fingerprint == encoder.external_fingerprint
    assert loaded.fingerprint == type(encoder).load(encoder.settings, saved).fingerprint


@pytest.mark.parametrize(("side", "kind"), ENCODERS)
def test_an_encoder_without_fitted_arrays_ignores_its_training_inputs(side, kind, fit):
    all_inputs, fewer_inputs = fit(side, kind, NoCache()), fit(side, kind, NoCache(), FIT[:290])
    assert bool(all_inputs.save()) == all_inputs.fits_arrays
    same = all_inputs.fingerprint == fewer_inputs.fingerprint
    reads_all = kind == "file"  # its arrays are the places of all inputs
    assert same == (not all_inputs.fits_arrays or reads_all)


@pytest.mark.parametrize("kind", TEXT_ENCODERS)
def test_a_text_encoder_provides_tokens_or_raises_an_error(kind, fit, inputs):
    encoder, texts = fit("text", kind, NoCache()), [inputs["text"][row] for row in (0, 1, 0)]
    assert encoder.token_features(texts, None, cache=NoCache()) == TokenFeatures()
    if not encoder.provides_tokens:
        with pytest.raises(EncoderError, match=f"must be .* reads tokens, got {kind}"):
            encoder.token_features(texts, (0.5, 1.0), cache=NoCache())
        return
    features = encoder.token_features(texts, (0.5, 1.0), cache=NoCache())
    assert features.tokens is None
    assert len(features.token_means) == len(features.token_states) == len(texts)


@pytest.mark.parametrize("kind", MOLECULE_ENCODERS)
def test_a_molecule_encoder_provides_graphs_or_raises_an_error(kind, fit):
    encoder, smiles = fit("molecule", kind, NoCache()), ["CCO", "CCN", "CCO"]
    if not encoder.provides_graphs:
        with pytest.raises(EncoderError, match=f"must be .* molecule graphs .* got {kind}"):
            encoder.graphs(smiles, cache=NoCache())
        return
    assert len(encoder.graphs(smiles, cache=NoCache())) == len(smiles)


@pytest.mark.parametrize(
    ("side", "kind", "change"),
    [
        ("text", "lsa", {"dimensions": 3}),
        ("text", "lsa", {"seed": 1}),
        ("text", "lsa", {"fit_rows": np.arange(301)}),
        ("text", "huggingface", {"pooling": "cls"}),
        ("text", "huggingface", {"max_tokens": 5}),
        ("molecule", "mol2vec", {"dimensions": 3}),
        ("molecule", "mol2vec", {"radius": 0}),
        ("molecule", "mol2vec", {"epochs": 6}),
        ("molecule", "mol2vec", {"seed": 1}),
        ("molecule", "mol2vec", {"fit_rows": np.arange(301)}),
        ("molecule", "morgan", {"bits": 32}),
        ("molecule", "morgan", {"radius": 1}),
        ("molecule", "huggingface", {"pooling": "cls"}),
        ("molecule", "huggingface", {"max_tokens": 5}),
    ],
)
def test_a_setting_that_changes_the_features_misses_the_cache(side, kind, change, encode, tmp_path):
    encode(side, kind, ArrayCache(tmp_path))
    with pytest.raises(AssertionError, match="not in the cache"):
        encode(side, kind, RefusingCache(tmp_path), **change)
    # The fit has an entry of its own.
    changed = encode(side, kind, ArrayCache(tmp_path), **change)
    assert np.array_equal(changed, encode(side, kind, NoCache(), **change))


@pytest.mark.parametrize(
    ("side", "kind", "change"),
    [
        ("text", "huggingface", {"batch_size": 1}),
        ("text", "huggingface", {"fit_rows": np.arange(3)}),
        ("molecule", "huggingface", {"batch_size": 1}),
        ("molecule", "morgan", {"fit_rows": np.arange(3)}),
        ("molecule", "mol2vec", {"fit_rows": FIT[::-1]}),
    ],
)
def test_a_setting_that_changes_no_feature_hits_the_cache(side, kind, change, encode, tmp_path):
    features = encode(side, kind, ArrayCache(tmp_path))
    assert np.array_equal(encode(side, kind, RefusingCache(tmp_path), **change), features)


def test_the_contents_of_a_vector_file_decide_the_cache_key(smiles, tmp_path):
    cache, encoders = ArrayCache(tmp_path), []
    for number, value in enumerate([1.0, 1.0, 2.0]):
        path = tmp_path / f"{number}.npz"
        tokens = np.array(["UNK", "2246728737"])
        np.savez(path, tokens=tokens, vectors=np.full((2, 3), value, np.float32))
        settings = Mol2vecEncoder(kind="mol2vec", vectors=path)
        rows = np.arange(3 if number == 1 else 6)
        encoders.append(fit_molecule_encoder(settings, smiles, rows, cache=cache))
    first, copy, doubled = encoders
    features = first.encode(smiles, cache=cache)
    assert np.array_equal(copy.encode(smiles, cache=RefusingCache(tmp_path)), features)
    assert np.array_equal(doubled.encode(smiles, cache=cache), 2 * features)


def test_two_models_share_a_cache_but_no_features(smiles, tmp_path):
    settings, cache = Mol2vecEncoder(kind="mol2vec", dimensions=3, epochs=1), ArrayCache(tmp_path)
    first = fit_molecule_encoder(settings, smiles, np.arange(8), cache=NoCache())
    arrays = first.save()
    models = [
        type(first).load(settings, arrays | {"vectors": factor * arrays["vectors"]})
        for factor in (1, 2)
    ]
    one, two = (model.encode(smiles, cache=cache) for model in models)
    assert np.array_equal(two, 2 * one)


def test_a_missing_vector_file_is_an_error(smiles, tmp_path):
    settings = Mol2vecEncoder(kind="mol2vec", vectors=tmp_path / "none.npz")
    with pytest.raises(EncoderError, match=r"can be read, got .*none\.npz: No such file"):
        fit_molecule_encoder(settings, smiles, np.arange(6), cache=ArrayCache(tmp_path))


def test_non_finite_features_are_an_error_that_lists_the_rows(smiles, tmp_path):
    vectors = np.array([[0.0], [np.nan]], np.float32)
    np.savez(tmp_path / "v.npz", tokens=np.array(["UNK", "2246728737"]), vectors=vectors)
    settings = Mol2vecEncoder(kind="mol2vec", vectors=tmp_path / "v.npz")
    cache = ArrayCache(tmp_path)
    encoder = fit_molecule_encoder(settings, smiles, np.arange(6), cache=cache)
    # The identifier is that of CH3, in rows 0, 2, 4, 6 and 7.
    with pytest.raises(EncoderError, match=r"in row 0, 2, 4, 6, 7, counted .*encoder mol2vec"):
        encoder.encode(smiles, cache=cache)
    assert not list(tmp_path.glob("mol2vec-[!f]*.safetensors"))


def test_an_error_counts_further_non_finite_rows():
    with pytest.raises(EncoderError, match="in row 0, 1, 2, 3, 4 and 3 more"):
        require_finite(np.full((1, 2), np.inf), np.zeros(8, np.int64), "lsa")


def test_distinct_values_rebuild_the_rows():
    values, rows = distinct(["b", "a", "b"])
    assert values == ["b", "a"]
    assert rows.tolist() == [0, 1, 0]


def test_the_arrays_of_a_model_folder_keep_their_names(texts, smiles):
    settings = LsaEncoder(dimensions=4), Mol2vecEncoder(kind="mol2vec", dimensions=4)
    rows, cache = np.arange(8), NoCache()
    molecule = fit_molecule_encoder(settings[1], smiles, rows, cache=cache)
    text = fit_text_encoder(settings[0], texts, rows, cache=cache)
    saved = FittedEncoders(text, molecule).save()
    assert sorted(saved) == [
        "lsa/characters/terms", "lsa/characters/weights", "lsa/components", "lsa/words/terms",
        "lsa/words/weights", "mol2vec/tokens", "mol2vec/vectors",
    ]  # fmt: skip
    loaded = FittedEncoders.load(*settings, None, saved)
    assert np.array_equal(
        loaded.encode_texts(texts, cache=cache).vectors, text.encode(texts, cache=cache)
    )
    assert np.array_equal(
        loaded.encode_molecules(smiles, cache=cache).vectors,
        molecule.encode(smiles, cache=cache),
    )


def test_two_fitted_encoders_of_one_kind_keep_their_own_arrays(fit, inputs):
    text, molecule = (fit(side, "file", NoCache()) for side in ("text", "molecule"))
    saved = FittedEncoders(text, molecule).save()
    assert sorted({name.partition("/")[0] for name in saved}) == [
        "molecule_encoder",
        "text_encoder",
    ]
    loaded = FittedEncoders.load(text.settings, molecule.settings, None, saved)
    for side, encoder, again in (
        ("text", text, loaded.encode_texts), ("molecule", molecule, loaded.encode_molecules)
    ):  # fmt: skip
        expected = encoder.encode(inputs[side], cache=NoCache())
        assert np.array_equal(again(inputs[side], cache=NoCache()).vectors, expected)


def test_a_model_with_other_files_is_refused(tiny_bert, smiles):
    text = fit_text_encoder(
        HuggingFaceEncoder(model=str(tiny_bert)), ["acid"], np.arange(1), cache=NoCache()
    )
    settings = MorganEncoder(kind="morgan")
    molecule = fit_molecule_encoder(settings, smiles, np.arange(8), cache=NoCache())
    encoders = FittedEncoders(text, molecule)
    encoders.require_files(text.external_fingerprint, None)
    with pytest.raises(EncoderError, match=r"must have the files .* got other files: .*tiny_bert"):
        encoders.require_files("0" * 64, None)
    with pytest.raises(EncoderError, match=r"the molecule encoder must have the files .*: morgan"):
        encoders.require_files(text.external_fingerprint, "0" * 64)


def test_a_cache_hit_loads_no_heavy_library(texts, smiles, tmp_path):
    script = """
import sys, numpy as np
from pathlib import Path
from class_sweep.config.inputs import LsaEncoder, Mol2vecEncoder, MorganEncoder
from class_sweep.base.array_cache import ArrayCache
from class_sweep.encoders.encoder import fit_molecule_encoder, fit_text_encoder
cache, fit = ArrayCache(Path(sys.argv[1])), np.arange(6)
texts, smiles = sys.argv[2:10], sys.argv[10:]
fit_text_encoder(LsaEncoder(dimensions=4), texts, fit, cache=cache).encode(texts, cache=cache)
for settings in (Mol2vecEncoder(kind="mol2vec", dimensions=4), MorganEncoder(kind="morgan")):
    fit_molecule_encoder(settings, smiles, fit, cache=cache).encode(smiles, cache=cache)
print(*sorted({"torch", "transformers", "gensim", "rdkit", "sklearn"} & set(sys.modules)))
"""
    command = [sys.executable, "-c", script, str(tmp_path), *texts, *smiles]
    first, second = (
        subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
        for _ in range(2)
    )
    assert first == ["gensim", "rdkit", "sklearn"]
    assert second == []

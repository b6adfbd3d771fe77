import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from class_sweep.config.inputs import LsaEncoder
from class_sweep.encoders.latent_semantics import LatentSemantics
from class_sweep.errors import EncoderError

FIT = np.arange(6)


def lsa_features(settings, texts, fit_rows):
    return LatentSemantics.fit(settings, [texts[row] for row in fit_rows]).transform(texts)


def cosine(a, b):
    return a @ b / np.linalg.norm(a) / np.linalg.norm(b)


def test_other_texts_do_not_change_the_features_of_training_texts(texts):
    settings = LsaEncoder(dimensions=4)
    features = lsa_features(settings, texts, FIT)
    texts[6:] = ["something else entirely", "and another thing"]
    assert np.array_equal(features[:6], lsa_features(settings, texts, FIT)[:6])


def test_training_texts_change_the_features_of_other_texts(texts):
    settings = LsaEncoder(dimensions=4)
    features = lsa_features(settings, texts, FIT)
    texts[0] = "a steroid"
    assert not np.allclose(features[7], lsa_features(settings, texts, FIT)[7])


def test_names_with_common_parts_have_similar_features():
    texts = ["2-methylpropan-1-ol", "3-methylbutan-1-ol", "benzoic acid", "salicylic acid"]
    propanol, butanol, acid, _ = lsa_features(LsaEncoder(dimensions=3), texts, np.arange(4))
    assert cosine(propanol, butanol) > cosine(propanol, acid) + 0.1


def test_a_text_without_any_known_term_is_zero():
    texts = ["alpha beta", "beta gamma", "###"]
    assert not lsa_features(LsaEncoder(dimensions=2), texts, np.arange(2))[2].any()


def test_more_dimensions_than_training_texts_is_an_error(texts):
    with pytest.raises(EncoderError, match=r"at most the number of training texts \(6\).*got 7"):
        lsa_features(LsaEncoder(dimensions=7), texts, FIT)


def test_more_dimensions_than_terms_is_an_error():
    with pytest.raises(EncoderError, match=r"of their terms \(4\), got 8"):
        lsa_features(LsaEncoder(dimensions=8), ["ab"] * 9, np.arange(9))


@pytest.mark.parametrize("texts", [["", " "], []])
def test_training_texts_without_words_are_an_error(texts):
    with pytest.raises(EncoderError, match="must contain words"):
        lsa_features(LsaEncoder(dimensions=2), texts, np.arange(len(texts)))


def test_saved_arrays_restore_the_fit_exactly(texts, tmp_path):
    fitted = LatentSemantics.fit(LsaEncoder(dimensions=4), texts[:6])
    save_file(fitted.arrays(), tmp_path / "fitted.safetensors")
    restored = LatentSemantics.from_arrays(load_file(tmp_path / "fitted.safetensors"))
    inputs = [*texts, "never seen", "", "2-methylpropan-1-ol\nof two lines"]
    assert np.array_equal(restored.transform(inputs), fitted.transform(inputs))

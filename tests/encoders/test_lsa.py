import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from class_sweep.config.inputs import LsaEncoder
from class_sweep.encoders.latent_semantics import LatentSemantics
from class_sweep.errors import EncoderError

FIT = np.arange(6)


def lsa_features(settings, texts, fit_rows):
    return LatentSemantics.fit(settings, [texts[row] for row in fit_rows]).transform(texts)


def cosine(one, other):
    return one @ other / np.linalg.norm(one) / np.linalg.norm(other)


def test_what_is_not_training_text_changes_nothing_of_the_rest(texts):
    settings = LsaEncoder(dimensions=4)
    features = lsa_features(settings, texts, FIT)
    texts[6:] = ["something else entirely", "and another thing"]
    assert np.array_equal(features[:6], lsa_features(settings, texts, FIT)[:6])


def test_training_texts_do_change_the_rest(texts):
    settings = LsaEncoder(dimensions=4)
    features = lsa_features(settings, texts, FIT)
    texts[0] = "a steroid"
    assert not np.allclose(features[7], lsa_features(settings, texts, FIT)[7])


def test_names_that_share_parts_are_near_each_other():
    texts = ["2-methylpropan-1-ol", "3-methylbutan-1-ol", "benzoic acid", "salicylic acid"]
    one, alike, other, _ = lsa_features(LsaEncoder(dimensions=3), texts, np.arange(4))
    assert cosine(one, alike) > cosine(one, other) + 0.1


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


def test_what_was_fitted_survives_as_arrays_to_the_bit(texts, tmp_path):
    fitted = LatentSemantics.fit(LsaEncoder(dimensions=4), texts[:6])
    save_file(fitted.arrays(), tmp_path / "fitted.safetensors")
    again = LatentSemantics.from_arrays(load_file(tmp_path / "fitted.safetensors"))
    new = [*texts, "never seen", "", "2-methylpropan-1-ol\nof two lines"]
    assert np.array_equal(again.transform(new), fitted.transform(new))

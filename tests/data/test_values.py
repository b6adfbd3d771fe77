import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from class_sweep.base.limits import MAX_TEXT
from class_sweep.data.values import text_of
from class_sweep.errors import DataError


@pytest.mark.parametrize("value", [None, math.nan, "", "  \t", "\n", "\u00a0"])
def test_none_nan_and_blanks_are_no_value(value):
    assert text_of(value, "it", "a:1") == ""


@pytest.mark.parametrize(
    ("value", "text"), [("NA", "NA"), ("nan", "nan"), ("null", "null"), (" a b ", "a b"), (7, "7")]
)
def test_words_and_numbers_are_values(value, text):
    assert text_of(value, "it", "a:1") == text


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (True, "must be text or a number, got True in it at a:1"),
        (b"x", "must be text or a number, got b'x' in it at a:1"),
        (["a"], "must be text or a number, got ['a'] in it at a:1"),
        (math.inf, "must be text or a number, got inf in it at a:1"),
        (-math.inf, "must be text or a number, got -inf in it at a:1"),
        ("a\0", "must be text, got the control character '\\x00' in it at a:1"),
        ("\ud83d", "must be text, got the lone surrogate '\\ud83d' in it at a:1"),
        (
            "x" * (MAX_TEXT + 1),
            "must have at most 1,000,000 characters, got 1,000,001 in it at a:1",
        ),
    ],
)
def test_what_is_no_text_is_refused_with_its_place(value, words):
    with pytest.raises(DataError) as caught:
        text_of(value, "it", "a:1")
    assert str(caught.value) == f"a value {words}"


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc"])))
def test_every_text_without_control_characters_is_kept(text):
    assert text_of(text, "it", "a:1") == text.strip()

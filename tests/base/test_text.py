import pytest

from class_sweep.base.text import refused_character, shortened, undecodable_byte


@pytest.mark.parametrize(
    "text",
    ["", "ethanol", "two\nlines\tand\rmore\x0b\x0c", "µ-opioid", "\x84quoted\x93", "😀", "\u2028"],
)
def test_text_of_any_language_is_text(text):
    assert refused_character(text) is None
    assert undecodable_byte(text) is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a\0b", "the control character '\\x00'"),
        ("\x1b[31m", "the control character '\\x1b'"),
        ("a\x7f", "the control character '\\x7f'"),
        ("a\ud800", "the lone surrogate '\\ud800'"),
        ("\udfff", "the lone surrogate '\\udfff'"),
    ],
)
def test_a_character_that_is_no_text_is_named(text, words):
    assert refused_character(text) == words


def test_the_first_undecodable_byte_is_found():
    assert undecodable_byte(b"caf\xe9 \xb5".decode(errors="surrogateescape")) == 0xE9


def test_a_long_value_is_shortened():
    assert shortened("short") == "'short'"
    assert shortened("x" * 1000) == "'" + "x" * 78 + "…"

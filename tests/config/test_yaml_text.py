import contextlib
import math
import os
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from class_sweep.base.limits import MAX_SPACE_BYTES
from class_sweep.config.document import load_space
from class_sweep.config.yaml_text import YamlDocument, read_yaml, write_yaml
from class_sweep.errors import ConfigError


def value(text):
    return read_yaml(f"a: {text}", "a.yaml").tree["a"]


def mistake(text):
    with pytest.raises(ConfigError) as caught:
        read_yaml(text, "a.yaml")
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1e-3", 0.001),
        ("1.0e-3", 0.001),
        ("1E5", 100_000.0),
        ("-2e+2", -200.0),
        (".5", 0.5),
        (".5e1", 5.0),
        ("1.", 1.0),
        ("-.inf", -math.inf),
        ("0.40", 0.4),
    ],
)
def test_numbers_in_any_notation_are_numbers(text, number):
    assert value(text) == number
    assert isinstance(value(text), float)


def test_a_whole_number_is_an_integer():
    assert value("16") == 16
    assert isinstance(value("16"), int)


@pytest.mark.parametrize("word", ["no", "on", "off", "yes", "y", "No", "ON", "e3", "1e", "v1.0"])
def test_words_are_text(word):
    assert value(word) == word


@pytest.mark.parametrize(("text", "truth"), [("true", True), ("False", False), ("TRUE", True)])
def test_true_and_false_are_truth_values(text, truth):
    assert value(text) is truth


def test_a_quoted_number_is_text():
    assert value("'1e-3'") == "1e-3"


def test_a_key_given_twice_is_an_error_at_the_second():
    text = "a: 1\nb:\n  c: 1\n  d: 2\n  c: 3\n"
    assert mistake(text) == "a.yaml:5: b.c: must be given once, got it twice"


def test_a_syntax_error_has_its_line():
    assert mistake("a: 1\nb: [1, 2\nc: 3\n").startswith("a.yaml:3: must be valid YAML: ")
    assert mistake("a: 1\n\tb: 2\n").startswith("a.yaml:2: must be valid YAML: ")


def test_anchors_and_merges_are_read():
    tree = read_yaml("a: &one {x: 1, y: 2}\nb: *one\nc: {<<: *one, y: 3}", "a.yaml").tree
    assert tree["b"] == {"x": 1, "y": 2}
    assert tree["c"] == {"x": 1, "y": 3}


def test_an_anchor_must_not_contain_itself():
    assert mistake("a: 1\nb: &x\n  c: *x\n") == "a.yaml:2: an anchor must not contain itself"


def test_an_unknown_anchor_is_an_error():
    assert mistake("a: *x") == "a.yaml:1: must be valid YAML: found undefined alias 'x'"


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("", "nothing"),
        ("# only this\n", "nothing"),
        ("- a\n", "a list"),
        ("word", "a single value"),
    ],
)
def test_the_root_must_be_a_mapping(text, kind):
    assert (
        mistake(text) == f"a.yaml:1: must be a mapping of sections (data, backbone …), got {kind}"
    )


@pytest.mark.parametrize("key", ["1", "2020-01-01", "~", "true", "1e3"])
def test_a_key_must_be_a_word(key):
    assert mistake(f"a: 1\n{key}: 2\n") == f"a.yaml:2: a key must be a word, got {key}"


@pytest.mark.parametrize(
    ("written", "key", "meant"),
    [
        ("{alpha: 0,4}", "4", "0.4"),
        ("{alpha: 0,05, beta: 0,1}", "05", "0.05"),
        ("{lr: 1,5e-3}", "5e-3", "1.5e-3"),
        ("{samples: 26,407}", "407", "26407, or 26.407"),
    ],
)
def test_a_number_with_a_comma_in_a_flow_mapping_is_hinted_with_its_point(written, key, meant):
    assert mistake(f"a: {written}\n") == (
        f"a.yaml:1: a key must be a word, got {key}; a decimal number has a point: write {meant}"
    )


@pytest.mark.parametrize("written", ["{alpha: 0, 4: 1}", "{alpha: word,4}", "{alpha: [0],4}"])
def test_other_keys_that_are_no_words_are_hinted_with_nothing(written):
    assert mistake(f"a: {written}\n") == "a.yaml:1: a key must be a word, got 4"


def test_a_key_must_not_be_a_list():
    assert mistake("? [a, b]\n: 1\n") == "a.yaml:1: a key must be a word, got a list or mapping"


def test_a_file_holds_one_document():
    assert mistake("a: 1\n---\nb: 2\n").startswith("a.yaml:2: must be valid YAML: ")


def test_no_code_is_run():
    assert "could not determine a constructor" in mistake("a: !!python/object/apply:os.getpid []")


def test_control_characters_have_their_line():
    assert mistake("a: 1\nb: \x00\n") == (
        "a.yaml:2: must be text, got the control character '\\x00'"
    )


def test_endless_nesting_is_an_error():
    assert mistake("a: " + "[" * 2000) == "a.yaml:1: must be nested less deeply"


@pytest.mark.parametrize(
    ("begin", "separator", "end"),
    [("[", "*a{0}, ", "]"), ("{", "k{1}: *a{0}, ", "}"), ("{<<: [", "*a{0}, ", "]}")],
    ids=["lists", "mappings", "merge keys"],
)
def test_aliases_that_multiply_are_refused_at_once(begin, separator, end):
    lines = ["a0: &a0 {x: 1}"]
    for n in range(1, 40):
        below = "".join(separator.format(n - 1, index) for index in range(9))
        lines.append(f"a{n}: &a{n} {begin}{below}{end}")
    start = time.process_time()
    message = mistake("\n".join(lines))
    assert time.process_time() - start < 5  # seconds; each alias walked anew would take for ever
    assert "a.yaml:" in message
    assert "a document must have at most 20,000 values, got " in message


def test_an_alias_within_the_bound_may_be_used_often():
    text = "x-a: &a {x: [1, 2, 3]}\n" + "".join(f"b{n}: *a\n" for n in range(1000))
    assert read_yaml(text, "a.yaml").tree["b999"] == {"x": [1, 2, 3]}


def test_a_document_and_its_numbers_have_bounds():
    assert mistake("a: " + "x" * MAX_SPACE_BYTES) == "a.yaml:1: must have at most 64 KiB"
    assert mistake("a: 1\nb: " + "9" * 41) == (
        "a.yaml:2: a number must have at most 40 characters, got 41"
    )
    assert mistake("a: 0." + "9" * 5000).startswith("a.yaml:1: a number must have at most 40")
    assert value("'" + "9" * 41 + "'") == "9" * 41
    assert mistake("a: 1\nb: " + "[" * 51 + "]" * 51).endswith("must be nested less deeply")


def test_a_merged_key_has_the_line_where_it_is_written():
    source = read_yaml("a: &one\n  x: 1\n  y: 2\nc:\n  <<: *one\n  y: 3\n", "a.yaml")
    assert [source.line(key) for key in [("c",), ("c", "x"), ("c", "y")]] == [4, 2, 6]


def test_a_pipe_is_no_space_file(tmp_path):
    os.mkfifo(tmp_path / "a.yaml")
    with pytest.raises(ConfigError, match="it must be a regular file, got a pipe"):
        load_space(tmp_path / "a.yaml")


@pytest.mark.parametrize(
    ("path", "words"),
    [("a" * 300, "File name too long"), ("a\0b", "the path is no name of a file")],
)
def test_a_path_that_names_no_file_is_an_error(path, words):
    with pytest.raises(ConfigError, match=words):
        load_space(Path(path))


def test_every_key_has_its_line():
    source = read_yaml("# head\na:\n  b: 1\n\n  c: [x,\n      {d: 2}]\n", "a.yaml")
    assert [source.line(key) for key in [("a",), ("a", "b"), ("a", "c"), ("a", "c", 1, "d")]] == [
        *(2, 3, 5, 6)
    ]


def test_a_missing_key_has_the_line_of_its_parent():
    source = read_yaml("a: 1\nb:\n  c: 1\n", "a.yaml")
    assert source.line(("b", "missing", "deeper")) == 2
    assert source.line(("missing",)) == 1


def test_a_missing_file_is_an_error(tmp_path):
    path = tmp_path / "none.yaml"
    with pytest.raises(ConfigError, match="must be a readable space file: No such file") as caught:
        load_space(path)
    assert str(caught.value).startswith(f"{path}: ")


def test_a_folder_is_no_space_file(tmp_path):
    with pytest.raises(
        ConfigError, match="must be a readable space file: it must be a regular file, got a folder"
    ):
        load_space(tmp_path)


def test_a_file_must_be_utf_8(tmp_path):
    path = tmp_path / "latin.yaml"
    path.write_bytes("# one\ndata: {path: Ångström}".encode("latin-1"))
    with pytest.raises(ConfigError, match=r"latin.yaml:2: must be UTF-8, got the byte 0xc5"):
        load_space(path)


@given(st.text(st.sampled_from("ab:1.e-[]{}#&*!?|>'\"%,~ \n\t\x00<é"), max_size=40))
def test_any_text_is_read_or_refused(text):
    with contextlib.suppress(ConfigError):  # and nothing else
        assert isinstance(read_yaml(text, "a.yaml"), YamlDocument)


words = st.text(st.characters(codec="utf-8", exclude_characters="\x85\u2028\u2029"), max_size=8)
plain = st.one_of(st.integers(), st.floats(allow_nan=False), st.booleans(), st.none(), words)
numberlike = st.sampled_from(["1e5", "no", "1e-3", "true", "~", "12", "1.", ".5", "=", "<<", ""])
trees = st.recursive(
    plain | numberlike,
    lambda below: st.lists(below, max_size=3) | st.dictionaries(words, below, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(words | numberlike, trees, max_size=4))
def test_a_written_tree_is_read_back(tree):
    assert read_yaml(write_yaml(tree), "a.yaml").tree == tree


def test_text_is_quoted_if_a_reader_could_take_it_for_another_type():
    assert write_yaml({"a": "1e5", "b": "no", "c": "word"}) == "a: '1e5'\nb: 'no'\nc: word\n"

import pytest

from class_sweep.config.document import parse_space
from class_sweep.config.renamed import REMOVED_SETTINGS, RENAMED_SETTINGS, RENAMED_VALUES
from class_sweep.errors import ConfigError

SPACE = """\
data: {{source: names{data}}}
molecule_encoder: {{kind: morgan}}
backbone: {{name: contrastive}}
curriculum: {{alpha: {{uniform: [0.5, 1.0]}}{curriculum}}}
budget: {{epochs: 9}}
search: {{trials: 4{search}}}
pruning: {{kind: successive_halving{pruning}}}
confirm: {{finalists: 1{confirm}}}
text_encoder: {{kind: lsa}}
"""


def _message(path: str, value: str) -> str:
    section, setting = path.split(".")
    lines = dict.fromkeys(("data", "curriculum", "search", "pruning", "confirm"), "")
    lines[section] = f", {setting}: {value}"
    with pytest.raises(ConfigError) as error:
        parse_space(SPACE.format(**lines))
    return str(error.value).partition(" ")[2]


VALUES = [
    *((path, "1") for path in RENAMED_SETTINGS),
    *((path, "{uniform: [0.4, 0.8]}") for path in RENAMED_SETTINGS if path.startswith("curric")),
]


@pytest.mark.parametrize(("path", "value"), VALUES)
def test_an_old_setting_is_an_error_that_names_the_new_one(path: str, value: str) -> None:
    new, old = RENAMED_SETTINGS[path], path.split(".")[1]
    assert f"{path}: must be written {new}, got its old name '{old}'" in _message(path, value)


@pytest.mark.parametrize(("path", "old"), RENAMED_VALUES)
def test_an_old_value_is_an_error_that_names_the_new_one(path: str, old: str) -> None:
    assert _message(path, old).endswith(f"got {old}; write {RENAMED_VALUES[path, old]}")


@pytest.mark.parametrize("path", REMOVED_SETTINGS)
@pytest.mark.parametrize("value", ["random", "4", "{choice: [random, neighbourhood]}"])
def test_a_removed_setting_is_one_error_that_says_so(path: str, value: str) -> None:
    message = _message(path, value)
    assert message == f"{path}: must be left out, because it was removed: {REMOVED_SETTINGS[path]}"


@pytest.mark.parametrize(
    ("old", "removed"),
    [
        ("batching: random, group_size: 4", {}),
        ("group_size: {int: [2, 8]}", {}),
        ("batching: neighbourhood", {"curriculum.batching": "neighbourhood"}),
        (
            "batching: {choice: [random, neighbourhood]}",
            {"curriculum.batching": {"choice": ["random", "neighbourhood"]}},
        ),
    ],
)
def test_a_file_of_old_results_is_read_without_its_removed_settings(old, removed) -> None:
    def read(curriculum: str, **kind):
        sections = dict.fromkeys(("data", "search", "pruning", "confirm"), "")
        return parse_space(SPACE.format(**sections, curriculum=curriculum), **kind)

    space, plain = read(f", {old}", recorded=True), read("")
    assert (space.settings, space.axes) == (plain.settings, plain.axes)
    assert (space.removed, plain.removed) == (removed, {})
    trial = {"curriculum.alpha": 0.7, "curriculum.batching": "neighbourhood"}
    assert space.resolve(trial) == plain.resolve({"curriculum.alpha": 0.7})


def test_old_results_whose_only_axis_was_removed_are_read() -> None:
    text = SPACE.replace("{{uniform: [0.5, 1.0]}}", "0.5").format(
        data="", search="", pruning="", confirm="", curriculum=", batching: {choice: [random]}"
    )
    assert parse_space(text, recorded=True).axes == {}

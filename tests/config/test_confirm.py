import pytest

from class_sweep.config.confirm import LOOKS, Confirm
from class_sweep.config.document import parse_space
from class_sweep.curriculum.baselines import sigmas_needed
from class_sweep.errors import ConfigError


def with_confirm(small_space_text, text):
    return small_space_text.replace("confirm: {finalists: 0}\n", text)


def test_the_defaults_are_three_finalists_and_three_controls(small_space_text):
    settings = parse_space(with_confirm(small_space_text, "")).settings
    assert settings.confirm == Confirm(
        finalists=3,
        seeds=5,
        max_seeds=10,
        controls=["full_data", "full_data_equal_samples", "random_order"],
    )
    assert settings.confirms
    assert not parse_space(small_space_text).settings.confirms
    assert tuple(LOOKS) == (3, 5, 10, 20, 40)


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ("{seeds: 4}", "confirm.seeds: must be one of 3, 5, 10, 20, 40, got 4"),
        ("{seeds: 20}", "confirm.max_seeds: must be at least confirm.seeds (20), got 10"),
        ("{finalists: -1}", "confirm.finalists: must be at least 0, got -1"),
        ("{controls: []}", "confirm.controls: "),
        ("{controls: [paper, paper]}", "confirm.controls: must be a list that names each control"),
        ("{controls: [full_dat]}", "did you mean full_data?"),
        ("{finalist: 2}", "did you mean finalists?"),
    ],
)
def test_a_mistake_in_the_section_has_its_line(small_space_text, section, message):
    with pytest.raises(ConfigError) as caught:
        parse_space(with_confirm(small_space_text, f"confirm: {section}\n"))
    [line] = str(caught.value).splitlines()
    assert line.startswith("space:16: ")
    assert message in line


def test_the_papers_sigma_is_indexed_if_the_paper_is_a_control(small_space_text):
    assert 0.99 not in sigmas_needed(parse_space(small_space_text))
    paper = parse_space(with_confirm(small_space_text, "confirm: {controls: [paper]}\n"))
    assert 0.99 in sigmas_needed(paper)

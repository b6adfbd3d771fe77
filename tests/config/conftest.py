from collections.abc import Callable

import pytest

from class_sweep.config.document import Space, parse_space
from class_sweep.errors import ConfigError

SECTIONS = {
    "data": "{source: names}",
    "text_encoder": "{kind: lsa}",
    "molecule_encoder": "{kind: morgan}",
    "backbone": "{name: contrastive}",
    "curriculum": "{alpha: {uniform: [0.2, 0.9]}}",
    "budget": "{epochs: 10}",
    "search": "{trials: 4}",
}


@pytest.fixture(scope="session")
def text() -> Callable[..., str]:
    """A valid space file, one line per section; a section can be replaced, added or removed (None).

    `data` is on line 1, `curriculum` on line 5.
    """

    def build(**changes: str | None) -> str:
        sections = SECTIONS | changes
        return "".join(f"{name}: {value}\n" for name, value in sections.items() if value)

    return build


@pytest.fixture(scope="session")
def space(text) -> Callable[..., Space]:
    return lambda **changes: parse_space(text(**changes))


@pytest.fixture(scope="session")
def mistakes(text) -> Callable[..., list[str]]:
    """The mistakes of a space, one line each, without the file's name."""

    def read(**changes: str | None) -> list[str]:
        with pytest.raises(ConfigError) as caught:
            parse_space(text(**changes), "a.yaml")
        lines = str(caught.value).splitlines()
        assert all(line.startswith("a.yaml:") for line in lines)
        return [line.removeprefix("a.yaml:") for line in lines]

    return read

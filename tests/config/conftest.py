from collections.abc import Callable

import pytest
from schema_reader import is_knowable, schema_accepts

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
    """The space of a valid file, which the JSON schema accepts as well."""

    def read(**changes: str | None) -> Space:
        read_space = parse_space(text(**changes))
        assert schema_accepts(text(**changes))
        return read_space

    return read


@pytest.fixture(scope="session")
def mistakes(text) -> Callable[..., list[str]]:
    """The mistakes of a space, one line each, without the file's name.

    The JSON schema rejects the file as well, if one of them is one that a schema can know.
    """

    def read(**changes: str | None) -> list[str]:
        with pytest.raises(ConfigError) as caught:
            parse_space(text(**changes), "a.yaml")
        lines = str(caught.value).splitlines()
        assert all(line.startswith("a.yaml:") for line in lines)
        assert not any(map(is_knowable, lines)) or not schema_accepts(text(**changes))
        return [line.removeprefix("a.yaml:") for line in lines]

    return read

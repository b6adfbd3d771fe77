"""The component of each extension page works as it is printed there: one file and one line."""

import re
import sys

import optuna
import pytest
from documents import ROOT, blocks

from class_sweep.config import components
from class_sweep.config.components import Registry
from class_sweep.config.document import parse_space
from class_sweep.tuning.samplers.sampler import distributions, sampler_for_trial

PAGES = sorted((ROOT / "docs" / "contributing").glob("add-a*.md"))
REGISTRIES = {
    name: value for name, value in vars(components).items() if isinstance(value, Registry)
}
BASE = {
    "data": "{source: names, limit: 200}",
    "text_encoder": "{kind: lsa, dimensions: 16}",
    "molecule_encoder": "{kind: morgan, bits: 128}",
    "backbone": "{name: contrastive, hidden: 16, dimension: 8}",
    "curriculum": "{alpha: {uniform: [0.4, 0.9]}}",
    "optimizer": "{batch_size: 16}",
    "budget": "{epochs: 2}",
    "search": "{trials: 2}",
    "confirm": "{finalists: 0}",
}


def install(page, folder, monkeypatch):
    """Write the component of a page to its file and register it by its line.

    Returns:
        The registry and the name of the component.
    """
    text = page.read_text(encoding="utf-8")
    [module] = re.findall(r"^`(\w+)\.py`", text, re.MULTILINE)
    [code] = blocks(page, "python")
    (folder / f"{module}.py").write_text(code, encoding="utf-8")
    monkeypatch.syspath_prepend(folder)
    monkeypatch.setitem(sys.modules, module, None)  # at the end, the imported module goes as well
    del sys.modules[module]
    registry = REGISTRIES[re.findall(r"^The line, in `(\w+)`:", text, re.MULTILINE)[0]]
    monkeypatch.setattr(registry, "_components", dict(registry))
    line = re.sub(r"class_sweep\.[\w.]+:", f"{module}:", blocks(page, "text")[0])
    [(name, component)] = eval(f"{{{line}}}", vars(components)).items()  # noqa: S307 - our own
    registry.register(name, component)
    return registry, name


def space_of(page):
    """The page's space over a small base."""
    [block] = blocks(page, "yaml")
    sections = set(re.findall(r"^(\w+):", block, re.MULTILINE))
    rest = [f"{name}: {text}" for name, text in BASE.items() if name not in sections]
    return "\n".join([*rest, block])


def test_every_registry_has_a_page():
    text = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)
    assert sorted(re.findall(r"^The line, in `(\w+)`:", text, re.MULTILINE)) == sorted(REGISTRIES)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_component_of_a_page_is_loaded_by_its_space(page, tmp_path, monkeypatch):
    registry, name = install(page, tmp_path, monkeypatch)
    assert registry.load(name).__doc__
    assert name in parse_space(space_of(page)).text


def test_the_sampler_of_its_page_proposes_by_the_number_alone(tmp_path, monkeypatch):
    """A resumed sweep, whose study may have been lost, continues the sequence."""
    [page] = [page for page in PAGES if page.stem == "add-a-sampler"]
    registry, name = install(page, tmp_path, monkeypatch)
    curriculum = (
        "{alpha: {uniform: [0.4, 0.9]}, beta: {uniform: [0.1, 0.5], step: 0.1},"
        " order: {choice: [easy_first, random]}}"
    )
    rate = "curriculum: " + curriculum + "\noptimizer: {lr: {loguniform: [1e-4, 1e-2]}}"
    rest = [f"{name}: {text}" for name, text in BASE.items() if f"{name}:" not in rate]
    space = parse_space("\n".join([*rest, rate]))

    def proposal(study, number):
        study.sampler = sampler_for_trial(registry.load(name)(space), number)
        trial = study.ask(distributions(space))
        study.tell(trial, 0.1)
        return trial.params

    study = optuna.create_study()
    whole = [proposal(study, number) for number in range(6)]
    assert [proposal(optuna.create_study(), number) for number in range(6)] == whole
    assert len({params["curriculum.alpha"] for params in whole}) == 6
    assert all(value in space.axes[path] for params in whole for path, value in params.items())

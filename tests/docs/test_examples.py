"""The examples in the documents: every space is valid, every command line is accepted."""

import re
import shlex

import commands_page
import make_examples
import pytest
from documents import PAGES, ROOT, blocks
from schema_reader import schema_errors

from class_sweep.config.document import parse_space

COMMANDS = dict(commands_page.commands())
BASE = {
    "data": "{source: names}",
    "text_encoder": "{kind: lsa}",
    "molecule_encoder": "{kind: mol2vec}",
    "backbone": "{name: contrastive}",
    "curriculum": "{alpha: {uniform: [0.2, 1.0]}}",
    "budget": "{epochs: 40}",
    "search": "{trials: 16}",
}
BENCHMARK_OPTIONS = {"--quick", "--json", "--growth", "--help"}
PYTHON_PAGES = {  # run in this folder
    "docs/how-to/own-features.md",
    "docs/how-to/own-loop.md",
    "docs/how-to/own-parts.md",
    "docs/how-to/python.md",
    "docs/how-to/train-a-model.md",
}


def command_lines(text):
    """Each `class-sweep` command of a document: in code blocks and inline, continuations joined."""
    text = text.replace("\\\n", " ")
    code = "\n".join(blocks(text, "", "sh")).splitlines()
    prompts = [line for block in blocks(text, "console") for line in make_examples.commands(block)]
    outside = re.sub(r"^```.*?^```$", "", text, flags=re.DOTALL | re.MULTILINE)
    inline = [line.replace("\n", " ") for line in re.findall(r"`(class-sweep [^`]*)`", outside)]
    for line in [*code, *prompts, *inline]:
        if line.startswith("class-sweep ") and "…" not in line and "COMMAND" not in line:
            words = shlex.split(line, comments=True)[1:]
            yield words[: words.index(">")] if ">" in words else words


def name_of(words):
    return " ".join(words[: 2 if words[0] == "data" else 1])


def write_baselines(folder, block):
    """A configuration in place of each file among the baselines of a space."""
    found = re.search(r"baselines: \[(.*)\]", block)
    for name in re.findall(r"[\w/-]+\.yaml", found[1] if found else ""):
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        sections = BASE | {"curriculum": "{alpha: 0.4}"}
        file.write_text("".join(f"{name}: {text}\n" for name, text in sections.items()))


def test_every_space_in_a_document_is_valid(page, tmp_path):
    if page.name.startswith("add-a"):
        return  # `test_extension_pages` registers their components first
    for block in blocks(page, "yaml"):
        sections = set(re.findall(r"^(\w+):", block, re.MULTILINE))
        rest = {name: text for name, text in BASE.items() if name not in sections}
        if "curriculum" in sections and not re.search(r"uniform|choice|quantile: \[", block):
            rest["search"] = "{trials: 1}"
        space = "\n".join([*(f"{name}: {text}" for name, text in rest.items()), block])
        write_baselines(tmp_path, block)
        parse_space(space, folder=tmp_path)
        assert schema_errors(space) == []


def test_every_command_line_in_a_document_is_accepted(page):
    for words in command_lines(page.read_text(encoding="utf-8")):
        name = name_of(words)
        assert name in COMMANDS
        if arguments := words[len(name.split()) :]:  # a bare name is a mention
            COMMANDS[name].make_context(name, arguments)


def test_every_command_is_shown_in_a_document():
    shown = {
        name_of(words)
        for page in PAGES
        for words in command_lines(page.read_text(encoding="utf-8"))
    }
    assert set(COMMANDS) - shown == set()


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_the_help_of_every_command_has_an_example_that_is_accepted(name):
    examples = [words for words in command_lines(COMMANDS[name].help) if name_of(words) == name]
    assert examples
    for words in examples:
        if arguments := words[len(name.split()) :]:
            COMMANDS[name].make_context(name, arguments)


def test_all_python_in_the_documents_is_run():
    with_python = {str(page.relative_to(ROOT)) for page in PAGES if blocks(page, "python")}
    extensions = {name for name in with_python if name.startswith("docs/contributing/add-a")}
    assert with_python - extensions == PYTHON_PAGES


def test_every_option_in_a_document_exists(page):
    parameters = [parameter for command in COMMANDS.values() for parameter in command.params]
    names = [name for p in parameters for name in (*p.opts, *p.secondary_opts)]
    known = {*names} | BENCHMARK_OPTIONS
    text = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)
    assert set(re.findall(r"`(--[a-z-]+)", text)) - known == set()

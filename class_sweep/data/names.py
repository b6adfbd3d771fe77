"""The data source `names`: molecules of the `chemicals` package with their names; no download."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path

from class_sweep.base.input_files import read_input
from class_sweep.base.limits import MAX_TABLE_BYTES
from class_sweep.config.inputs import SPLITS, NamesData
from class_sweep.data.source import Row, Source
from class_sweep.data.splits import split_groups, stable_hash
from class_sweep.errors import DataError

FILES = ("chemical identifiers pubchem large.tsv", "chemical identifiers pubchem small.tsv")
FRACTIONS = (0.8, 0.1, 0.1)  # of the pairs, for train, validation and test
NAMES = 2  # in one text
LONGEST_NAME = 120  # characters; longer ones are lists of names and paragraphs

# Columns of the files, which have no header; every further column is a synonym.
CID, FORMULA, SMILES, INCHIKEY, FIRST_NAME = 0, 2, 4, 6, 7
SKELETON = 14  # characters of an InChIKey that encode the connectivity

_WORD = re.compile(r"[a-z]{4}")  # vendors' codes and formulas have none
_CODE = re.compile(
    r"[a-z]{14}-[a-z]{8}sa(-[a-z]?)?"  # an InChIKey
    r"|\d{2,7}-\d\d-\d\b.*"  # a CAS number and the text after it
    r"|(?=.*\d)[a-z\d]{10}"  # a UNII
    r"|[a-z]+[-_ :.#]*[a-z]?\d?_?\d{3}\S*"  # chembl12345, zinc00012, oprea1_123456
    r"|(agn-pc|beilstein|brn|caswell|ccris|chebi|chembl|dsstox|ec|einecs|epa|hsdb|mfcd|nchembio|nsc"
    r"|rcra|stk|unii|wln|zinc)\b.*\d.*"
)
_CARBON = re.compile(r"C(?![a-z])")
_REMARK = re.compile(r"\s*(\[[^\[\]]*\]|\((8ci|9ci|8ci,9ci|van|parent|usp|usan|jan|inn)\))$")


@dataclass(frozen=True, slots=True)
class _Line:
    fields: list[str]
    place: str


def names_of(fields: list[str]) -> list[str]:
    """The names of a molecule for its text: the shortest ones.

    A long systematic name spells out the structure, so that retrieval would need no learning. Short
    names are closer to written text.

    Args:
        fields: One line of an identifier file; its synonyms include registry numbers, vendors'
            codes and repetitions.

    Returns:
        At most `NAMES` names that differ in more than punctuation, the shortest first.
    """
    names: dict[str, str] = {}
    for field in fields[FIRST_NAME:]:
        name = _REMARK.sub("", field.strip())
        if _is_name(name):
            names.setdefault(re.sub(r"[\W_]", "", name), name)
    return sorted(names.values(), key=len)[:NAMES]


def _is_name(text: str) -> bool:
    if len(text) > LONGEST_NAME or not _WORD.search(text) or _CODE.fullmatch(text):
        return False
    return sum(map(str.isdigit, text)) < sum(map(str.isalpha, text))


def read_names(settings: NamesData) -> Source:
    """Select `limit` molecules by a seeded hash and split them 80/10/10.

    Molecules with the same connectivity (InChIKey skeleton) are in the same split.

    Args:
        settings: The number of pairs, all splits together, and the seed of selection and split.

    Returns:
        One row for each molecule that is one fragment, contains carbon and has two names or more.
        Its text is the two shortest names, joined by a semicolon.

    Raises:
        DataError: If the files of the package are missing.
    """
    chosen: dict[str, Row] = {}
    for line in sorted(_lines(), key=lambda line: _rank(line, settings.seed)):
        if len(chosen) == settings.limit:
            break
        names = names_of(line.fields) if _is_one_organic_fragment(line.fields) else []
        if len(names) == NAMES:
            row = Row(line.fields[CID], line.fields[SMILES], "; ".join(names), line.place)
            chosen.setdefault(line.fields[INCHIKEY], row)
    split = split_groups([key[:SKELETON] for key in chosen], FRACTIONS, settings.seed).tolist()
    rows = [replace(row, split=s) for row, s in zip(chosen.values(), split, strict=True)]
    return Source(rows, splits=SPLITS)


def _is_one_organic_fragment(fields: list[str]) -> bool:
    return "." not in fields[SMILES] and _CARBON.match(fields[FORMULA]) is not None


def _rank(line: _Line, seed: int) -> tuple[int, str]:
    key = line.fields[INCHIKEY]
    return stable_hash(seed, key[:SKELETON]), key


def _lines() -> Iterator[_Line]:
    package = find_spec("chemicals")  # importing it would take seconds
    if package is None or package.origin is None:
        raise DataError("the source `names` must have the package chemicals, got none installed")
    for file in FILES:
        path = Path(package.origin).parent / "Identifiers" / file
        try:
            content = read_input(path, MAX_TABLE_BYTES).decode()
        except OSError as error:
            raise DataError(
                f"the package chemicals must hold its identifier files, "
                f"got {error.strerror}: {path}"
            ) from error
        for number, line in enumerate(content.rstrip("\n").split("\n"), start=1):
            yield _Line(line.split("\t"), f"{file}:{number}")

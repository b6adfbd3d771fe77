"""The answers to a query: a terminal table, and a page with drawings of the molecules."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from textwrap import shorten
from typing import TYPE_CHECKING, Literal

from class_sweep.rendering.blocks import Block, Card, Cards, Drawing, Table, Text
from class_sweep.rendering.html import page

if TYPE_CHECKING:
    from class_sweep.models.query import Hit

_MAX_TEXT = 120  # characters of a text in the table; the page and the JSON have the whole text


@dataclass(frozen=True)
class RetrievalResult:
    """The answers to a query, as `class-sweep retrieve --json` prints them.

    Attributes:
        model: The model folder.
        query: A text or a SMILES.
        asked: The kind of the query.
        reranked: The number of candidates that the backbone's fine score ordered; 0 for none.
        hits: The answers, best first.
    """

    model: str
    query: str
    asked: Literal["text", "molecule"]
    reranked: int
    hits: Sequence["Hit"]


def hit_blocks(result: RetrievalResult) -> list[Block]:
    """The answers as a table. Columns without any value are left out."""
    columns = ["smiles", "text", "id"] if result.asked == "text" else ["text", "smiles", "id"]
    columns = [name for name in columns if any(getattr(hit, name) for hit in result.hits)]
    rows = [
        [str(hit.rank), f"{hit.score:.4f}", *(_value(hit, name) for name in columns)]
        for hit in result.hits
    ]
    text_columns = range(2, 2 + len(columns))
    table = Table(["rank", "score", *columns], rows, text_columns=text_columns)
    return [table, Text(_method(result), "note")]


def hit_page(result: RetrievalResult, drawings: Mapping[str, str]) -> str:
    """The answers as an HTML document.

    Args:
        result: The answers.
        drawings: SMILES to a trusted SVG element.
    """
    query_drawing = _drawing(result.query if result.asked == "molecule" else None, drawings)
    cards = Cards([_card(hit, drawings) for hit in result.hits])
    return page(result.query, [*query_drawing, Text(_method(result), "note"), cards])


def _card(hit: "Hit", drawings: Mapping[str, str]) -> Card:
    blocks: list[Block] = [*_drawing(hit.smiles, drawings)]
    if hit.text:
        blocks.append(Text(hit.text))
    blocks += [Text(value, "note") for value in (hit.smiles, hit.id) if value]
    return Card(f"{hit.rank} · {hit.score:.4f}", blocks)


def _drawing(smiles: str | None, drawings: Mapping[str, str]) -> list[Drawing]:
    return [Drawing(drawings[smiles])] if smiles and smiles in drawings else []


def _value(hit: "Hit", column: str) -> str:
    value = getattr(hit, column) or ""
    return shorten(value, _MAX_TEXT, placeholder=" …") if column == "text" else value


def _method(result: RetrievalResult) -> str:
    if not result.reranked:
        return f"{result.model}; cosine of the embeddings"
    return (
        f"{result.model}; the best {result.reranked} candidates by their embeddings, ordered by"
        " the backbone's fine score"
    )

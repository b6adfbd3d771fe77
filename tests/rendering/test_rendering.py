"""Every block in every medium: nothing is lost, and every text is escaped."""

import re
from typing import get_args

import pytest
from page_reader import read_page

from class_sweep.rendering.blocks import (
    Block,
    Card,
    Cards,
    Chapter,
    Code,
    Collapsible,
    Drawing,
    Heading,
    KeyValues,
    Plot,
    PlotGrid,
    Styled,
    Table,
    Text,
)
from class_sweep.rendering.html import page
from class_sweep.rendering.markdown import markdown
from class_sweep.rendering.terminal import live_blocks, print_blocks, print_chapters

EVIL = "<b>*x*</b> & [red] | `"
FIGURE = {"data": [], "layout": {}}
BLOCKS = [
    Text(f"text {EVIL}"),
    Heading(f"heading {EVIL}"),
    Code(f"code {EVIL}"),
    Table(["name", f"head {EVIL}"], [["row", Styled(f"cell {EVIL}", "bad")]], title="the title"),
    KeyValues([(f"key {EVIL}", f"value {EVIL}")]),
    Plot("one", f"plot {EVIL}", "caption", FIGURE),
    PlotGrid([Plot("two", "second plot", f"small {EVIL}", FIGURE, height=99)]),
    Drawing("<svg class='drawn'></svg>"),
    Cards([Card(f"card {EVIL}", [Text(f"inside a card {EVIL}")])]),
    Collapsible(f"details {EVIL}", [Text(f"inside details {EVIL}")]),
]
ON_PAGES = ("text", "heading", "code", "head", "cell", "key", "value", "plot", "small", "card",
            "inside a card", "details", "inside details")  # fmt: skip


def test_the_tests_have_every_block():
    assert {type(block) for block in BLOCKS} == set(get_args(Block))


def test_a_page_has_every_block_and_every_text_is_escaped():
    html = page(f"title {EVIL}", BLOCKS, [Chapter("more", f"chapter {EVIL}", [])])
    reader = read_page(html)
    assert "<b>" not in html[: html.index("<script")]
    for name in ("title", "chapter", *ON_PAGES):
        assert f"{name} {EVIL}" in reader.text
    assert {"plot-one", "plot-two", "more"} <= set(reader.ids)
    assert html.count("<svg class='drawn'></svg>") == 1
    assert 'style="height: 99px"' in html


def test_a_page_without_plots_and_sortable_tables_has_no_script():
    assert "<script" not in page("title", [Text("text")])
    assert "<script" in page("title", [Table(["a"], [["1"]], sort_id="table")])


@pytest.mark.parametrize("kind", ["warning", "alarm"])
def test_a_warning_is_marked_by_a_word_and_not_by_colour_alone(kind, terminal):
    assert "Warning: careful" in read_page(page("title", [Text("careful", kind)])).text
    assert "> **Warning:** careful" in markdown("title", [Text("careful", kind)], [])


def test_markdown_has_every_text_and_no_markup_of_it():
    text = markdown(f"title {EVIL}", BLOCKS, [Chapter("more", f"chapter {EVIL}", [])])
    escaped = r"\<b>\*x\*\</b> & \[red] | \`"
    for name in ("title", "text", "heading", "key", "value", "card", "details", "chapter"):
        assert f"{name} {escaped}" in text
    assert f"code {EVIL}" in text  # code is not interpreted
    assert "cell " + escaped.replace("|", r"\|") + " |" in text
    assert "svg" not in text
    assert "plot" not in text


def test_a_terminal_shows_text_tables_and_key_values_without_interpreting_them(terminal):
    console = terminal(width=200)
    print_blocks(console, BLOCKS)
    shown = console.file.getvalue()
    for name in ("text", "heading", "code", "head", "cell", "key", "value"):
        assert f"{name} {EVIL}" in shown
    for name in ("plot", "small", "card", "details", "svg"):
        assert name not in shown
    live = terminal(width=200)
    live.print(live_blocks(live, BLOCKS))
    assert [line.rstrip() for line in live.file.getvalue().splitlines()] == [
        line.rstrip() for line in shown.splitlines()
    ]


def test_a_narrow_terminal_breaks_headings_and_text_but_no_number_and_no_path(terminal):
    console = terminal(width=40)
    rows = [["first", "12.5 %", "123,456", "some longer words to read"]]
    path = "a/" * 30
    head = ("", "a long heading", "another long heading", "text")
    print_chapters(
        console,
        [
            Chapter(
                "one",
                "Chapter",
                [Text(path), Table(head, rows, text_columns={3}), KeyValues([("key", path)])],
            )
        ],
    )
    shown = console.file.getvalue()
    assert f"\n  {path}\n" in shown
    assert f"\n  key  {path}\n" in shown
    assert re.search(r"  first +12\.5 % +123,456 +some", shown)
    assert "a long heading" not in shown


def test_long_values_are_wrapped_below_their_beginning(terminal):
    console = terminal(width=40)
    print_blocks(console, [KeyValues([("key", "some words " * 6), ("longer key", "value")])])
    first, second, *_, last = console.file.getvalue().splitlines()
    assert first.startswith("key         some words")
    assert second.startswith("            ")
    assert last == "longer key  value"


def test_a_table_with_one_line_for_each_row_cuts_its_text(terminal):
    console = terminal(width=30)
    rows = [["a very long name that does not fit", "12,345"]]
    table = Table(["name", "n"], rows, cut_columns={0})
    print_blocks(console, [table])
    _, row = console.file.getvalue().splitlines()
    assert row.endswith("…  12,345")


def test_a_long_heading_takes_no_room_from_the_text_that_is_cut(terminal):
    console = terminal(width=40)
    table = Table(["name", "a heading of words", "text"], [["row", "1", "word " * 20]],
                  text_columns={2}, cut_columns={2})  # fmt: skip
    print_blocks(console, [table])
    *_, row = console.file.getvalue().splitlines()
    assert row == "row         1  word word word word word…"


def test_the_names_of_the_rows_are_not_cut_within_a_word(terminal):
    console = terminal(width=60)
    table = Table(["", "one", "other"], [["section.setting", "value " * 9, "x" * 99]],
                  text_columns={1, 2})  # fmt: skip
    print_blocks(console, [table])
    shown = console.file.getvalue()
    assert "section.setting" in shown
    assert shown.count("value") == 9
    assert shown.count("x") == 99
    assert max(map(len, shown.splitlines())) <= 60

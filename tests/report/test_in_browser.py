"""The report in Chromium: drawn without errors, legible, and usable by keyboard."""

import shutil
from dataclasses import replace

import pytest
from browser import Chromium
from made_sweeps import (
    FULL,
    made_saving,
    made_verdict,
    make_folder,
    report_of,
    searched,
)

from class_sweep.config.document import parse_space
from class_sweep.rendering.html import page as html_page
from class_sweep.report.sweep_comparison import TITLE, compare_sweeps
from class_sweep.report.sweep_page import write_page

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs chromium")

# The contrast of every text, also within plots, with its background (WCAG 2.1, 1.4.3).
CONTRASTS = """
(() => {
  const parse = (text) => {
    const n = text.match(/[\\d.]+/g).map(Number);
    return n.length === 3 ? [...n, 1] : n;
  };
  const light = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map((v) => v / 255)
      .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = parse(getComputedStyle(at).backgroundColor);
      if (colour[3] > 0) return colour;
    }
    return [255, 255, 255, 1];
  };
  const found = [];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const element = walk.currentNode.parentElement;
    const style = getComputedStyle(element);
    const shown = walk.currentNode.textContent.trim() && element.getClientRects().length;
    if (!shown || /SCRIPT|STYLE/.test(element.tagName)) continue;
    const text = parse(element.closest("svg") ? style.fill : style.color);
    const [a, b] = [light(text), light(behind(element))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    found.push([ratio, element.tagName, walk.currentNode.textContent.trim().slice(0, 40)]);
  }
  return found.sort((one, other) => one[0] - other[0]);
})()
"""
# The elements of plots beyond the right edge of their plot.
BEYOND = """
[...document.querySelectorAll('.plot')].flatMap((plot) => {
  const edge = plot.getBoundingClientRect().right + 1;
  return [...plot.querySelectorAll('text, path, rect, .main-svg')]
    .filter((part) => part.closest('defs') === null && part.getBoundingClientRect().right > edge)
    .map((part) => [plot.id, part.tagName, part.getAttribute('class'), part.textContent]);
})
"""
ROWS = "[...document.querySelectorAll('#trials-table tbody tr')].filter((r) => !r.hidden)"


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    profile = tmp_path_factory.mktemp("chromium")
    with Chromium(CHROMIUM, profile) as chromium:
        yield chromium


@pytest.fixture(scope="module")
def page(tmp_path_factory, small_space_text):
    """A report with every kind of plot, trial and text."""
    parent = tmp_path_factory.mktemp("report")
    records = searched(parse_space(small_space_text), 40)
    config = records[-1].config
    records.append(report_of(40, "fail", None, config, samples=0, reason="burst"))
    records.append(report_of(41, "continue", 0.1, config, samples=576, rung=0))
    made = make_folder(
        parent / "made", small_space_text, records, state="running", verdict=made_verdict()
    )
    return write_page(made)


@pytest.fixture(scope="module")
def saving_pages(tmp_path_factory, small_space_text):
    """Reports of a sweep with shares, before and after a confirmation with a margin."""
    parent = tmp_path_factory.mktemp("saving")
    text = small_space_text.replace("trials: 8", "trials: 40, shares: [0.6, 0.75, 0.9]")
    text = text.replace("finalists: 0", "finalists: 3, margin: 0.3")
    records = searched(parse_space(text), 40)
    shares = {r.trial: (0.6, 0.75, 0.9)[r.trial % 3] for r in records if r.name is None}
    records = [
        replace(r, share=shares[r.trial], samples=min(r.samples, round(shares[r.trial] * FULL)))
        if r.trial in shares
        else r
        for r in records
    ]
    folders = {"single runs": None, "confirmed": made_saving()}
    return {
        name: write_page(make_folder(parent / name, text, records, verdict=verdict))
        for name, verdict in folders.items()
    }


@pytest.mark.long
@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("name", ["single runs", "confirmed"])
def test_the_plot_of_savings_has_the_shares_and_fits_the_page(browser, saving_pages, name, width):
    browser.open(saving_pages[name], width, dark=name == "confirmed")
    root = "document.documentElement"
    assert browser.evaluate(f"{root}.scrollWidth <= {root}.clientWidth")
    assert browser.evaluate(f"{root}.clientWidth") == width
    assert browser.evaluate(BEYOND) == []
    plot = "document.getElementById('plot-savings')"
    legend = f"[...{plot}.querySelectorAll('.legendtext')].map((t) => t.textContent)"
    shown = browser.evaluate(legend)
    assert "searched by itself: 60, 75, 90 %" in shown
    assert "one seed, selected" in shown
    assert ("margin" in shown) == (name == "confirmed")
    lines = f"{plot}.querySelectorAll('.xy2 .js-line').length"
    assert browser.evaluate(lines) == 3
    assert browser.evaluate(CONTRASTS)[0][0] >= 4.5
    press = "dispatchEvent(new MouseEvent('click', {bubbles: true}))"
    browser.evaluate(f"{plot}.querySelectorAll('.updatemenu-button')[1].{press}")
    browser.wait_for(f"{plot}.querySelector('.xtitle').textContent.includes('time')")
    browser.wait_for(f"{lines} === 0")  # a share is of samples
    assert browser.evaluate(f"{root}.scrollWidth <= {root}.clientWidth")
    assert browser.evaluate(BEYOND) == []
    assert browser.complaints == []


@pytest.mark.long
@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("dark", [False, True])
def test_a_page_of_sweeps_side_by_side_is_legible_and_no_wider_than_the_screen(
    browser, tmp_path, small_space_text, width, dark
):
    made = [
        make_folder(tmp_path / f"sweep-{backbone}-of-a-long-name", text, [])
        for backbone in ("contrastive", "aman", "text2mol")
        for text in (small_space_text.replace("name: contrastive", f"name: {backbone}"),)
    ]
    shown = tmp_path / "compare.html"
    shown.write_text(html_page(TITLE, [], compare_sweeps(made)))
    browser.open(shown, width, dark=dark)
    root = "document.documentElement"
    assert browser.evaluate(f"[{root}.scrollWidth, {root}.clientWidth]") == [width, width]
    assert browser.evaluate(CONTRASTS)[0][0] >= 4.5
    assert browser.complaints == []


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("dark", [False, True])
def test_every_plot_is_drawn_within_the_page_and_legible(browser, page, width, dark):
    browser.open(page, width, dark=dark)
    drawn = browser.evaluate(
        "[...document.querySelectorAll('.plot')].map((p) => [p.id,"
        " p.querySelectorAll('.trace, .point, .points path').length,"
        " p.getBoundingClientRect().right <= innerWidth])"
    )
    assert len(drawn) == 15
    assert [name for name, marks, _ in drawn if not marks] == []
    assert [name for name, _, inside in drawn if not inside] == []
    assert browser.complaints == []
    assert [url for url in browser.loaded if not url.startswith(("file:", "data:", "blob:"))] == []
    assert browser.evaluate("document.documentElement.scrollWidth") <= width
    contrasts = browser.evaluate(CONTRASTS)
    assert len(contrasts) > 400
    assert any(tag == "text" for _, tag, _ in contrasts)
    assert contrasts[0][0] >= 4.5, contrasts[:5]
    back = browser.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (back == "rgb(255, 255, 255)") is not dark


def test_the_trial_table_is_sorted_by_keyboard(browser, page):
    browser.open(page, 1280)
    browser.evaluate("document.getElementById('trials-table-filter').focus()")
    at = "document.activeElement"
    for _ in range(10):
        browser.press("Tab", 9)
        if browser.evaluate(f"{at}.textContent") == "alpha":
            break
    assert browser.evaluate(f"{at}.tagName") == "BUTTON"
    cells = f"{ROWS}.map((r) => Number(r.cells[7].textContent))"
    sort = f"{at}.closest('th').getAttribute('aria-sort')"
    before = browser.evaluate(cells)
    browser.press("Enter", 13, "\r")
    assert browser.evaluate(sort) == "ascending"
    assert browser.evaluate(cells) == sorted(before) != before
    browser.press(" ", 32, " ")
    assert browser.evaluate(sort) == "descending"
    assert browser.evaluate(cells) == sorted(before, reverse=True)
    browser.press("Tab", 9)
    browser.press("Enter", 13, "\r")
    assert browser.evaluate("document.querySelectorAll('[aria-sort]').length") == 1


def test_rows_without_a_value_are_last_in_both_orders(browser, page):
    browser.open(page, 1280)
    head = "document.querySelectorAll('#trials-table th button')[3]"
    for _ in range(2):
        browser.evaluate(f"{head}.click()")
        assert browser.evaluate(f"{ROWS}.at(-1).cells[3].textContent") == "–"


def test_the_trial_table_is_filtered_by_keyboard(browser, page):
    browser.open(page, 390)
    count = "document.querySelector('output').textContent"
    assert browser.evaluate(count) == "42 of 42"
    browser.evaluate("document.getElementById('trials-table-filter').focus()")
    browser.type("failed burst")
    assert browser.evaluate(f"{ROWS}.map((r) => r.cells[0].textContent)") == ["40"]
    assert browser.evaluate(count) == "1 of 42"
    for _ in "failed burst":
        browser.press("Backspace", 8)
    assert browser.evaluate(count) == "42 of 42"


def test_the_page_prints_within_a_sheet_and_returns_to_its_size(browser, page):
    browser.open(page, 1280)
    widths = "[...document.querySelectorAll('.main-svg')].map((s) => s.clientWidth)"
    before = browser.evaluate(widths)
    browser.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    browser.wait_for(f"{widths}.every((w) => w <= 660)")
    assert browser.evaluate("[...document.querySelectorAll('details')].every((d) => d.open)")
    browser.evaluate("window.dispatchEvent(new Event('afterprint'))")
    browser.wait_for(f"JSON.stringify({widths}) === '{before}'.replaceAll(' ', '')")
    assert max(before) > 660
    assert browser.print().startswith(b"%PDF")
    assert browser.complaints == []

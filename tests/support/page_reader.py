"""A parser for the HTML pages of reports."""

from html.parser import HTMLParser

_VOID = {"meta", "br", "input", "wbr"}  # elements without an end tag


class PageReader(HTMLParser):
    """Checks that the elements nest, and collects the content of a page.

    Attributes:
        ids: Every `id`.
        loads: Every address that a browser would load, or that leads away from the page.
        scripts: The text of each script.
        text: The text outside of scripts and styles.
    """

    def __init__(self) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.loads: list[str] = []
        self.scripts: list[str] = []
        self.text = ""
        self._open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        self.ids += [values["id"]] if "id" in values else []
        self.loads += [values[name] for name in ("src", "data", "action") if name in values]
        self.loads += [h for h in [values.get("href")] if h and not h.startswith("#")]
        self.scripts += [""] if tag == "script" else []
        if tag not in _VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] == "script":
            self.scripts[-1] += data
        elif not self._open or self._open[-1] != "style":
            self.text += data


def read_page(page: str) -> PageReader:
    """Parse a page; every element must be closed, and every `id` unique."""
    reader = PageReader()
    reader.feed(page)
    reader.close()
    assert reader._open == []
    assert len(reader.ids) == len(set(reader.ids))
    return reader

"""The pages of the documentation, and the code blocks in them."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = [
    *(ROOT / name for name in ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
    *sorted((ROOT / "results").rglob("*.md")),
]


def blocks(page: Path | str, *languages: str) -> list[str]:
    """The fenced blocks of some languages in a page or a text; "" is a block without one."""
    text = page if isinstance(page, str) else page.read_text(encoding="utf-8")
    fenced = re.findall(r"^```(\w*)[^\n]*\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    return [block for language, block in fenced if language in languages]

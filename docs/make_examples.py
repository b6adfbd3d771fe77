"""Run the commands of a page and write their output into it.

`python docs/make_examples.py docs/tutorial.md`

Each `yaml` block whose line before names a file in backquotes is written to that file. Each command
of a `console` block (a line that starts with `$ `) is run in the same folder. Its output replaces
the text below it, without the progress lines of `run` and `train`.
"""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

_BLOCK = re.compile(
    r"(?:`(?P<file>[\w./-]+)`:\n\n)?```(?P<kind>yaml|console)\n(?P<text>.*?)^```$", re.M | re.S
)
_PROGRESS = re.compile(r"\s*(?:\d+ h )?(?:\d+ min )?[\d.]+ s  |\s*\d+ min \d\d s  ")


def commands(block: str) -> list[str]:
    """The commands of a console block."""
    return [line[2:] for line in block.splitlines() if line.startswith("$ ")]


def run(command: str, folder: Path) -> str:
    """The output of one `class-sweep` command, without its progress.

    Raises:
        RuntimeError: If the command fails.
    """
    line = re.sub(r"^class-sweep", f"{sys.executable} -m class_sweep.cli", command)
    done = subprocess.run(  # noqa: S602 - a command of our own pages, as a reader types it
        line,
        shell=True,
        cwd=folder,
        env=os.environ | {"COLUMNS": "100"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"an example must succeed: {command}\n{done.stdout}{done.stderr}")
    lines = [line.rstrip() for line in done.stdout.splitlines() if not _PROGRESS.match(line)]
    return "\n".join(lines).strip("\n")


def remade(page: str, folder: Path) -> str:
    """The page with the output that its commands have now."""

    def block(match: re.Match[str]) -> str:
        if match["kind"] == "yaml":
            if match["file"]:
                (folder / match["file"]).write_text(match["text"], encoding="utf-8")
            return match[0]
        parts = []
        for command in commands(match["text"]):
            output = run(command, folder)
            parts.append(f"$ {command}\n{output}\n" if output else f"$ {command}\n")
        return match[0].replace(match["text"], "\n".join(parts))

    return _BLOCK.sub(block, page)


def main() -> None:
    """Make the output in each page anew."""
    for name in sys.argv[1:]:
        with tempfile.TemporaryDirectory() as folder:
            page = Path(name)
            page.write_text(
                remade(page.read_text(encoding="utf-8"), Path(folder)), encoding="utf-8"
            )


if __name__ == "__main__":
    main()

"""Make `docs/pictures/report.png`: a small sweep of the embedded data, and its report in Chromium.

`python docs/make_picture.py [--results FOLDER] [--browser PATH]`; FOLDER is a finished sweep, to be
shown in place of a new one.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
PICTURE = ROOT / "docs" / "pictures" / "report.png"
WIDTH, HEIGHT = 1000, 1560  # pixels


def sweep(folder: Path) -> None:
    """Run the demo's space into a folder."""
    space = ROOT / "search_spaces" / "demo.yaml"
    command = [sys.executable, "-m", "class_sweep.cli", "run", str(space), "--out", str(folder)]
    subprocess.run(command, check=True)  # noqa: S603 - a command of this package


def screenshot(page: Path, browser: str) -> None:
    """Write the top of a page to the picture.

    Raises:
        FileNotFoundError: If there is no such page.
    """
    if not page.is_file():
        raise FileNotFoundError(f"a finished sweep must have a report, got none: {page}")
    PICTURE.parent.mkdir(exist_ok=True)
    command = [
        browser,
        "--headless",
        "--no-sandbox",  # Chromium refuses to run as root without it
        "--disable-gpu",
        "--hide-scrollbars",
        f"--window-size={WIDTH},{HEIGHT}",
        "--virtual-time-budget=20000",  # milliseconds for the plots
        f"--screenshot={PICTURE}",
        page.resolve().as_uri(),
    ]
    subprocess.run(command, check=True, capture_output=True, timeout=300)  # noqa: S603


def main() -> None:
    """Parse the arguments and make the picture."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--results", type=Path)
    parser.add_argument("--browser", default="/usr/bin/chromium")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.results or Path(temporary) / "demo"
        if not arguments.results:
            sweep(folder)
        screenshot(folder / "report.html", arguments.browser)


if __name__ == "__main__":
    main()

"""The MkDocs hook: adds the reference pages that are generated from the code."""

import commands_page
import files_page
import limits_page
import python_page
import settings_page
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

PAGES = {
    "reference/settings.md": settings_page.render,
    "reference/commands.md": commands_page.render,
    "reference/python.md": python_page.render,
    "reference/result-files.md": files_page.render,
    "reference/limits.md": limits_page.render,
}


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add one file for each generated page."""
    for name, render in PAGES.items():
        files.append(File.generated(config, name, content=render()))
    return files

"""`class-sweep schema`."""

from class_sweep.cli.arguments import Plugins
from class_sweep.cli.streams import print_document


def schema(plugin: Plugins = None) -> None:
    """Print the JSON schema of space files, for an editor or a validator.

    A space file names it in its first line: `# yaml-language-server: $schema=space.schema.json`.

    Example: `class-sweep schema > space.schema.json`
    """
    from class_sweep.config.json_schema import schema_text
    from class_sweep.config.plugin_files import load_plugins

    load_plugins(plugin)
    print_document(schema_text())

"""Blocks as HTML, Markdown and terminal output. All escaping happens here."""

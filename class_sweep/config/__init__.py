"""The search-space file, typed: YAML text to settings and axes."""

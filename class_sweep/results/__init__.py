"""The results folder: its log, its typed files, its remote copy, and exports from it."""

"""Finalists and controls retrained under paired seeds, and the test split."""

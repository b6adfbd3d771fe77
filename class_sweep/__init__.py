"""Find the best CLASS curriculum schedule for a text-molecule retrieval model."""

__version__ = "0.2.0"

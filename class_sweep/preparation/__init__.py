"""Inputs of a sweep, computed once: features, the difficulty index, sizes and limits."""

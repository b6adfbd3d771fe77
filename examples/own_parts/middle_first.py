"""A difficulty from a function, and an order: pairs of middling difficulty first."""

import numpy as np

from class_sweep import plugin


@plugin.difficulty("text_length")
def text_length(pairs):
    return np.array([len(text) for text in pairs.texts])


@plugin.order("middle_first")
def middle_first(difficulty, statistics, seed):
    return np.lexsort((statistics.tie_break, abs(difficulty - np.median(difficulty))))

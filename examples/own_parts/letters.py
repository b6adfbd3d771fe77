"""A text encoder: how often each letter occurs, by the length of the text."""

import string

import numpy as np

from class_sweep import plugin


@plugin.text_encoder("letters")
class Letters(plugin.TextEncoder):
    def compute(self, inputs, progress):
        letters = string.ascii_lowercase
        counts = [[text.lower().count(letter) for letter in letters] for text in inputs]
        return (np.array(counts) + 1e-3) / np.array([[len(text) + 1] for text in inputs])

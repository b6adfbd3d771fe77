"""Multi-tokens against loops over pairs and motifs, and their independence of padding."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional

from class_sweep.backbones.multitokens import mean_cosines


def a_case(repeats, texts, molecules, length, width, seed):
    generator = torch.Generator().manual_seed(seed)

    def units(*shape):
        drawn = torch.randn(*shape, 4, generator=generator, dtype=torch.float64)
        return functional.normalize(drawn, dim=-1).requires_grad_()

    pairs = repeats, texts, molecules, length
    lengths = torch.randint(1, length + 1, (repeats, texts, 1, 1), generator=generator)
    mask = (torch.arange(length) < lengths).squeeze(2)
    column = torch.randint(width, pairs, generator=generator)
    return units(repeats, texts, length), units(repeats, molecules, width), column, mask


def ours(tokens, motifs, column, mask):
    similarity = torch.einsum("nitd,njmd->nitjm", tokens, motifs)
    return mean_cosines(similarity, tokens, column, mask)


def by_hand(tokens, motifs, column, mask):
    means = torch.zeros(column.shape[:3], dtype=tokens.dtype)
    for n, i, j in torch.cartesian_prod(*map(torch.arange, means.shape)).tolist():
        cosines = []
        for motif in range(motifs.shape[2]):
            of_motif = mask[n, i] & (column[n, i, j] == motif)
            if of_motif.any():
                mean = functional.normalize(tokens[n, i, of_motif].mean(0), dim=0)
                cosines.append(mean @ motifs[n, j, motif])
        means[n, i, j] = sum(cosines) / len(cosines)
    return means


sizes = st.tuples(*[st.integers(1, 3)] * 3, st.integers(1, 6), st.integers(1, 5))


@given(sizes, st.integers(0, 2**32 - 1))
def test_mean_cosines_and_gradients_equal_those_of_a_loop(sizes, seed):
    case = a_case(*sizes, seed)
    weights = torch.randn(sizes[:3], dtype=torch.float64)
    means, expected = ours(*case), by_hand(*case)
    torch.testing.assert_close(means, expected)
    for gradient, theirs in zip(
        torch.autograd.grad((means * weights).sum(), case[:2]),
        torch.autograd.grad((expected * weights).sum(), case[:2]),
        strict=True,
    ):
        torch.testing.assert_close(gradient, theirs)


@pytest.mark.parametrize("repeats", [1, 3])
def test_the_padding_of_a_text_changes_nothing(repeats):
    tokens, motifs, column, mask = a_case(repeats, 2, 3, 7, 5, 0)
    other = torch.where(mask.unsqueeze(2), column, (column + 1) % 5)
    filled = torch.where(mask.unsqueeze(3), tokens, 9.0)
    assert not torch.equal(other, column)
    expected = ours(tokens, motifs, column, mask)
    torch.testing.assert_close(ours(filled, motifs, other, mask), expected)

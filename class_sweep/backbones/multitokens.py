"""Multi-tokens of many pairs, and how near they are to motifs, with room only for those there are.

Of a pair's motifs few have tokens, and one large molecule gives all others its number of them: the
means that there are stand in one table, a row each, filled from the tokens like bags of words.
"""

import torch
from torch.nn import functional


def mean_cosines(
    tokens: torch.Tensor, motifs: torch.Tensor, column: torch.Tensor, there: torch.Tensor
) -> torch.Tensor:
    """Of each pair, the mean over motifs with tokens of the cosine of their mean and the motif.

    I texts and J molecules, every one against every other, N times over.

    Args:
        tokens: (N, I, T, D)
        motifs: (N, J, M, D) unit vectors.
        column: (N, I, J, T) the motif of each token.
        there: (N, I, J, T) which tokens there are, the same for every j; at least one.

    Returns:
        (N, I, J)
    """
    repeats, texts, molecules, length = column.shape
    width = motifs.shape[2]
    device = column.device
    pair = torch.arange(repeats * texts * molecules, device=device).view(*column.shape[:3], 1)
    token = torch.arange(repeats * texts * length, device=device).view(repeats, texts, 1, length)
    cells, order = (pair * width + column)[there].sort(stable=True)
    cells, sizes = torch.unique_consecutive(cells, return_counts=True)
    # A cosine needs no mean: the sum of a motif's tokens points the same way.
    sums = functional.embedding_bag(
        token.expand(column.shape)[there][order],
        tokens.flatten(0, 2),
        sizes.cumsum(0) - sizes,
        mode="sum",
    )
    of_pair = cells // width
    molecule = of_pair // (texts * molecules) * molecules + of_pair % molecules
    motif = motifs.flatten(0, 2)[molecule * width + cells % width]
    cosines = (functional.normalize(sums, dim=-1) * motif).sum(dim=1)
    summed = cosines.new_zeros(pair.numel()).index_add(0, of_pair, cosines)
    return (summed / torch.bincount(of_pair, minlength=pair.numel())).view(column.shape[:3])

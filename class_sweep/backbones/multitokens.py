"""The similarity of multi-tokens and motifs for many pairs, without memory for absent ones.

Few motifs of a pair have tokens, and padding gives every molecule as many motifs as the largest one
has. The present means are therefore rows of one table, computed by an embedding bag.
"""

import torch
from torch.nn import functional


def mean_cosines(
    tokens: torch.Tensor, motifs: torch.Tensor, column: torch.Tensor, there: torch.Tensor
) -> torch.Tensor:
    """For each pair, the mean over its motifs with tokens of cos(mean token, motif).

    Every one of I texts is compared with every one of J molecules, in N independent groups.

    Args:
        tokens: (N, I, T, D) the tokens of the texts.
        motifs: (N, J, M, D) unit vectors, the motifs of the molecules.
        column: (N, I, J, T) the motif of each token.
        there: (N, I, J, T) true where there is a token, equal for every j; at least one per text.

    Returns:
        (N, I, J) mean cosines.
    """
    repeats, texts, molecules, length = column.shape
    width = motifs.shape[2]
    device = column.device
    pair = torch.arange(repeats * texts * molecules, device=device).view(*column.shape[:3], 1)
    token = torch.arange(repeats * texts * length, device=device).view(repeats, texts, 1, length)
    cells, order = (pair * width + column)[there].sort(stable=True)
    cells, sizes = torch.unique_consecutive(cells, return_counts=True)
    # The sum of a motif's tokens has the direction of their mean.
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

"""The similarity of multi-tokens and motifs, from the similarities of their tokens.

A motif's multi-token is the sum of its tokens, in direction equal to their mean. Its inner product
with the motif is the sum of the tokens' similarities, and its squared length the sum of the inner
products of its tokens. No vector of a multi-token is computed: every pair of a batch has its own,
and the tokens are the same for all of them.
"""

import torch

_SMALLEST = 1e-12  # of a squared length, below which a multi-token has no direction


def mean_cosines(
    similarity: torch.Tensor, tokens: torch.Tensor, column: torch.Tensor, mask: torch.Tensor
) -> torch.Tensor:
    """For each pair, the mean over its motifs with tokens of cos(mean token, motif).

    Every one of I texts is compared with every one of J molecules, in N independent groups.

    Args:
        similarity: (N, I, T, J, M) the inner products of tokens and motifs of unit length.
        tokens: (N, I, T, D) the tokens of the texts.
        column: (N, I, J, T) the motif of each token.
        mask: (N, I, T) true where there is a token; at least one per text.

    Returns:
        (N, I, J) mean cosines.
    """
    motif = torch.arange(similarity.shape[4], device=column.device)
    own = column.transpose(2, 3).unsqueeze(4) == motif
    own = (own & mask[:, :, :, None, None]).to(similarity.dtype)
    products = tokens @ tokens.mT
    lengths = (own * (products @ own.flatten(3)).view(own.shape)).sum(2)
    present = own.amax(2)
    cosines = (own * similarity).sum(2) * lengths.clamp(min=_SMALLEST).rsqrt()
    return cosines.sum(3) / present.sum(3)

"""A Wasserstein critic with gradient penalty (Gulrajani et al. 2017, arXiv 1704.00028)."""

import torch
from torch import nn

_HIDDEN = (512, 256)
_SLOPE = 0.2
_BETAS = (0.0, 0.9)  # of Adam, as in the paper


class Critic(nn.Module):
    """A perceptron D-512-256-1 that separates real embeddings from fake ones.

    Attributes:
        steps: The steps of its own optimizer for each step of the model.
        part: The part of the model's loss whose intensity also scales the critic's loss, or None.
    """

    def __init__(
        self, dimension: int, *, lr: float, steps: int, penalty: float, part: str | None
    ) -> None:
        """Build the critic.

        Args:
            dimension: D, the width of an embedding.
            lr: The learning rate of its Adam.
            steps: See `steps`.
            penalty: p, the weight of the gradient penalty.
            part: See `part`.
        """
        super().__init__()
        first, second = _HIDDEN
        self.score = nn.Sequential(
            nn.Linear(dimension, first),
            nn.LeakyReLU(_SLOPE),
            nn.Linear(first, second),
            nn.LeakyReLU(_SLOPE),
            nn.Linear(second, 1),
        )
        self.steps = steps
        self.part = part
        self._lr = lr
        self._penalty = penalty

    def optimizer(self) -> torch.optim.Optimizer:
        """A new Adam over its parameters."""
        return torch.optim.Adam(self.parameters(), lr=self._lr, betas=_BETAS, fused=True)

    def loss(self, real: torch.Tensor, fake: torch.Tensor) -> torch.Tensor:
        """() E[D(fake)] − E[D(real)] + p·E[(‖∇D(x̂)‖ − 1)²], x̂ random between the two.

        Args:
            real: (B, D) embeddings, which get no gradient.
            fake: (B, D) embeddings, which get no gradient.
        """
        real, fake = real.detach(), fake.detach()
        share = torch.rand(len(real), 1, device=real.device)
        between = (share * real + (1 - share) * fake).requires_grad_()
        (slope,) = torch.autograd.grad(self.score(between).sum(), between, create_graph=True)
        penalty = (slope.norm(dim=1) - 1).square().mean()
        of_fake, of_real = self.score(torch.cat([fake, real])).mean(1).chunk(2)
        loss: torch.Tensor = of_fake.mean() - of_real.mean() + self._penalty * penalty
        return loss

    def fooled(self, fake: torch.Tensor) -> torch.Tensor:
        """() −E[D(fake)], the loss of the model. Only `fake`, (B, D), gets a gradient."""
        self.score.requires_grad_(False)
        try:
            scores: torch.Tensor = self.score(fake)
        finally:
            self.score.requires_grad_(True)
        return -scores.mean()

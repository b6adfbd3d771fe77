import pytest
import torch

from class_sweep.backbones.critic import Critic


@pytest.fixture
def critic():
    torch.manual_seed(0)
    return Critic(8, lr=1e-3, steps=1, penalty=10.0, part=None)


def unit(rows, seed, shift=0.0):
    generator = torch.Generator().manual_seed(seed)
    points = torch.randn(rows, 8, generator=generator) + shift
    return torch.nn.functional.normalize(points, dim=1)


def test_a_critic_separates_real_from_fake_with_slopes_near_1(critic):
    real, fake = unit(64, 0, 1.0), unit(64, 1, -1.0)
    optimizer = critic.optimizer()
    torch.manual_seed(1)
    for _ in range(200):
        optimizer.zero_grad()
        critic.loss(real, fake).backward()
        optimizer.step()
    assert critic.score(real).mean() > critic.score(fake).mean() + 0.5
    between = ((real + fake) / 2).requires_grad_()
    (slope,) = torch.autograd.grad(critic.score(between).sum(), between)
    assert slope.norm(dim=1).mean().item() == pytest.approx(1, abs=0.3)


def test_the_penalty_is_ten_times_the_squared_distance_of_slopes_from_1(critic):
    flat = Critic(8, lr=1e-3, steps=1, penalty=10.0, part=None)
    with torch.no_grad():
        flat.score[-1].weight.zero_()
    assert flat.loss(unit(16, 0), unit(16, 1)).item() == pytest.approx(10)


def test_the_critic_loss_trains_the_critic_alone_and_the_model_loss_the_fake_alone(critic):
    real, fake = unit(4, 0).requires_grad_(), unit(4, 1).requires_grad_()
    critic.loss(real, fake).backward()
    assert real.grad is None
    assert fake.grad is None
    assert any(parameter.grad.any() for parameter in critic.parameters())
    critic.zero_grad(set_to_none=True)
    critic.fooled(fake).backward()
    assert fake.grad.any()
    assert all(parameter.grad is None for parameter in critic.parameters())

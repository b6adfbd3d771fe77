"""A metric: the fraction of queries whose answer is among the first five."""

from class_sweep import plugin


@plugin.metric("hits@5", label="Hits@5", step=1.0)
def hits_at_5(ranks):
    return (ranks <= 5).astype(float)

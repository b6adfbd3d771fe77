"""Statistics: paired tests, interim looks, multiple comparisons, rank metrics."""

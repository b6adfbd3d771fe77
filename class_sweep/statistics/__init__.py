"""Statistics: paired tests, interim looks, multiple comparisons, bootstraps, rank metrics."""

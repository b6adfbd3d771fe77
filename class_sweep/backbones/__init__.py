"""The retrieval models that a schedule is tried on."""

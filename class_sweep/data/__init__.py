"""Pairs of a text and a molecule, from every source, with their splits."""

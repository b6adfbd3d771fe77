"""Pruners and samplers over recorded curves, without training."""

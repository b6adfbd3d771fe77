"""Samplers, which propose configurations; one file each."""

"""Pruners, which stop trials early; one file each."""

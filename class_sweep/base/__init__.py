"""Hashing, atomic files, ragged arrays and the array cache."""

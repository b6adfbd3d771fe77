"""The difficulty of a pair: its number of look-alikes N(σ), or another number; low is easy."""

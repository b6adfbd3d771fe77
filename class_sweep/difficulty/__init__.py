"""The difficulty of a pair: its number of look-alikes N(σ) among the other pairs."""

"""Trials without Ray: the ledger, the tuner, the study, samplers and pruners."""

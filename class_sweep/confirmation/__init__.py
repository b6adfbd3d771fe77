"""The confirmation: finalists and controls under paired seeds, the verdict, the test split."""

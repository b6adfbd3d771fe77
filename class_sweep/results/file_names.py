"""The names of the files and folders in a results folder."""

SPACE = "space.yaml"
TRIALS = "trials.jsonl"
STUDY = "study.db"
CURVES = "curves.csv"
BEST = "best.yaml"
WARM_START = "warm_start.json"
SUMMARY = "summary.json"
HOURS = "hours.json"
ENVIRONMENT = "environment.json"
CONFIRM = "confirm.jsonl"
RANKS = "confirm"  # a folder
VERDICT = "verdict.json"
TEST = "test.jsonl"
REPORT = "report.html"
STORAGE = "storage.json"
PLUGINS = "plugins"  # a folder
ERRORS = "errors"  # a folder
CHECKPOINTS = "checkpoints"  # of running and paused trials
TUNE = "tune"  # Ray's own files
LOCK = ".lock"

"""The chapters of a sweep's report, one file each: facts of a results folder to blocks."""

"""Which trials stop early: functions of the log, and their catalogue."""

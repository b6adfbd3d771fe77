"""What paired runs of schedules show, and what they don't: statistics alone, no training."""

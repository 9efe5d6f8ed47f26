"""The labs: make a learner's stage, grade it, give hints, keep progress."""

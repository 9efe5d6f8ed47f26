"""The labs: make a learner's stage, grade it, give hints, keep progress. Run by scripts/labs.sh."""

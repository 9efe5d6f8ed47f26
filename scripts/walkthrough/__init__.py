"""Replays the article on this machine, step by step."""

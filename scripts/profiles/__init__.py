"""Reads profiles, traces and object files; captures profiles under load and shows them."""

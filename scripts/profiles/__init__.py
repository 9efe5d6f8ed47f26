"""Reads profiles, traces and object files for profile.sh, profile_diff.sh, heaptrack.sh and alloc_sites.sh."""

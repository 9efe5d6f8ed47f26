"""Flame graphs: stacks as a tree, and the one widget that draws them, alone or in the report."""

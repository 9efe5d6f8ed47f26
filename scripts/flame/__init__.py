"""Flame graphs: stacks as a tree, and the one widget that draws them, alone or in the report."""
from base import tools

tools.need_module("jinja2", "python3-jinja2")  # pages are templates; the error is a sentence

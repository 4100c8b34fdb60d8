"""Subpackage of timeline."""

"""Regressions to find: made in Programs, which are simulated, and in recorded traces, in memory."""

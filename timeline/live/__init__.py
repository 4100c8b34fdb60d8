"""Techniques of other libraries, as scripts that ``timeline record -m timeline.live.NAME`` runs.

They import those libraries, so nothing in ``timeline`` imports them.
"""

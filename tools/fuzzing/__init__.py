"""Mutated files for all importers: a corpus, mutations that know a file's form, and workers."""

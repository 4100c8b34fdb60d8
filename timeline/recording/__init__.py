"""Recording live code: NVTX ranges, provenance, the recorder, and running scripts under it."""

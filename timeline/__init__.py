"""timeline: see what the GPU's engines did, and prove that they overlapped."""

__version__ = "0.1.0"

"""CUPTI's activity records by ctypes: raw buffers handed over, and decoded by NumPy later."""

from timeline.backends.cuda.cupti.collector import CuptiCollector

__all__ = ["CuptiCollector"]

"""Recorded samples: what a folder of them holds, and where each was recorded."""

from timeline.samples.folder import SampleFolder, samples_folder
from timeline.samples.markdown import table
from timeline.samples.origin import Origin, gpus, origin_of
from timeline.samples.variants import Sample, contrast, recorded, recorded_techniques

__all__ = [
    "Origin",
    "Sample",
    "SampleFolder",
    "contrast",
    "gpus",
    "origin_of",
    "recorded",
    "recorded_techniques",
    "samples_folder",
    "table",
]

"""All detectors."""

from __future__ import annotations

from timeline.findings import (
    allocator_churn,
    blocking_allocation,
    devices_in_turn,
    event_between_pdl,
    exposed_communication,
    host_bound,
    host_synchronisation,
    launch_bound,
    legacy_stream_barrier,
    missed_pdl,
    pageable_copy,
    priority_inversion,
    saturated_bandwidth,
    saturated_copy_engine,
    serial_cooperative,
    single_stream,
    small_copies,
    small_kernels,
    synchronous_copy,
)
from timeline.findings.detector import Detector

__all__ = ["DETECTORS"]

DETECTORS: tuple[Detector, ...] = (
    legacy_stream_barrier.DETECTOR,
    single_stream.DETECTOR,
    host_synchronisation.DETECTOR,
    synchronous_copy.DETECTOR,
    pageable_copy.DETECTOR,
    small_copies.DETECTOR,
    saturated_copy_engine.DETECTOR,
    blocking_allocation.DETECTOR,
    allocator_churn.DETECTOR,
    host_bound.DETECTOR,
    launch_bound.DETECTOR,
    missed_pdl.DETECTOR,
    event_between_pdl.DETECTOR,
    small_kernels.DETECTOR,
    serial_cooperative.DETECTOR,
    saturated_bandwidth.DETECTOR,
    priority_inversion.DETECTOR,
    exposed_communication.DETECTOR,
    devices_in_turn.DETECTOR,
)
"""In the order in which documents list them."""

"""What the variants of ``event_wait`` must show."""

from timeline.analysis.kernel_figures import following_ns, sm_idle_ns
from timeline.analysis.shows.check import NONE, Check, of, times
from timeline.analysis.technique_figures import blocked_while_issuing, gap

__all__ = ["CHECKS", "TELLING"]

TELLING = "the device reacts faster than the host"

CHECKS = (
    Check(
        "device_synchronize waits for unrelated work",
        "delay of the consumer, as a multiple of that with stream_synchronize",
        times("device_synchronize", "stream_synchronize", gap("producer", "consumer")),
        least=2,
    ),
    Check(
        "the device reacts faster than the host",
        "delay of the consumer with an event, as a multiple of that with stream_synchronize",
        times("event", "stream_synchronize", gap("producer", "consumer")),
        most=0.6,
    ),
    *(
        Check(
            f"{variant} blocks the host",
            "share of the issuing phase that the host waits",
            of(variant, blocked_while_issuing),
            least=0.3,
        )
        for variant in ("device_synchronize", "stream_synchronize")
    ),
    Check(
        "an event does not",
        "share of the issuing phase that the host waits",
        of("event", blocked_while_issuing),
        most=NONE,
    ),
    Check(
        "device_synchronize leaves the SMs idle",
        "time without a kernel, as a multiple of that with an event",
        times("device_synchronize", "event", sm_idle_ns),
        least=3,
    ),
    Check(
        "an event holds no other stream",
        "gap in the independent stream, as a multiple of that with device_synchronize",
        times("event", "device_synchronize", following_ns("independent")),
        most=0.5,
    ),
)

"""Small integers that the compiled plan, the host loop and the device loop share."""

from __future__ import annotations

# What a node is on the device. Those below KERNEL only order others: they hold no resource.
START = 0  # where a stream begins; held by the gate
RECORD = 1
WAIT = 2
ALLOC = 3  # also the two ends of a graph
KERNEL = 4
COPY = 5  # first come, first served on an engine: H2D, D2H, P2P, host
FILL = 6  # in device memory: memset and D2D, shares its bandwidth
HOST = 7  # host function
COLLECTIVE = 8  # kernel that waits for its peers

# What the host thread does. Those from WORK on are host-paced: the gate opens before them.
ASYNC = 0
DO_RECORD = 1
DO_WAIT = 2
DO_PDL = 3
DO_GRAPH = 4
DO_REDUCE = 5
DO_MALLOC_ASYNC = 6
DO_FREE_ASYNC = 7
NOTHING = 8  # ranges
THRESHOLD = 9
BARRIER = 10
WORK = 16
STREAM_SYNC = 17
EVENT_SYNC = 18
DEVICE_SYNC = 19
EVENT_QUERY = 20
MALLOC = 21
FREE = 22
COPY_WAIT = 23  # the host waits for the copy's end
COPY_STAGED = 24  # the host stages while the copy runs
STAGE = 25  # the host stages, then the copy is as good as asynchronous

# Keys of the event queue: time, then code, then node or cohort.
ID_BITS = 32
ID_MASK = (1 << ID_BITS) - 1
SHIFT = 34
AT_END = 0
AT_START = 1 << ID_BITS
AT_GO = 2 << ID_BITS
AT_OTHER = 3 << ID_BITS
CODE_MASK = 3 << ID_BITS

FOREVER = 1 << 120

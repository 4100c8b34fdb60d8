"""What the pipeline issues, as data: it runs in the simulator, and is checked for data races."""

from timeline.program import Builder, Kernel, Program, Work

CHUNKS, STREAMS = 8, 2
CHUNK_BYTES = 8 << 20
BLOCKS = 1056
SCALE = Kernel("scale", "scale.cu", "scale")
COST = Work(block_ns=150_000)


def schedule() -> Program:
    b = Builder("pipeline")
    source = b.host("source", CHUNKS * CHUNK_BYTES, pinned=True)
    target = b.host("target", CHUNKS * CHUNK_BYTES, pinned=True)
    streams = [b.stream(f"stream {i}") for i in range(STREAMS)]
    slots = [b.device(f"slot {i}", CHUNK_BYTES) for i in range(STREAMS)]
    with b.range("step"):
        for chunk in range(CHUNKS):
            stream, slot = streams[chunk % STREAMS], slots[chunk % STREAMS]
            part = (chunk * CHUNK_BYTES, CHUNK_BYTES)
            b.memcpy(slot, source.span(*part), stream)
            b.launch(
                SCALE,
                stream,
                grid=BLOCKS,
                block=256,
                args=(slot,),
                work=COST,
                inputs=(slot,),
                outputs=(slot,),
            )
            b.memcpy(target.span(*part), slot, stream)
    for stream in streams:
        b.stream_synchronize(stream)
    return b.build()

"""Write ``layouts.json``: where each field of CUPTI's activity records lies, by CUPTI version.

CUPTI's structs change from version to version, and the headers are the only place that says how.
So the C compiler is asked, header by header::

    pip download --no-deps -d wheels nvidia-cuda-cupti==13.0.85      # and the other versions
    python tools/cupti_layouts.py --cuda /usr/local/cuda/include wheels/*.whl

Every wheel of nvidia-cuda-cupti-cu12 (12.0 to 12.9) and nvidia-cuda-cupti (13.0 on) holds the
headers. ``--cuda`` is any folder with a cuda.h at least as new as the newest wheel's major version.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path

OUTPUT = Path(__file__).parents[1] / "timeline/backends/cuda/cupti/layouts.json"

STRUCTS = {
    "MEMCPY": (
        r"Memcpy\d*",
        "copyKind srcKind dstKind flags bytes start end deviceId contextId streamId "
        "correlationId graphNodeId graphId",
    ),
    "MEMSET": (
        r"Memset\d*",
        "bytes start end deviceId contextId streamId correlationId memoryKind graphNodeId graphId",
    ),
    "DRIVER": (
        r"API",
        "cbid start end processId threadId correlationId returnValue",
    ),
    "RUNTIME": (
        r"API",
        "cbid start end processId threadId correlationId returnValue",
    ),
    "DEVICE": (
        r"Device\d*",
        "globalMemorySize numMemcpyEngines numMultiprocessors computeCapabilityMajor "
        "computeCapabilityMinor id name",
    ),
    "CONTEXT": (
        r"Context\d*",
        "contextId deviceId nullStreamId",
    ),
    "CONCURRENT_KERNEL": (
        r"Kernel\d*",
        "registersPerThread start end deviceId contextId streamId gridX gridY gridZ "
        "blockX blockY blockZ staticSharedMemory dynamicSharedMemory correlationId name "
        "queued submitted launchType graphNodeId graphId clusterX clusterY clusterZ",
    ),
    "MARKER": (
        r"Marker\d*",
        "flags timestamp id objectKind objectId name domain",
    ),
    "MARKER_DATA": (
        r"MarkerData\d*",
        "flags id payloadKind payload color category",
    ),
    "MEMCPY2": (
        r"MemcpyPtoP\d*",
        "copyKind srcKind dstKind bytes start end deviceId contextId streamId "
        "srcDeviceId dstDeviceId correlationId graphNodeId graphId",
    ),
    "CUDA_EVENT": (
        r"CudaEvent\d*",
        "correlationId contextId streamId eventId deviceId deviceTimestamp",
    ),
    "STREAM": (
        r"Stream",
        "contextId streamId priority flag correlationId",
    ),
    "SYNCHRONIZATION": (
        r"Synchronization\d*",
        "type start end correlationId contextId streamId cudaEventId",
    ),
    "MEMORY2": (
        r"Memory[2-9]\d*",
        "memoryOperationType memoryKind correlationId address bytes timestamp processId "
        "deviceId contextId streamId isAsync memoryPoolConfig.memoryPoolType "
        "memoryPoolConfig.address memoryPoolConfig.pool.size "
        "memoryPoolConfig.utilizedSize",
    ),
    "GRAPH_HOST_NODE": (
        r"GraphHostNode\d*",
        "streamId contextId deviceId correlationId graphId graphNodeId processId "
        "threadId start end",
    ),
    "HOST_LAUNCH": (
        r"HostLaunch\d*",
        "streamId contextId deviceId correlationId processId threadId start end",
    ),
}
"""Activity kind -> the names that its struct may have (the highest number is the current one), and
the fields to read."""

# not cupti.h, which needs a runtime exactly as old
INCLUDES = ("#include <cupti_activity.h>", "#include <cupti_version.h>")
PAYLOAD_AND_IDS = {"objectId": ["objectId.pt.processId", "objectId.pt.threadId"]}


def main() -> int:
    """Read the wheels named on the command line; write the layouts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("wheels", nargs="+", type=Path, help="wheels, or folders with headers")
    parser.add_argument("--cuda", type=Path, default=Path("/usr/local/cuda/include"))
    args = parser.parse_args()
    structs: dict[str, object] = {}
    versions: dict[str, dict[str, str]] = {}
    for source in sorted(args.wheels):
        with Headers(source) as folder:
            version, found = read(folder, args.cuda)
        versions[version] = {kind: intern(structs, *named) for kind, named in found.items()}
    content = {
        "structs": dict(sorted(structs.items())),
        "versions": dict(sorted(versions.items(), key=lambda item: int(item[0]))),
    }
    OUTPUT.write_text(compact(content))
    print(f"{OUTPUT}: {len(versions)} versions, {len(structs)} structs")
    return 0


class Headers:
    """The folder of the CUPTI headers in a wheel, or ``source`` itself if it is a folder."""

    def __init__(self, source: Path) -> None:
        self._source = source
        self._scratch = tempfile.TemporaryDirectory()

    def __enter__(self) -> Path:
        if self._source.is_dir():
            return self._source
        with zipfile.ZipFile(self._source) as wheel:
            names = [name for name in wheel.namelist() if name.endswith(".h")]
            wheel.extractall(self._scratch.name, names)
        found = sorted(Path(self._scratch.name).rglob("cupti_activity.h"))
        if not found:
            sys.exit(f"{self._source}: no cupti_activity.h")
        return found[0].parent

    def __exit__(self, *_: object) -> None:
        self._scratch.cleanup()


Named = tuple[str, dict[str, object]]


def read(folder: Path, cuda: Path) -> tuple[str, dict[str, Named]]:
    """Version of the headers in ``folder``, and name and layout of each kind's struct."""
    text = re.sub(r"/\*.*?\*/", "", (folder / "cupti_activity.h").read_text(), flags=re.S)
    wanted = {}
    for kind, (pattern, fields) in STRUCTS.items():
        body = newest(text, pattern)
        if body is not None and f"CUPTI_ACTIVITY_KIND_{kind} " in text:
            wanted[kind] = (body[0], list(present(body[1], fields.split())))
    lines = compiled(folder, cuda, program(wanted))
    found: dict[str, Named] = {}
    version = next(lines)
    for kind, (struct, names) in wanted.items():
        number, size = next(lines).split()
        layout = {field: [int(n) for n in next(lines).split()] for field in names}
        found[kind] = (struct, {"size": int(size), "fields": layout})
        found[kind][1]["kind"] = int(number)
    return version, found


def newest(text: str, pattern: str) -> tuple[str, str] | None:
    """Name and body of the struct with the highest number among those that ``pattern`` names."""
    best = None
    for match in re.finditer(rf"\}}\s*(CUpti_Activity{pattern});", text):
        number = int(re.sub(r"\D", "", match[1].replace("PtoP", "")) or 1)
        if best is None or number > best[0]:
            start = text.rindex("typedef struct", 0, match.start())
            best = (number, match[1], text[start : match.start()])
    return best[1:] if best else None


def present(body: str, fields: Iterable[str]) -> Iterator[str]:
    """Those of ``fields`` that the struct has; a union of ids becomes the ids."""
    for field in fields:
        if all(re.search(rf"\b{part}\b", body) for part in field.split(".")):
            yield from PAYLOAD_AND_IDS.get(field, [field])


def program(wanted: dict[str, tuple[str, list[str]]]) -> str:
    """A C program that prints the version, then kind, size and fields of each struct."""
    lines = ["#include <stddef.h>", "#include <stdio.h>", *INCLUDES]
    lines += ["int main(void) {", '  printf("%d\\n", CUPTI_API_VERSION);']
    for kind, (struct, fields) in wanted.items():
        lines.append(f'  printf("%d %zu\\n", CUPTI_ACTIVITY_KIND_{kind}, sizeof({struct}));')
        for field in fields:
            size = f"sizeof((({struct} *)0)->{field})"
            lines.append(f'  printf("%zu %zu\\n", offsetof({struct}, {field}), {size});')
    return "\n".join([*lines, "  return 0;", "}", ""])


def compiled(folder: Path, cuda: Path, source: str) -> Iterator[str]:
    """Lines that ``source`` prints."""
    with tempfile.TemporaryDirectory() as scratch:
        file, binary = Path(scratch, "layout.c"), Path(scratch, "layout")
        file.write_text(source)
        command = ["gcc", "-w", f"-I{folder}", f"-I{cuda}", str(file), "-o", str(binary)]
        subprocess.run(command, check=True)
        done = subprocess.run([str(binary)], check=True, capture_output=True, text=True)
    return iter(done.stdout.splitlines())


def intern(structs: dict[str, object], name: str, layout: dict[str, object]) -> str:
    """Name of ``layout`` among ``structs``; a struct that changed under its name gets another."""
    number, layout = layout["kind"], {k: v for k, v in layout.items() if k != "kind"}
    key, again = name.removeprefix("CUpti_Activity"), 1
    while structs.setdefault(key, layout) != layout:
        again += 1
        key = f"{name.removeprefix('CUpti_Activity')}.{again}"
    return f"{number} {key}"


def compact(content: dict[str, object]) -> str:
    """JSON with one struct or version a line."""
    parts = []
    for section, entries in content.items():
        assert isinstance(entries, dict)
        lines = ",\n".join(f"  {json.dumps(k)}: {json.dumps(v)}" for k, v in entries.items())
        parts.append(f" {json.dumps(section)}: {{\n{lines}\n }}")
    return "{\n" + ",\n".join(parts) + "\n}\n"


if __name__ == "__main__":
    sys.exit(main())

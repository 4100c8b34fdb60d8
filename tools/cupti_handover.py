"""Write ``handover.json``: the machine code of CUPTI's buffer callbacks.

From the root of the checkout, on x86-64 with gcc::

    python tools/cupti_handover.py

The recorder must install anywhere without a compiler, so the few hundred bytes travel as data. On
other processors it falls back to callbacks in Python.
"""

from __future__ import annotations

import json
import platform
import subprocess
import tempfile
from pathlib import Path

SOURCE = Path(__file__).with_suffix(".c")
OUTPUT = Path(__file__).parents[1] / "timeline/backends/cuda/cupti/handover.json"
STATE = 65536
"""Where the state lies behind the start of the code: a whole page away, whatever a page is."""
FUNCTIONS = ("requested", "completed", "take", "give", "withdraw")
LINKER = f"""
SECTIONS {{
    . = 0;
    .code : {{ *(.text .text.*) }}
    .constants : {{ *(.rodata .rodata.*) }}
    . = {STATE};
    .state : {{ *(.state) }}
    /DISCARD/ : {{ *(.comment .note* .eh_frame*) }}
}}
"""
OPTIONS = (
    *("-O2", "-fPIC", "-ffreestanding", "-fno-stack-protector", "-fcf-protection=none"),
    *("-mno-red-zone", "-mno-sse", "-fno-asynchronous-unwind-tables", "-nostdlib"),
    *("-Wall", "-Wextra", "-Wno-unused-parameter"),
)


def build(folder: Path) -> dict[str, object]:
    """Compile and link; the code and where each function starts."""
    script, linked, code = folder / "link.ld", folder / "handover.elf", folder / "handover.bin"
    script.write_text(LINKER)
    link = [f"-Wl,-T,{script}", "-Wl,--build-id=none", "-Wl,-z,norelro", "-static"]
    subprocess.run(["gcc", *OPTIONS, *link, str(SOURCE), "-o", str(linked)], check=True)
    copy = ["objcopy", "-O", "binary", "-j", ".code", "-j", ".constants"]
    subprocess.run([*copy, str(linked), str(code)], check=True)
    symbols = subprocess.run(["nm", str(linked)], check=True, capture_output=True, text=True).stdout
    at = {line.split()[2]: int(line.split()[0], 16) for line in symbols.splitlines()}
    assert at["state"] == STATE
    entries = {name: at[name] for name in FUNCTIONS}
    return {"code": code.read_bytes().hex(), "state": STATE, **entries}


def main() -> None:
    """Build for this processor and write the file."""
    with tempfile.TemporaryDirectory() as folder:
        made = build(Path(folder))
    OUTPUT.write_text(json.dumps({platform.machine(): made}, indent=1) + "\n")
    print(f"{OUTPUT}: {len(str(made['code'])) // 2} bytes of code for {platform.machine()}")


if __name__ == "__main__":
    main()

"""Writes ``docs/techniques/``: a page and a picture a technique, from what ``samples/`` holds.

Run it as ``python tools/technique_pages.py``; ``--check`` only says whether the pages are current.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from timeline.analysis.shows import telling
from timeline.claims import CLAIMS, Entry, Recordings, ledger
from timeline.claims.markdown import anchor
from timeline.figures.svg import MOST_BARS, gantt_svg
from timeline.samples import Sample, contrast, origin_of, recorded, recorded_techniques, table
from timeline.samples.inside import block_table, cost_table, role_table, telling_kernel
from timeline.samples.tables import (
    check_results,
    check_table,
    figure_text,
    measure_table,
)
from timeline.techniques import NAMES, Parameter, Technique, technique
from timeline.ui.simulation import kernel_files

ROOT = Path(__file__).resolve().parents[1]
SAMPLES = ROOT / "samples"
PAGES = ROOT / "docs" / "techniques"
INDEX = "README.md"

MOST_BYTES = 80_000
"""Of one picture."""

SMS = 3
"""SMs in a picture of the inside of a kernel."""

INTRODUCTION = """\
# Techniques

The chapter's techniques, each with what was recorded of it on a GPU. `tools/technique_pages.py`
writes these pages from [samples](../../samples/README.md); no figure in them was typed. Makespans,
bounds and overlaps are of the repeat of median makespan ([what they mean](../measures.md)), figures
of what must show are medians over the repeats.
"""


def pages(samples: Path) -> Iterator[tuple[str, str]]:
    """Name and text of every file."""
    entries = list(ledger(CLAIMS, Recordings.at(samples)))
    yield INDEX, index(samples)
    for name in recorded_techniques(samples):
        found = recorded(samples, name)
        yield f"{name}.svg", picture(found)
        if kernel := telling_kernel(contrast(found)):
            yield f"{name}_inside.svg", picture(found, kernel=kernel)
        mine = [entry for entry in entries if name in entry.claim.techniques]
        yield f"{name}.md", page(samples, found, mine)


def index(samples: Path) -> str:
    """All techniques; those without a recording are named."""
    there = recorded_techniques(samples)
    rows = (_index_row(technique(name), samples, name in there) for name in NAMES)
    headings = ("technique", "figure", "what it is", "recorded on")
    return f"{INTRODUCTION}\n{table(headings, rows)}"


def _index_row(what: Technique, samples: Path, there: bool) -> Sequence[str]:
    on = dict.fromkeys(sample.gpus for sample in recorded(samples, what.id)) if there else ()
    return (
        f"[{what.title}]({what.id}.md)" if there else f"{what.title} (`{what.id}`)",
        what.figure,
        what.summary,
        ", ".join(on) or "not recorded yet",
    )


def picture(found: Sequence[Sample], most_bytes: int = MOST_BYTES, *, kernel: str = "") -> str:
    """The two variants that tell most; in coarser steps where it would take too many bytes.

    Parameters
    ----------
    kernel : str, optional
        Show a launch of this kernel in each, with the blocks on some SMs.
    """
    shown = {sample.variant: sample.trace for sample in contrast(found)}
    what, most = technique(found[0].technique), MOST_BARS
    while True:
        drawn = gantt_svg(
            shown,
            title=what.title + (f": inside {kernel}" if kernel else ""),
            subtitle=f"{found[0].gpus}, measured by {found[0].trace.meta.source}",
            stamps=bool(kernel) or stamped(found),
            kernel=kernel,
            sms=SMS if kernel else 0,
            most=most,
            tips=False,
        )
        if len(drawn.encode()) <= most_bytes or most < 100:
            return drawn
        most //= 2


def stamped(found: Sequence[Sample]) -> bool:
    """Whether its kernels wrote stamps of more than their body."""
    roles = {role for sample in found for role in sample.trace.names("stamps", "role")}
    return bool(roles - {"body"})


def page(samples: Path, found: Sequence[Sample], claims: Sequence[Entry]) -> str:
    """The page of a technique."""
    what = technique(found[0].technique)
    parts = (
        _head(what),
        *_claims(claims),
        _figure(found),
        "## Variants\n",
        measure_table(found, _place),
        f"Bound: {what.bound}.\n",
        _origins(found),
        "## What to look for\n",
        f"{what.shows}\n",
        *_checks(found),
        *_inside(samples, found),
        "## Run it\n",
        _commands(what, found),
        table(("parameter", "default", "meaning"), map(_parameter, what.parameters)),
        "## Source\n",
        _source(what),
    )
    return "\n".join(parts)


def _head(what: Technique) -> str:
    figure = f", figure {what.figure}" if what.figure else ""
    return f"# {what.title}\n\n{what.summary}\n\n*Section “{what.section}”{figure}.*\n"


def _claims(claims: Sequence[Entry]) -> Iterator[str]:
    if claims:
        yield "What it tests of [the chapter's claims](../claims.md):\n"
        yield "".join(
            f"- [{each.claim.number}. {each.claim.title}](../claims.md#{anchor(each.claim)}): "
            f"**{each.verdict.value}**\n"
            for each in claims
        )


def _figure(found: Sequence[Sample]) -> str:
    first, second = contrast(found)
    names = " above ".join(dict.fromkeys((first.variant, second.variant)))
    origin = origin_of(first.trace)
    text = f"*{names}, on one time axis; recorded on {origin.device}, {origin.date}.*"
    return f"![{technique(first.technique).title}: {names}]({first.technique}.svg)\n\n{text}\n"


def _place(sample: Sample) -> str:
    return f"../../samples/{sample.technique}/{sample.variant}"


def _origins(found: Iterable[Sample]) -> str:
    origins = dict.fromkeys(str(origin_of(sample.trace)) for sample in found)
    return f"Recorded on {'; '.join(origins)}.\n"


def _checks(found: Sequence[Sample]) -> Iterator[str]:
    """What must show beside what was found; nothing while variants are missing."""
    if results := check_results(found):
        yield check_table(results)
        told = telling(found[0].technique)
        (most,) = (each for each in results if each.check is told)
        yield f"The figure that tells most: {told.doc}, {figure_text(most.value)}.\n"


def _inside(samples: Path, found: Sequence[Sample]) -> Iterator[str]:
    """What stamps tell of the kernels; nothing of those that write none."""
    shown = list(dict.fromkeys(contrast(found)))
    if not (blocks := block_table(shown)):
        return
    yield "## Inside the kernels\n"
    if kernel := telling_kernel(shown):
        name = found[0].technique
        text = "one launch of each variant, that of median length, and the blocks on the first SMs"
        yield f"![Inside {kernel}: {text}]({name}_inside.svg)\n\n*Inside `{kernel}`: {text}.*\n"
    if roles := role_table(shown):
        yield roles
    yield blocks
    if cost := cost_table(samples, found):
        yield "What the stamps cost, the medians of the launches recorded with and without them:\n"
        yield cost


def _commands(what: Technique, found: Sequence[Sample]) -> str:
    drawn = dict.fromkeys(sample.variant for sample in contrast(found))
    traces = " ".join(f"runs/{what.id}/{variant}" for variant in drawn)
    stamps = " --stamps" if stamped(found) else ""
    devices = f"It needs {what.devices} GPUs. " if what.devices > 1 else ""
    lines = (
        "```sh",
        f"timeline run {what.id} --variant all --repeat 5 -o runs",
        f"timeline gantt {traces}{stamps} -o {what.id}.svg",
        *_zoom(what, found, traces),
        f"timeline report runs/{what.id}/{found[-1].variant}",
        "timeline app runs",
        "```",
        "",
        f"{devices}Without a GPU the same runs on the simulator. Parameters, set with `--set`:",
    )
    return "\n".join(lines) + "\n"


def _zoom(what: Technique, found: Sequence[Sample], traces: str) -> Iterator[str]:
    if kernel := telling_kernel(contrast(found)):
        yield f"timeline gantt {traces} --kernel {kernel} --sms {SMS} -o {what.id}_inside.svg"


def _parameter(parameter: Parameter) -> Sequence[str]:
    return f"`{parameter.name}`", f"`{parameter.default}`", parameter.doc


def _source(what: Technique) -> str:
    files = dict.fromkeys(
        name for variant in what.variants for name in kernel_files(what.program(variant.name))
    )
    kernels = ", ".join(f"[kernels/{name}](../../kernels/{name})" for name in files)
    module = f"timeline/techniques/{what.id}.py"
    checks = f"timeline/analysis/shows/{what.id}.py"
    said = f"Program: [{module}](../../{module}); checks: [{checks}](../../{checks})"
    return f"{said}; kernels: {kernels}.\n" if kernels else f"{said}.\n"


def outdated(samples: Path, folder: Path) -> list[str]:
    """Files that would be written differently now, and those that would not be written at all."""
    made = dict(pages(samples))
    there = {place.name for place in folder.glob("*.*")}
    wrong = (name for name, text in made.items() if not _same(folder / name, text))
    return sorted({*wrong, *(there - made.keys())})


def _same(place: Path, text: str) -> bool:
    return place.is_file() and place.read_text(encoding="utf-8") == text


def write(samples: Path, folder: Path) -> None:
    """Write all files, and take away those of techniques that are gone."""
    folder.mkdir(parents=True, exist_ok=True)
    made = dict(pages(samples))
    for place in folder.glob("*.*"):
        if place.name not in made:
            place.unlink()
    for name, text in made.items():
        (folder / name).write_text(text, encoding="utf-8")
        print(folder / name)


def main(argv: Sequence[str] | None = None) -> int:
    """Write the pages, or check them; 1 when some are out of date."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("samples", nargs="?", type=Path, default=SAMPLES)
    parser.add_argument("--check", action="store_true")
    args = parser.parse_args(argv)
    if not args.check:
        write(args.samples, PAGES)
        return 0
    old = outdated(args.samples, PAGES)
    if old:
        print(f"{', '.join(old)}: out of date: python tools/technique_pages.py", file=sys.stderr)
    return int(bool(old))


if __name__ == "__main__":
    sys.exit(main())

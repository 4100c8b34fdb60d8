"""Reports of many ranks: what ``timeline report`` does with more than one trace."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from timeline.cli.html import write_html
from timeline.cli.output import console, print_json
from timeline.cli.progress import progress
from timeline.errors import UsageError

if TYPE_CHECKING:
    from timeline.ranks import Runner

__all__ = ["add_ranks", "report_ranks", "several"]


def add_ranks(parser: argparse.ArgumentParser) -> None:
    """Add the options to the command."""
    group = parser.add_argument_group("many ranks")
    group.add_argument("--jobs", type=int, metavar="N", help="ranks at once (default: one a core)")
    group.add_argument(
        "--scheduler", metavar="ADDRESS", help="measure on a Dask cluster, such as tcp://host:8786"
    )
    group.add_argument(
        "--lenient", action="store_true", help="leave out what can't be read, and say so"
    )
    group.add_argument(
        "--no-children",
        dest="children",
        action="store_false",
        help="of a recording the first process alone, without those that it started",
    )


def several(args: argparse.Namespace) -> bool:
    """Whether these are ranks of a job rather than one trace.

    The processes that a recorded one started are ranks beside it, where they used a GPU.
    """
    from timeline.ranks import expand, is_remote

    args.trace = expand(args.trace)
    if len(args.trace) == 1 and not is_remote(args.trace[0]) and args.children:
        args.trace += _children(Path(args.trace[0]))
    return len(args.trace) > 1 or bool(args.scheduler) or is_remote(args.trace[0])


def _children(place: Path) -> list[str]:
    from timeline.trace.children import children, did_gpu_work

    return [str(one) for one in children(place) if did_gpu_work(one)]


def report_ranks(args: argparse.Namespace) -> int:
    """Measure the ranks and print how they compare."""
    from timeline.ranks import job

    if args.window is not None:
        raise UsageError(
            "--window is a span of one trace; several ranks are measured whole (--no-children "
            "takes the first process of a recording alone)"
        )
    if args.communication or args.group:
        raise UsageError("--communication and --group are for the report of one trace")
    places = args.trace
    with progress(len(places)) as begin:
        summaries = _runner(args)(places, begin)
    found = job(summaries)
    if args.html is not None:
        name = f"{len(found.ranks)} ranks"
        write_html(args, lambda pages: pages.job_html(found, name, args.theme))
    elif args.json:
        print_json(found.to_json())
    else:
        found.print(console())
    return 0


def _runner(args: argparse.Namespace) -> Runner:
    from timeline.ranks import on_cluster, on_cores

    if args.jobs is not None and args.jobs < 1:
        raise UsageError(f"--jobs {args.jobs}: must be 1 or more")
    if args.scheduler is None:
        return on_cores(args.jobs, lenient=args.lenient)
    if args.jobs is not None:
        raise UsageError("--jobs is for this machine; a cluster has the workers that it has")
    return on_cluster(args.scheduler, lenient=args.lenient)

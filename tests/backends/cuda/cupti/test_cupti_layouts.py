from __future__ import annotations

import itertools

import pytest

from timeline.backends.cuda.cupti.kinds import ActivityKind
from timeline.backends.cuda.cupti.layouts import known_versions, layout_for, release
from timeline.errors import CuptiError

SIZES = {  # sizeof() in the headers of nvidia-cuda-cupti
    18: {"CONCURRENT_KERNEL": 208, "MEMCPY": 88, "MEMORY2": 120, "CUDA_EVENT": 24},
    28: {"CONCURRENT_KERNEL": 208, "MEMCPY": 96, "MEMORY2": 128, "CUDA_EVENT": 56},
    130001: {"CONCURRENT_KERNEL": 216, "MEMCPY": 96, "MARKER_DATA": 40, "SYNCHRONIZATION": 56},
    130500: {"CONCURRENT_KERNEL": 248, "MEMCPY": 112, "MEMSET": 104, "CUDA_EVENT": 80},
}


@pytest.mark.parametrize("version", SIZES)
def test_sizes_are_those_of_the_headers(version: int) -> None:
    sizes = layout_for(version).sizes
    for kind, size in SIZES[version].items():
        assert sizes[ActivityKind[kind]] == size


@pytest.mark.parametrize("version", known_versions())
def test_every_version_has_what_is_collected_by_default(version: int) -> None:
    layout = layout_for(version)
    assert layout.exact
    always = set(ActivityKind) - {ActivityKind.GRAPH_HOST_NODE, ActivityKind.HOST_LAUNCH}
    assert always <= set(layout.records)
    for dtype in layout.records.values():
        assert dtype.itemsize % 8 == 0
        assert dtype.fields is not None
        for field, (kind, offset, *_) in dtype.fields.items():
            assert offset % kind.base.itemsize == 0, field
            assert offset + kind.itemsize <= dtype.itemsize, field
    kernel = layout.records[ActivityKind.CONCURRENT_KERNEL]
    assert {"name", "grid", "block", "cluster", "queued", "graphNodeId"} <= set(kernel.names or ())


@pytest.mark.parametrize(
    ("asked", "used"), [(19, 18), (25, 24), (130299, 130202), (139900, 130500)]
)
def test_an_unknown_version_reads_with_the_nearest_older_layout(asked: int, used: int) -> None:
    layout = layout_for(asked)
    assert (layout.version, layout.exact) == (used, False)


@pytest.mark.parametrize("version", [3, 17, 140000])
def test_a_major_version_without_layout_says_what_to_do(version: int) -> None:
    with pytest.raises(CuptiError, match=r"no layout.*pip install"):
        layout_for(version)


@pytest.mark.parametrize(
    ("version", "name"),
    [(18, "12.0"), (24, "12.6"), (28, "12.9"), (130001, "13.0"), (130500, "13.5")],
)
def test_releases_are_named_as_cuda_names_them(version: int, name: str) -> None:
    assert release(version) == name


def test_a_newer_struct_keeps_the_older_ones_fields_in_place() -> None:
    """Why an older layout of the same major version can read newer records."""
    for older, newer in itertools.pairwise(known_versions()):
        for kind, dtype in layout_for(older).records.items():
            if (older < 1000) != (newer < 1000):
                continue
            later = layout_for(newer).records[kind]
            assert later.itemsize >= dtype.itemsize
            for field in dtype.names or ():
                assert dtype.fields is not None
                assert later.fields is not None
                assert later.fields[field] == dtype.fields[field], (newer, kind, field)

"""CUPTI's buffer callbacks as machine code: nothing lost, no limit passed, and no GIL needed."""

from __future__ import annotations

import ctypes
import platform
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from timeline.backends.cuda.cupti.handover import NativePool

pytestmark = [
    pytest.mark.skipif(platform.machine() != "x86_64", reason="no machine code for this processor"),
    pytest.mark.skipif(shutil.which("gcc") is None, reason="needs gcc"),
]

SIZE = 1 << 16
CUPTI = r"""
#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
typedef void (*Requested)(uint8_t **, size_t *, size_t *);
typedef void (*Completed)(void *, uint32_t, uint8_t *, size_t, size_t);
typedef struct { Requested ask; Completed back; int rounds, mark, refused, dirty; } Job;

static void *work(void *argument) {
    Job *job = argument;
    for (int i = 0; i < job->rounds; i++) {
        uint8_t *buffer = 0; size_t size = 0, most = 9;
        job->ask(&buffer, &size, &most);
        if (!buffer) { job->refused++; continue; }
        for (int k = 0; k < 64; k++) job->dirty += buffer[k] != 0;
        memset(buffer, job->mark, 64);
        job->back(0, 0, buffer, size, 64);
    }
    return 0;
}

/* Threads of its own, as CUPTI has; returns once they have ended. */
int run(Requested ask, Completed back, int threads, int rounds, int *refused) {
    pthread_t ids[16]; Job jobs[16]; int dirty = 0;
    for (int i = 0; i < threads; i++) {
        jobs[i] = (Job){ask, back, rounds, i + 1, 0, 0};
        pthread_create(&ids[i], 0, work, &jobs[i]);
    }
    *refused = 0;
    for (int i = 0; i < threads; i++) {
        pthread_join(ids[i], 0); *refused += jobs[i].refused; dirty += jobs[i].dirty;
    }
    return dirty;
}
"""


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("fake")
    (folder / "cupti.c").write_text(CUPTI)
    out = folder / "libfake.so"
    command = ["gcc", "-shared", "-fPIC", "-pthread", str(folder / "cupti.c"), "-o", str(out)]
    subprocess.run(command, check=True)
    return out


def run(loaded: Any, pool: NativePool, threads: int, rounds: int) -> tuple[int, int]:
    refused = ctypes.c_int()
    dirty = loaded.run(pool.requested, pool.completed, threads, rounds, ctypes.byref(refused))
    return dirty, refused.value


def drained(pool: NativePool) -> list[int]:
    """The mark of every buffer that came back."""
    marks = []
    while done := pool.take():
        view = pool.view(*done)
        assert (view == view[0]).all()
        marks.append(int(view[0]))
        pool.recycle(*done)
    return marks


def test_every_buffer_comes_back_and_is_clean_when_used_again(library: Path) -> None:
    loaded = ctypes.CDLL(str(library))
    pool = NativePool(SIZE, ready=4)
    pool.limit_bytes = 10_000 * SIZE
    pool.prepare()
    for _ in range(3):
        dirty, refused = run(loaded, pool, threads=4, rounds=500)
        assert (dirty, refused) == (0, 0)
        assert pool.completed_bytes == 2_000 * SIZE
        assert sorted(drained(pool)) == sorted([1, 2, 3, 4] * 500)
    pool.trim()
    assert run(loaded, pool, threads=1, rounds=5) == (0, 0)
    pool.discard()
    assert pool.take() is None


def test_no_more_memory_than_allowed(library: Path) -> None:
    pool = NativePool(SIZE, ready=4)
    pool.limit_bytes = 6 * SIZE
    pool.prepare()
    assert run(ctypes.CDLL(str(library)), pool, threads=3, rounds=10) == (0, 24)
    assert len(drained(pool)) == 6


def test_oldest_first(library: Path) -> None:
    pool = NativePool(SIZE, ready=1)
    pool.limit_bytes = 100 * SIZE
    loaded = ctypes.CDLL(str(library))
    for rounds in (3, 2):
        run(loaded, pool, threads=1, rounds=rounds)
    addresses = [pool.take() for _ in range(5)]
    assert None not in addresses
    assert len(set(addresses)) == 5
    assert pool.take() is None


def test_callbacks_run_while_another_thread_holds_the_gil(library: Path) -> None:
    """A PyDLL keeps the GIL in the call, which waits for threads that call back."""
    code = (
        "import ctypes\n"
        "from timeline.backends.cuda.cupti.buffers import route\n"
        "r = route(); r.pool.limit_bytes = 1 << 30\n"
        f"fake = ctypes.PyDLL(r'{library}'); n = ctypes.c_int()\n"
        "assert fake.run(r.requested, r.completed, 2, 3, ctypes.byref(n)) == 0\n"
        "assert n.value == 0 and r.pool.completed_bytes == 6 * r.pool.size\n"
    )
    root = str(Path(__file__).parents[4])
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60, cwd=root)

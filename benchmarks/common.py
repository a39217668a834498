"""What the benchmarks share: the machine in words, the default folder, peak memory of a process tree, shares with their
intervals, RESULTS.md."""

from __future__ import annotations

import argparse
import datetime
import platform
import subprocess
import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

from faceannot.defaults import usable_cpus
from faceannot.evaluation.intervals import wilson

ROOT = Path(__file__).resolve().parent.parent
PHOTOS = ROOT.parent / "shared" / "photos"
RESULTS = Path(__file__).with_name("RESULTS.md")
SAMPLE_S = 0.2


def parser(doc: str | None) -> argparse.ArgumentParser:
    """A parser whose description is the benchmark's own docstring."""
    return argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)


def machine() -> str:
    """Processor, memory, system and the versions that matter; nothing that names the machine or a folder on it."""
    libraries = ", ".join(f"{name} {version(name)}" for name in ("onnxruntime", "opencv-python-headless", "pillow"))
    return (
        f"{usable_cpus()} x {_processor()}, {_memory()}, {platform.system()} {platform.machine()}, "
        f"Python {platform.python_version()}, {libraries}"
    )


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or "processor of unknown name"
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _memory() -> str:
    try:
        total_kb = int(Path("/proc/meminfo").read_text().split()[1])
    except OSError:
        return "memory unknown"
    return f"{total_kb / 2**20:.0f} GiB"


def record(heading: str, lines: Sequence[str]) -> None:
    """Append one dated entry to RESULTS.md."""
    date = datetime.datetime.now(datetime.UTC).date().isoformat()
    with RESULTS.open("a", encoding="utf-8") as file:
        file.write("\n".join(["", f"## {heading}, {date}", machine(), "", *(f"- {line}" for line in lines), ""]))


def share(part: int, whole: int) -> str:
    """`part` of `whole` in percent, with its 95 % interval, and `whole`; a dash of nothing."""
    if not whole:
        return "-"
    interval = wilson(part, whole)
    return f"**{part / whole:.1%}** ({interval.low:.1%} to {interval.high:.1%}, {whole})"


def timed_run(command: Sequence[str | Path]) -> tuple[float, float | None]:
    """Run `command` to its end; seconds, and the peak memory of it and its children in MiB (None where unknown).

    Raises CalledProcessError for an exit code other than 0 and 3 (done, but some photos could not be read).
    """
    began = time.perf_counter()
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    with memory_watched(process.pid) as peak:
        _, complaint = process.communicate()
        seconds = time.perf_counter() - began
    if process.returncode not in (0, 3):
        raise subprocess.CalledProcessError(process.returncode, list(map(str, command)), stderr=complaint)
    return seconds, peak.mib


def memory_mib(root: int, *, own: bool = False) -> float:
    """The memory of a process and all below it; what they share counts once. 0 where it is unknown.

    `own`: without the files that they have open, of which more is counted when other programs close them.
    """
    kinds = ("Pss_Anon:", "Pss_Shmem:") if own else ("Pss:",)
    return sum(_share_kb(process, kinds) for process in _tree(root)) / 1024


@contextmanager
def memory_watched(process: int) -> Iterator[Peak]:
    """Watch the memory of a process and all below it meanwhile."""
    peak = Peak(process)
    peak.start()
    try:
        yield peak
    finally:
        peak.stop()


class Peak(threading.Thread):
    """Looks at the memory of a process and all below it now and then; memory that they share counts once.

    `mib`: the most that there was, None where the system does not say.
    """

    def __init__(self, root: int) -> None:
        super().__init__(daemon=True)
        self._root = root
        self._done = threading.Event()
        self.mib: float | None = None

    def run(self) -> None:
        while not self._done.wait(SAMPLE_S):
            if now := memory_mib(self._root):
                self.mib = max(self.mib or 0.0, now)

    def stop(self) -> None:
        self._done.set()
        self.join()


def _tree(root: int) -> Iterator[int]:
    """`root`, its children, theirs, and so on."""
    children = defaultdict(list)
    for folder in Path("/proc").glob("[0-9]*"):
        children[_parent(folder)].append(int(folder.name))
    waiting = [root]
    while waiting:
        process = waiting.pop()
        waiting.extend(children[process])
        yield process


def _parent(folder: Path) -> int | None:
    try:
        # The name, in parentheses, may hold blanks; the parent is the second field after it.
        return int((folder / "stat").read_text().rpartition(")")[2].split()[1])
    except (OSError, IndexError):
        return None


def _share_kb(process: int, kinds: tuple[str, ...]) -> int:
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) for line in lines if line.startswith(kinds))

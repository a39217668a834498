"""Reading in worker processes: order, look-ahead, crashes, hangs, and that nothing is left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event

import numpy as np
import pytest

from benchmarks import inflated
from faceannot import _worker_process, images
from faceannot._worker import Request
from faceannot._worker_process import WorkerProcess
from faceannot.errors import FaceannotError, PhotoError
from faceannot.inputs import Photo
from faceannot.readers import ReaderPool
from tests.processes import children
from tests.quadrants import COLOURS, encoded, image, middles, quadrants

MAX_SIDE = 100
linux_only = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks into /proc")
# Stands in for a decoder in C that dies or never comes back; workers load it as they would pillow_heif.
FAKE_DECODER = """
import ctypes, numpy, os, signal, time
from PIL import Image

def _open(stream, name, *rest):
    content = stream.read()
    if b"crash" in content:
        ctypes.string_at(0)
    if b"abort" in content:
        ctypes.CDLL(None).abort()
    if b"killed" in content:  # as the system does for want of memory
        os.kill(os.getpid(), signal.SIGKILL)
    if b"exhaust" in content:
        blocks = []
        while True:
            blocks.append(numpy.empty(1 << 28, "u1"))
    if b"late" in content:
        time.sleep(1.2)
    if b"hang" in content:
        signal.pthread_sigmask(signal.SIG_BLOCK, set(signal.Signals))
        ctypes.PyDLL(None).sleep(1000)  # keeps Python's lock: no other thread of the process can do anything
    raise SyntaxError

def register_heif_opener():
    Image.register_open("HEIF", _open)
"""
HEIC = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"


@pytest.fixture
def fake_decoder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "fake").mkdir()
    (tmp_path / "fake" / "pillow_heif.py").write_text(FAKE_DECODER)
    monkeypatch.syspath_prepend(tmp_path / "fake")


def photo(name: str, width: int = 48, height: int = 32) -> Photo:
    return Photo(name, encoded(image(width, height), "PNG"))


def read_all(photos: list[Photo], workers: int = 2, timeout_s: float = 60.0) -> list[str]:
    """What becomes of each photo: its error, or the size of its picture."""
    with ReaderPool(workers, max_side=MAX_SIDE, timeout_s=timeout_s) as pool:
        return [f"{photo.name} {said(outcome)}" for photo, outcome in pool.read(photos)]


def said(outcome: images.Picture | PhotoError) -> str:
    return str(outcome) if isinstance(outcome, PhotoError) else f"{outcome.width}x{outcome.height}"


def is_running(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def wait_for(condition: Callable[[], bool], limit_s: float = 20.0) -> bool:
    end = time.monotonic() + limit_s
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def test_pictures_are_those_that_a_plain_read_gives(tmp_path: Path) -> None:
    path = tmp_path / "x.jpg"
    path.write_bytes(encoded(image(480, 320), "JPEG"))
    with ReaderPool(1, max_side=MAX_SIDE) as pool:
        ((_, picture),) = pool.read([Photo("x", path)])
    plain = images.read(path, max_side=MAX_SIDE)
    assert isinstance(picture, images.Picture)
    assert (picture.width, picture.height) == (plain.width, plain.height)
    np.testing.assert_array_equal(picture.rgb, plain.rgb)


def test_photos_come_in_the_order_of_the_input() -> None:
    sizes = [3000 if number % 5 == 0 else 20 for number in range(30)]  # some take longer than others
    photos = [photo(str(number), size, 40) for number, size in enumerate(sizes)]
    assert read_all(photos, workers=3) == [f"{number} {size}x40" for number, size in enumerate(sizes)]


def test_pictures_stay_as_they_are_while_others_are_read() -> None:
    photos = [photo("small", 10, 10), photo("large", 100, 100), photo("small again", 10, 10)] * 5
    with ReaderPool(1, max_side=MAX_SIDE) as pool:
        pictures = [picture for _, picture in pool.read(photos)]
    for picture in pictures:
        assert isinstance(picture, images.Picture)
        np.testing.assert_array_equal(middles(picture.rgb), COLOURS)
        picture.rgb[:] = 0


def test_a_photo_that_cannot_be_read_gives_its_reason_and_the_others_go_on() -> None:
    photos = [photo("a"), Photo("b", b"no photo"), Photo("c", Path("nowhere.jpg")), photo("d")]
    assert read_all(photos) == ["a 48x32", "b not a photo: looks like text", "c no such file", "d 48x32"]


def test_an_array_is_passed_on() -> None:
    photos = [Photo("good", quadrants(400, 200)), Photo("bad", np.zeros((4, 4), np.uint8))]
    good, bad = read_all(photos)
    assert good == "good 400x200"
    assert bad.startswith("bad an array must be (height, width, 3)")


def test_a_name_that_is_not_utf_8_is_read(tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"caf\xe9\n.png")
    path.write_bytes(encoded(image(), "PNG"))
    assert read_all([Photo("x", path)]) == ["x 48x32"]


def test_no_code_of_the_current_folder_is_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "json.py").write_text("open('trace', 'w').close()")
    monkeypatch.chdir(tmp_path)
    assert read_all([photo("a")]) == ["a 48x32"]
    assert not (tmp_path / "trace").exists()


@pytest.mark.usefixtures("fake_decoder")
@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (b"crash", "reading crashed (Segmentation fault)"),
        (b"abort", "reading crashed (Aborted)"),
        (b"killed", "reading crashed (Killed)"),
        pytest.param(b"exhaust", images.TOO_LARGE, marks=linux_only),
    ],
)
def test_a_decoder_that_dies_or_takes_all_memory_costs_its_photo_alone(fault: bytes, said: str) -> None:
    photos = [photo("a"), Photo("b", HEIC + fault), photo("c"), Photo("d", HEIC + fault), photo("e")]
    assert read_all(photos) == ["a 48x32", f"b {said}", "c 48x32", f"d {said}", "e 48x32"]


@pytest.mark.usefixtures("fake_decoder")
def test_a_decoder_that_hangs_costs_its_photo_and_the_time_limit() -> None:
    photos = [photo("a"), Photo("b", HEIC + b"hang"), photo("c")]
    start = time.monotonic()
    assert read_all(photos, workers=1, timeout_s=1.5) == ["a 48x32", "b took longer than 1.5 seconds", "c 48x32"]
    assert 1.5 < time.monotonic() - start < 20


def test_a_real_decoder_that_would_take_minutes_is_ended_in_time() -> None:
    photos = [photo("a"), Photo("b", inflated.jpeg_of_scans(2_000, 100_000)), photo("c")]
    start = time.monotonic()
    assert read_all(photos, workers=1, timeout_s=1.5) == ["a 48x32", "b took longer than 1.5 seconds", "c 48x32"]
    assert time.monotonic() - start < 20


@pytest.mark.usefixtures("fake_decoder")
def test_a_late_answer_of_a_worker_that_cannot_be_killed_is_no_other_photos(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_worker_process, "_END_LIMIT_S", 0.1, raising=False)
    monkeypatch.setattr(subprocess.Popen, "kill", lambda process: None)  # as if it were stuck in the kernel
    photos = [Photo("a", HEIC + b"late"), photo("b", 10, 10), photo("c", 20, 20), photo("d", 30, 30)]
    outcomes = ["a took longer than 1 seconds", "b 10x10", "c 20x20", "d 30x30"]
    assert read_all(photos, workers=1, timeout_s=1.0) == outcomes


def test_an_answer_to_another_request_is_never_taken() -> None:
    worker = WorkerProcess(MAX_SIDE, 60.0, Event())
    try:
        assert said(worker.read(encoded(image(10, 10), "PNG"))) == "10x10"
        assert worker._connection is not None
        asked = Request(0, encoded(image(20, 20), "PNG"), MAX_SIDE, 60.0)
        worker._connection.send(asked)
        assert said(worker.read(encoded(image(30, 30), "PNG"))) == "30x30"
    finally:
        worker.end()


def test_a_process_that_starts_while_the_pool_is_closed_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    closing = Event()
    worker = WorkerProcess(MAX_SIDE, 60.0, closing)
    start = _worker_process._start
    started = []

    def starting(block_file: int) -> object:
        process, connection = start(block_file)
        closing.set()
        worker.kill()  # the pool's, which comes too early to meet the process
        started.append(process)
        return process, connection

    monkeypatch.setattr(_worker_process, "_start", starting)
    with pytest.raises(FaceannotError, match="reading was stopped"):
        worker.read(encoded(image(10, 10), "PNG"))
    assert started[0].returncode == -signal.SIGKILL
    worker.end()


def test_killing_a_worker_whose_process_is_just_given_up_does_nothing() -> None:
    class GivenUp(WorkerProcess):
        """Its process is there when it is looked at first and gone from then on."""

        looks = 0

        def __getattribute__(self, name: str) -> object:
            if name != "_process":
                return super().__getattribute__(name)
            GivenUp.looks += 1
            return ended if GivenUp.looks == 1 else None

    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        pass
    worker = GivenUp(MAX_SIDE, 60.0, Event())
    worker.kill()
    assert GivenUp.looks
    worker.end()


@linux_only
def test_workers_killed_from_outside_cost_no_photo() -> None:
    with ReaderPool(2, max_side=MAX_SIDE) as pool:
        results = pool.read([photo(str(number)) for number in range(60)])
        outcomes = []
        for number, (_, outcome) in enumerate(results):
            outcomes.append(said(outcome))
            if number % 20 == 5:
                for process in children(os.getpid()):
                    os.kill(process, signal.SIGKILL)
    assert outcomes == ["48x32"] * 60


def test_photos_are_asked_for_only_a_few_ahead() -> None:
    asked: list[int] = []

    def many() -> Iterator[Photo]:
        for number in range(1000):
            asked.append(number)
            yield photo(str(number))

    with ReaderPool(2, max_side=MAX_SIDE) as pool:
        results = pool.read(many())
        next(results)
        time.sleep(0.2)
        assert len(asked) <= 1 + 3 * 2
        results.close()  # type: ignore[attr-defined]
    assert len(asked) < 10


def test_what_is_read_is_given_before_more_is_asked_for() -> None:
    given_out: list[str] = []
    missing: list[int] = []  # how many were not given each time that one more was asked for

    def slowly() -> Iterator[Photo]:
        for number in range(8):
            if number:
                time.sleep(0.1)  # long enough for the worker to read the one before
                missing.append(number - len(given_out))
            yield photo(str(number))

    with ReaderPool(1, max_side=MAX_SIDE) as pool:
        next(pool.read([photo("start the worker")]))
        for one, _ in pool.read(slowly()):
            given_out.append(one.name)
    assert max(missing) <= 2  # the last, which was still being read, and perhaps the one before it


def test_a_pool_can_be_used_again_after_a_run_was_left() -> None:
    with ReaderPool(2, max_side=MAX_SIDE) as pool:
        next(pool.read([photo(str(number)) for number in range(20)]))
        assert [said(outcome) for _, outcome in pool.read([photo("a", 30, 20)])] == ["30x20"]


@pytest.mark.usefixtures("fake_decoder")
def test_leaving_early_does_not_wait_for_what_hangs() -> None:
    start = time.monotonic()
    with ReaderPool(2, max_side=MAX_SIDE) as pool:
        next(pool.read([photo("a"), Photo("b", HEIC + b"hang"), Photo("c", HEIC + b"hang"), photo("d")]))
    assert time.monotonic() - start < 10


@linux_only
def test_nothing_is_left_after_the_end() -> None:
    files = len(list(Path("/proc/self/fd").iterdir()))
    before = children(os.getpid())
    for _ in range(3):
        read_all([photo("a"), photo("b")])
    assert children(os.getpid()) == before
    assert len(list(Path("/proc/self/fd").iterdir())) == files


def test_pixels_find_room_without_memory_files(monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(name: str, flags: int) -> int:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "memfd_create", forbidden, raising=False)
    assert read_all([photo("a")]) == ["a 48x32"]


def test_workers_that_cannot_be_started_end_the_run_with_a_message(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(FaceannotError, match=r"the reading process does not start \(exit code 1\)"):
        read_all([photo("a")])


SCRIPT = """
import sys
from pathlib import Path
from faceannot.inputs import Photo
from faceannot.readers import ReaderPool
content = Path(sys.argv[1]).read_bytes()
with ReaderPool(2, max_side=100) as pool:
    for photo, picture in pool.read([Photo("x", content)] * int(sys.argv[2])):
        print(picture.rgb.shape, flush=True)
"""


@pytest.fixture
def script(tmp_path: Path) -> Callable[[int], subprocess.Popen[str]]:
    """Runs a user's script, one that does not care about `__main__`, on so many photos."""
    (tmp_path / "script.py").write_text(SCRIPT)
    (tmp_path / "x.png").write_bytes(encoded(image(), "PNG"))

    def start(photos: int) -> subprocess.Popen[str]:
        command = [sys.executable, "-W", "error", str(tmp_path / "script.py"), str(tmp_path / "x.png"), str(photos)]
        return subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            env=os.environ | {"PYTHONPATH": str(Path(images.__file__).parents[1])},
        )

    return start


def test_a_script_needs_no_main_guard_and_hears_no_noise(script: Callable[[int], subprocess.Popen[str]]) -> None:
    output, noise = script(3).communicate(timeout=60)
    assert (output, noise) == ("(32, 48, 3)\n" * 3, "")


@linux_only
def test_a_caller_that_handles_ctrl_c_keeps_its_workers(
    script: Callable[[int], subprocess.Popen[str]], tmp_path: Path
) -> None:
    handling = "import signal; signal.signal(signal.SIGINT, lambda *_: None)"
    (tmp_path / "script.py").write_text(handling + SCRIPT)
    with script(1_000_000) as process:
        assert process.stdout is not None
        process.stdout.readline()
        workers = children(process.pid)
        os.killpg(process.pid, signal.SIGINT)
        for _ in range(30):
            process.stdout.readline()
        assert children(process.pid) == workers
        process.kill()


@linux_only
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_signal_to_the_whole_group_ends_the_workers_too(
    script: Callable[[int], subprocess.Popen[str]], number: signal.Signals
) -> None:
    with script(1_000_000) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        workers = children(process.pid)
        assert workers
        os.killpg(process.pid, number)
        noise = process.stderr.read()
        process.wait(timeout=20)
    assert noise.count("Traceback") == (1 if number == signal.SIGINT else 0)
    assert wait_for(lambda: not any(map(is_running, workers)))

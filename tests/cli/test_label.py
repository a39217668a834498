"""`faceannot label`: what it reads, what it writes and where, and the exit codes."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from tests import fakes
from tests.cli.running import environment, faceannot, shell

PHOTOS = ["a/x.png", "a/x.png", "b/x.png", "none.jpg"]


def rows(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode())))


def paths(data: bytes) -> list[str]:
    return [row["path"] for row in rows(data)]


def test_a_folder_becomes_a_table_and_a_summary(folder: Path, bundle: Path) -> None:
    run = faceannot("label", "photos", "--model", bundle, "--out", "labels.csv", cwd=folder)
    assert run.returncode == 0
    assert run.stdout == b""
    table = rows((folder / "labels.csv").read_bytes())
    assert [(row["path"], row["status"], row["label"]) for row in table] == [
        ("a/x.png", "ok", "HappyMale"),
        ("a/x.png", "ok", "SadFemale"),
        ("b/x.png", "ok", "HappyFemale"),
        ("none.jpg", "no_face", ""),
    ]
    summary = run.stderr.decode()
    assert "HappyFemale" in summary
    assert "without a face" in summary
    assert not (folder / "labels.csv.journal").exists()


def test_standard_output_carries_the_table_alone_and_is_the_default(folder: Path, bundle: Path) -> None:
    run = faceannot("label", "photos", "--model", bundle, cwd=folder)
    assert paths(run.stdout) == PHOTOS
    assert b"without a face" in run.stderr
    assert sorted(path.name for path in folder.iterdir()) == ["broken", "photos"]


def test_quiet_says_nothing(folder: Path, bundle: Path) -> None:
    run = faceannot("label", "photos", "--model", bundle, "--out", "-", "--quiet", cwd=folder)
    assert (run.returncode, run.stderr) == (0, b"")
    assert paths(run.stdout) == PHOTOS


def test_a_photo_that_cannot_be_read_gives_3_and_a_row_with_the_reason(folder: Path, bundle: Path) -> None:
    run = faceannot("label", "photos", "broken", "missing.jpg", "--model", bundle, cwd=folder)
    assert run.returncode == 3
    failed = [(row["path"], row["error"]) for row in rows(run.stdout) if row["status"] == "error"]
    assert [path for path, _ in failed] == ["broken/bad.jpg", "missing.jpg"]
    assert all(reason and reason.encode() in run.stderr for _, reason in failed)


def test_nothing_to_read_gives_1_and_leaves_no_file(folder: Path, bundle: Path) -> None:
    (folder / "empty").mkdir()
    run = faceannot("label", "empty", "--model", bundle, "--out", "labels.csv", "--crops", "crops", cwd=folder)
    assert run.returncode == 1
    assert run.stderr.startswith(b"faceannot: nothing to read")
    assert sorted(path.name for path in folder.iterdir()) == ["broken", "empty", "photos"]


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["photos", "--batch-size", "0"],
        ["photos", "--unsure-threshold", "2"],
        ["photos", "--format", "xlsx"],
        ["photos", "--out", "labels.docx"],
        ["photos", "--resume"],
        ["photos", "--out", "labels.csv", "--resume", "--overwrite"],
        ["photos", "--no-such-option"],
    ],
)
def test_wrong_usage_gives_2_and_leaves_no_file(folder: Path, bundle: Path, arguments: list[str]) -> None:
    run = faceannot("label", *arguments, "--model", bundle, cwd=folder)
    assert run.returncode == 2
    assert run.stderr
    assert run.stdout == b""
    assert sorted(path.name for path in folder.iterdir()) == ["broken", "photos"]


def test_an_unusable_model_gives_1_before_any_output_exists(folder: Path) -> None:
    run = faceannot("label", "photos", "--model", "photos", "--out", "labels.csv", cwd=folder)
    assert run.returncode == 1
    assert b"bundle.json: no such file" in run.stderr
    assert not (folder / "labels.csv").exists()


def test_an_output_that_exists_is_refused_unless_it_may_be_overwritten(folder: Path, bundle: Path) -> None:
    (folder / "labels.csv").write_text("precious")
    arguments = ("label", "photos", "--model", bundle, "--out", "labels.csv")
    refused = faceannot(*arguments, cwd=folder)
    assert refused.returncode == 1
    assert b"labels.csv exists already" in refused.stderr
    assert (folder / "labels.csv").read_text() == "precious"
    assert faceannot(*arguments, "--resume", cwd=folder).returncode == 1
    assert (folder / "labels.csv").read_text() == "precious"
    assert faceannot(*arguments, "--overwrite", cwd=folder).returncode == 0
    assert paths((folder / "labels.csv").read_bytes()) == PHOTOS


@pytest.mark.parametrize(
    ("argument", "out"),
    [("photos", "photos/none.jpg"), ("broken/bad.jpg", "broken/bad.jpg"), ("@list.txt", "list.txt")],
)
@pytest.mark.parametrize("option", ["--overwrite", "--resume"])
def test_an_input_is_never_replaced_by_the_table(
    folder: Path, bundle: Path, argument: str, out: str, option: str
) -> None:
    (folder / "list.txt").write_text("photos\n")
    before = (folder / out).read_bytes()
    run = faceannot("label", argument, "--model", bundle, "--out", out, "--format", "csv", option, cwd=folder)
    assert run.returncode == 2
    assert b"needs a file of its own" in run.stderr
    assert (folder / out).read_bytes() == before
    assert files(folder) == ["broken/bad.jpg", "list.txt", "photos/a/x.png", "photos/b/x.png", "photos/none.jpg"]


def test_an_output_folder_that_is_in_use_is_refused_unless_it_may_be_written_into(folder: Path, bundle: Path) -> None:
    fakes.save(fakes.photo(), folder / "out" / "mine.png")
    arguments = ("label", "photos", "--model", bundle, "--out", "labels.csv", "--annotated", "out")
    refused = faceannot(*arguments, cwd=folder)
    assert refused.returncode == 1
    assert b"out is not empty" in refused.stderr
    assert not (folder / "labels.csv").exists()
    assert faceannot(*arguments, "--overwrite", cwd=folder).returncode == 0
    assert (folder / "out" / "mine.png").exists()
    assert (folder / "out" / "a" / "x.png").exists()


@pytest.mark.parametrize("option", ["--overwrite", "--resume", "--quiet"])
@pytest.mark.parametrize("out", ["no/such/folder/labels.csv", "photos", "long" * 75])
def test_an_output_that_cannot_be_written_gives_1(folder: Path, bundle: Path, out: str, option: str) -> None:
    run = faceannot("label", "photos", "--model", bundle, "--out", out, "--format", "csv", option, cwd=folder)
    assert run.returncode == 1
    assert run.stderr.startswith(b"faceannot: ")
    assert b"Traceback" not in run.stderr
    assert sorted(path.name for path in folder.iterdir()) == ["broken", "photos"]


@pytest.mark.parametrize("suffix", ["csv", "json", "jsonl", "parquet"])
def test_each_format_follows_from_the_name_and_holds_the_same(folder: Path, bundle: Path, suffix: str) -> None:
    out = folder / f"labels.{suffix}"
    assert faceannot("label", "photos", "--model", bundle, "--out", out, cwd=folder).returncode == 0
    assert found_in(out, suffix) == PHOTOS


def found_in(out: Path, suffix: str) -> list[str]:
    if suffix == "csv":
        return paths(out.read_bytes())
    if suffix == "parquet":
        import pyarrow.parquet as pq

        column: list[str] = pq.read_table(out).column("path").to_pylist()
        return column
    if suffix == "json":
        photos = json.loads(out.read_bytes())["photos"]
    else:
        photos = [json.loads(line) for line in out.read_bytes().splitlines()]
    return [photo["path"] for photo in photos for _ in photo["faces"] or [None]]


def test_the_format_can_be_named(folder: Path, bundle: Path) -> None:
    run = faceannot("label", "photos/none.jpg", "--model", bundle, "--format", "jsonl", "-q", cwd=folder)
    assert json.loads(run.stdout)["status"] == "no_face"
    faceannot("label", "photos", "--model", bundle, "--out", "labels.csv", "--format", "jsonl", cwd=folder)
    assert found_in(folder / "labels.csv", "jsonl") == PHOTOS


def test_annotated_copies_and_crops_keep_the_structure(folder: Path, bundle: Path) -> None:
    run = faceannot("label", "photos", "--model", bundle, "--annotated", "out", "--crops", "crops", "-q", cwd=folder)
    assert (run.returncode, run.stderr) == (0, b"")
    assert files(folder / "out") == ["a/x.png", "b/x.png", "none.jpg"]
    assert files(folder / "crops") == ["a/x.png.1.png", "a/x.png.2.png", "b/x.png.1.png"]
    assert (folder / "out/a/x.png").read_bytes() != (folder / "photos/a/x.png").read_bytes()


def files(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_a_copy_that_cannot_be_written_gives_3_and_keeps_the_row(folder: Path, bundle: Path) -> None:
    arguments = ("--model", bundle, "--annotated", "out", "--out", "labels.csv", "--overwrite")
    (folder / "out" / "a" / "x.png").mkdir(parents=True)
    run = faceannot("label", "photos", *arguments, cwd=folder)
    assert run.returncode == 3
    assert b"x.png" in run.stderr
    assert paths((folder / "labels.csv").read_bytes()) == PHOTOS


def test_pictures_that_the_run_itself_writes_are_not_read(folder: Path, bundle: Path) -> None:
    arguments = ("label", "photos", "--model", bundle, "--annotated", "photos/out", "--crops", "photos/a/crops", "-q")
    assert paths(faceannot(*arguments, cwd=folder).stdout) == PHOTOS
    assert paths(faceannot(*arguments, "--overwrite", cwd=folder).stdout) == PHOTOS


def test_photos_of_ones_own_in_an_output_folder_are_read(folder: Path, bundle: Path) -> None:
    fakes.save(fakes.photo(), folder / "other" / "z.png")
    arguments = ("label", "photos", "other", "--model", bundle, "--annotated", "other", "--overwrite", "-q")
    for _ in range(2):  # the second time with copies there
        run = faceannot(*arguments, cwd=folder)
        assert run.returncode == 0
        assert paths(run.stdout) == [*(f"photos/{path}" for path in PHOTOS), "other/z.png"]


def test_subfolders_can_be_left_out(folder: Path, bundle: Path) -> None:
    run = faceannot("label", "photos", "--no-recursive", "--model", bundle, "-q", cwd=folder)
    assert paths(run.stdout) == ["none.jpg"]


def test_a_glob_a_list_and_standard_input_are_read(folder: Path, bundle: Path) -> None:
    (folder / "list.txt").write_text("photos/b/x.png\n")
    run = faceannot(
        "label", "photos/*/x.png", "@list.txt", "-", "--model", bundle, "-q", cwd=folder, input=b"photos/none.jpg\n"
    )
    assert paths(run.stdout) == [
        *["photos/a/x.png", "photos/a/x.png", "photos/b/x.png"],
        "photos/b/x.png",
        "photos/none.jpg",
    ]


def test_paths_may_end_in_nul_and_hold_anything(folder: Path, bundle: Path) -> None:
    names = [b"photos/new\nline.png", 'photos/\u05e9\u05dc\u05d5\u05dd, "x".png'.encode(), b"photos/not-utf8-\xff.png"]
    content = (folder / "photos/b/x.png").read_bytes()
    for name in names:
        (folder / os.fsdecode(name)).write_bytes(content)
    run = faceannot("label", "-", "-0", "--model", bundle, "-q", cwd=folder, input=b"\0".join(names) + b"\0")
    assert run.returncode == 0
    assert paths(run.stdout) == [names[0].decode(), names[1].decode(), r"photos/not-utf8-\xff.png"]


def test_a_reader_that_has_seen_enough_ends_the_run_quietly(folder: Path, bundle: Path) -> None:
    for number in range(60):
        fakes.save(fakes.photo((1, 1, fakes.SAD_MALE)), folder / "photos" / f"{number}.png")
    run = shell(
        f"find photos -name '*.png' -print0 | $faceannot label - -0 --model {bundle} --batch-size 1 | head -2", folder
    )
    assert run.stderr == b""
    assert run.returncode == 0
    assert len(run.stdout.splitlines()) == 2


def test_a_device_is_no_output_that_exists(folder: Path, bundle: Path) -> None:
    run = faceannot("label", "photos", "--model", bundle, "--out", "/dev/null", "--format", "csv", cwd=folder)
    assert run.returncode == 0


def test_the_limits_decide_which_faces_are_rows(folder: Path, bundle: Path) -> None:
    arguments = ("label", "photos/a/x.png", "--model", bundle, "-q")
    assert [row["status"] for row in rows(faceannot(*arguments, "--smallest-face", "40", cwd=folder).stdout)] == [
        "no_face"
    ]
    unsure = rows(faceannot(*arguments, "--unsure-threshold", "0.9999", cwd=folder).stdout)
    assert [row["unsure"] for row in unsure] == ["true", "true"]


def test_another_detector_can_be_used_and_has_to_be_one(folder: Path, bundle: Path) -> None:
    arguments = ("label", "photos/a/x.png", "--model", bundle, "-q")
    other = faceannot(*arguments, "--detector", bundle / "detector.onnx", cwd=folder)
    assert len(rows(other.stdout)) == 2
    none = faceannot(*arguments, "--detector", bundle / "classifier.onnx", cwd=folder)
    assert none.returncode == 1
    assert b"YuNet" in none.stderr


def test_a_photo_that_takes_too_long_is_given_up(folder: Path, bundle: Path) -> None:
    # Noise as WebP: about a second to decode, against milliseconds for the other.
    Image.effect_noise((3600, 3000), 80).convert("RGB").save(folder / "slow.webp", quality=90, method=0)
    arguments = ("label", "slow.webp", "photos/none.jpg", "--timeout", "0.25", "--model", bundle, "-q")
    run = faceannot(*arguments, cwd=folder)
    assert run.returncode == 3
    assert [row["error"] for row in rows(run.stdout)] == ["took longer than 0.25 seconds", ""]


def test_python_files_among_the_photos_are_not_run(folder: Path, bundle: Path) -> None:
    photos = folder / "photos"
    for name in ("json", "signal", "pickle", "struct"):
        (photos / f"{name}.py").write_text(f"open({str(folder / 'ran')!r}, 'w'); raise SystemExit(7)")
    script = "import sys; sys.path.pop(0); from faceannot.__main__ import main; main()"
    command = [sys.executable, "-c", script, "label", ".", "--model", str(bundle), "--out", "../rows.csv"]
    command += ["--annotated", "../out"]
    done = subprocess.run(command, cwd=photos, env=environment(), capture_output=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert not (folder / "ran").exists()
    assert len(list((folder / "out").rglob("x*"))) == 2


def test_the_result_does_not_depend_on_threads_and_batches(folder: Path, bundle: Path) -> None:
    arguments = ("label", "photos", "--model", bundle, "-q")
    one = faceannot(*arguments, "--threads", "1", "--batch-size", "1", cwd=folder)
    many = faceannot(*arguments, "--threads", "5", "--batch-size", "100", cwd=folder)
    assert (one.returncode, many.returncode) == (0, 0)
    assert paths(one.stdout) == PHOTOS
    assert one.stdout == many.stdout

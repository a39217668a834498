"""From arguments to photos: folders, globs, lists and standard input, in a stable order."""

from __future__ import annotations

import io
import itertools
import os
import sys
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest

from faceannot.errors import InputError
from faceannot.inputs import Photo, find_photos, is_photo_name


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with photos in two of its subfolders."""
    for name in (
        "a/x.jpg",
        "a/deep/down/y.PNG",
        "a/b.jpg",
        "a/notes.txt",
        "a/.hidden.jpg",
        "a/.trash/z.jpg",
        "b/x.jpg",
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def names(*arguments: str, **options: bool | io.BytesIO) -> list[str]:
    photos = list(find_photos(arguments, **options))  # type: ignore[arg-type]
    return [photo.name for photo in photos]


def test_a_folder_gives_its_photos_sorted_and_named_relative_to_it(folder: Path) -> None:
    assert names("a") == ["b.jpg", "deep/down/y.PNG", "x.jpg"]
    assert names(str(folder / "a") + "/") == ["b.jpg", "deep/down/y.PNG", "x.jpg"]


def test_the_source_is_the_file_whatever_the_name_says(folder: Path) -> None:
    assert [photo.source for photo in find_photos(["b"])] == [Path("b/x.jpg")]


def test_names_of_several_folders_begin_with_the_folder(folder: Path) -> None:
    assert names("a", "./b") == ["a/b.jpg", "a/deep/down/y.PNG", "a/x.jpg", "./b/x.jpg"]
    assert names("a/x.jpg", "b/") == ["a/x.jpg", "b/x.jpg"]


def test_subfolders_can_be_left_out(folder: Path) -> None:
    assert names("a", recursive=False) == ["b.jpg", "x.jpg"]


def test_hidden_files_and_folders_are_left_out_unless_named(folder: Path) -> None:
    assert names("a/.hidden.jpg") == ["a/.hidden.jpg"]
    assert names("a/.trash") == ["z.jpg"]


def test_a_named_file_is_a_photo_whatever_its_suffix(folder: Path) -> None:
    assert names("a/notes.txt") == ["a/notes.txt"]


def test_a_named_file_that_does_not_exist_is_still_given(folder: Path) -> None:
    assert list(find_photos(["nowhere/x.jpg"])) == [Photo("nowhere/x.jpg", Path("nowhere/x.jpg"))]


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("a/*.jpg", ["a/b.jpg", "a/x.jpg"]),
        ("*/x.jpg", ["a/x.jpg", "b/x.jpg"]),
        ("./*/x.jpg", ["./a/x.jpg", "./b/x.jpg"]),
        ("a/[bc].jp?", ["a/b.jpg"]),
        ("a/*", ["a/b.jpg", "a/deep/down/y.PNG", "a/x.jpg"]),
        ("a/*.txt", ["a/notes.txt"]),
        ("**/x.jpg", ["a/x.jpg", "b/x.jpg"]),
        ("a/**/*.PNG", ["a/deep/down/y.PNG"]),
        ("a/**", ["a/b.jpg", "a/deep/down/y.PNG", "a/x.jpg"]),
        ("**/down/*", ["a/deep/down/y.PNG"]),
    ],
)
def test_a_glob_gives_what_matches(folder: Path, pattern: str, found: list[str]) -> None:
    assert names(pattern) == found


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("[ab]", ["a/b.jpg", "a/deep/down/y.PNG", "a/x.jpg", "b/x.jpg"]),
        ("?/", ["a/b.jpg", "a/deep/down/y.PNG", "a/x.jpg", "b/x.jpg"]),
        ("./d*p", ["./d.p/x.jpg"]),
        ("a/d*/d*", ["a/deep/down/y.PNG"]),
        ("**/d*", ["a/deep/down/y.PNG", "d.p/x.jpg"]),
    ],
)
def test_folders_that_a_glob_matches_are_walked_each_photo_once(folder: Path, pattern: str, found: list[str]) -> None:
    (folder / "d.p").mkdir()
    (folder / "d.p" / "x.jpg").touch()
    (folder / "d.p" / "notes.txt").touch()
    assert names(pattern) == found


def test_folders_that_a_glob_matches_may_be_walked_without_their_subfolders(folder: Path) -> None:
    assert names("[ab]", recursive=False) == ["a/b.jpg", "a/x.jpg", "b/x.jpg"]
    assert names("a/d*/d*", recursive=False) == ["a/deep/down/y.PNG"]
    assert names("a/**", recursive=False) == ["a/b.jpg", "a/deep/down/y.PNG", "a/x.jpg"]


def test_a_glob_looks_only_where_it_can_match(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scandir, listed = os.scandir, []

    def noting(path: str) -> Iterator[os.DirEntry[str]]:
        listed.append(path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", noting)
    assert names("*/d*/*/*.PNG") == ["a/deep/down/y.PNG"]
    assert listed == [".", "./a", "./a/deep", "./a/deep/down", "./b"]


def test_a_glob_may_be_absolute(folder: Path) -> None:
    assert names(f"{folder}/b/*.jpg") == [f"{folder}/b/x.jpg"]


def test_a_glob_that_matches_only_empty_folders_has_matched(folder: Path) -> None:
    (folder / "empty").mkdir()
    with pytest.raises(InputError, match="nothing to read"):
        names("emp*")


def test_a_glob_without_a_match_is_given_as_a_photo_that_will_fail(folder: Path) -> None:
    assert names("a/*.gif") == ["a/*.gif"]


def test_a_file_whose_name_looks_like_a_glob_is_that_file(folder: Path) -> None:
    (folder / "IMG[1].jpg").touch()
    (folder / "IMG1.jpg").touch()
    assert names("IMG[1].jpg") == ["IMG[1].jpg"]


def test_a_folder_whose_name_looks_like_a_glob_is_that_folder(folder: Path) -> None:
    (folder / "2020 [best]").mkdir()
    (folder / "2020 [best]" / "x.jpg").touch()
    assert names("2020 [best]") == ["x.jpg"]


def test_a_list_names_photos_and_folders_one_a_line(folder: Path) -> None:
    (folder / "list.txt").write_bytes(b"\xef\xbb\xbfa/x.jpg\r\n\nnone.jpg\nb\n*.jpg")
    assert names("@list.txt") == ["a/x.jpg", "none.jpg", "b/x.jpg", "*.jpg"]


def test_standard_input_names_photos_one_a_line(folder: Path) -> None:
    assert names("-", stdin=io.BytesIO(b"a/x.jpg\nspaces in it .jpg\n")) == ["a/x.jpg", "spaces in it .jpg"]


def test_standard_input_may_be_separated_by_nul(folder: Path) -> None:
    assert names("-", nul=True, stdin=io.BytesIO(b"a/x.jpg\0new\nline.jpg\0")) == ["a/x.jpg", "new\nline.jpg"]


def test_what_is_not_separated_as_said_is_refused(folder: Path) -> None:
    with pytest.raises(InputError, match="option -0"):
        names("-", stdin=io.BytesIO(b"a/x.jpg\0b.jpg\0"))


def test_a_photo_in_place_of_a_list_is_refused(folder: Path) -> None:
    with pytest.raises(InputError, match="standard input is not a list of paths"):
        names("-", stdin=io.BytesIO(b"\xff\xd8\xff" + b"x" * 1_000_000))


def test_a_list_in_utf_16_is_refused(folder: Path) -> None:
    (folder / "list.txt").write_text("a/x.jpg\n", encoding="utf-16")
    with pytest.raises(InputError, match="save it as UTF-8"):
        names("@list.txt")


def test_a_list_that_is_not_there_is_refused_before_the_first_photo(folder: Path) -> None:
    with pytest.raises(InputError, match=r"the list 'none\.txt' cannot be read: No such file"):
        find_photos(["a", "@none.txt"])


@pytest.mark.parametrize("arguments", [[], ["empty"], ["@empty.txt"]])
def test_nothing_to_read_at_all_is_an_error(folder: Path, arguments: list[str]) -> None:
    (folder / "empty").mkdir()
    (folder / "empty.txt").touch()
    with pytest.raises(InputError, match="nothing to read"):
        names(*arguments)


@pytest.mark.parametrize("arguments", [[""], ["a", ""]])
def test_an_empty_path_is_refused_before_the_first_photo(folder: Path, arguments: list[str]) -> None:
    with pytest.raises(InputError, match="a path is empty"):
        find_photos(arguments)
    with pytest.raises(InputError, match="a path is empty"):
        list(find_photos(iter(arguments)))


def test_names_that_are_not_utf_8_survive(folder: Path) -> None:
    name = os.fsdecode(b"caf\xe9.jpg")
    (folder / "b" / name).touch()
    assert names("b") == [name, "x.jpg"]
    (photo,) = find_photos(["-"], stdin=io.BytesIO(b"b/caf\xe9.jpg\n"))
    assert os.fsencode(photo.name) == b"b/caf\xe9.jpg"
    assert isinstance(photo.source, Path)
    assert photo.source.exists()


def test_loops_of_links_end_and_each_folder_is_visited_once(folder: Path) -> None:
    (folder / "a" / "loop").symlink_to("..")
    (folder / "a" / "self.jpg").symlink_to("self.jpg")
    (folder / "a" / "twice").symlink_to("deep")
    found = names("a")
    assert found == ["b.jpg", "deep/down/y.PNG", "loop/b/x.jpg", "self.jpg", "x.jpg"]
    assert names("a/**/y.PNG") == ["a/deep/down/y.PNG"]


def test_a_link_to_a_photo_or_a_folder_is_followed(folder: Path) -> None:
    (folder / "album").mkdir()
    (folder / "album" / "link.jpg").symlink_to("../a/x.jpg")
    (folder / "album" / "more").symlink_to("../b")
    assert names("album") == ["link.jpg", "more/x.jpg"]


def test_a_folder_that_cannot_be_listed_is_given_so_that_its_row_says_why(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scandir = os.scandir

    def forbidding(path: str) -> Iterator[os.DirEntry[str]]:
        if path.endswith("deep"):
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", forbidding)
    assert names("a") == ["b.jpg", "deep", "x.jpg"]


def test_photos_come_while_standard_input_is_still_open(folder: Path) -> None:
    reading, writing = os.pipe()
    with open(reading, "rb") as stream, open(writing, "wb", buffering=0) as feed:  # noqa: PTH123
        photos = find_photos(["-"], stdin=stream)
        feed.write(b"one.jpg\ntwo.j")
        assert next(photos).name == "one.jpg"
        feed.write(b"pg\n")
        assert next(photos).name == "two.jpg"


def test_folders_are_walked_as_photos_are_asked_for(folder: Path) -> None:
    photos = find_photos(["a", "b"])
    assert next(photos).name == "a/b.jpg"
    (folder / "b" / "late.jpg").touch()
    assert "b/late.jpg" in [photo.name for photo in photos]


def test_arguments_are_asked_for_as_they_are_needed(folder: Path) -> None:
    photos = find_photos(f"{number}.jpg" for number in itertools.count())
    assert [next(photos).name for _ in range(5)] == ["0.jpg", "1.jpg", "2.jpg", "3.jpg", "4.jpg"]


class _ManyPaths(io.RawIOBase):
    """A stream of many paths that are made as they are read."""

    def __init__(self, count: int) -> None:
        self._lines = (b"/none/%09d.jpg\n" % number for number in range(count))

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        return b"".join(itertools.islice(self._lines, max(1, size // 20)))


def peak_memory(count: int) -> int:
    """Bytes in use at most while `count` paths are gone through."""
    photos = find_photos(["-"], stdin=_ManyPaths(count))  # type: ignore[arg-type]
    tracemalloc.start()
    assert sum(1 for _ in photos) == count
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak


def test_memory_stays_the_same_over_many_paths() -> None:
    # 2.2 MB by itself, 8.5 beside what the tests of training leave behind; holding the photos would take 40.
    assert peak_memory(100_000) < 16_000_000


def test_the_suffix_decides_in_any_case() -> None:
    assert all(map(is_photo_name, ["a.jpg", "a.JPEG", "b.Heic", "c.tif", "d.webp", "e.avif", "f.gif", "g.bmp"]))
    assert not any(map(is_photo_name, ["jpg", ".jpg", "a.jpg.txt", "a.mp4", "a"]))


def test_standard_input_of_the_process_is_the_default(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"a/x.jpg\n")))
    assert names("-") == ["a/x.jpg"]

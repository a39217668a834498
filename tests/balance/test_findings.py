"""What a report says first, and the limits it breaks."""

from __future__ import annotations

from faceannot.balance.entries import Collection
from faceannot.balance.findings import broken_limits, findings
from faceannot.balance.report import Report, make_report
from tests.balance.making import encoded, entries, entry, scene
from tests.balance.reports import faulty_report


def texts(report: Report, what: str) -> list[str]:
    return [finding.text for finding in findings(report) if finding.what == what]


def counted(*faces: list) -> Report:
    return make_report(Collection(tuple(face for some in faces for face in some)), threads=None)


def test_empty_classes_come_first_and_are_named_where_they_are_empty() -> None:
    report = faulty_report()
    assert findings(report)[0].text == "no face at all is SadFemale"
    assert "split test: none of 1 faces is female" in texts(report, "empty")


def test_leaks_of_copies_and_of_people_are_told_with_their_numbers() -> None:
    assert texts(faulty_report(), "leak") == [
        "1 of 2 test pictures: identical files in train (1 group)",
        "1 of 2 test pictures: near copies in train (1 group)",
        "1 of 2 test pictures: a person who is also in train (1 person)",
    ]


def test_contradictions_are_told() -> None:
    found = texts(faulty_report(), "contradiction")
    assert "different gender in 1 group of identical files" in found
    assert "both genders for 1 person" in found


def test_contradictions_between_sources_are_told_apart() -> None:
    entries_of_two = [
        entry("a", encoded(scene(1)), source="folders", gender="male"),
        entry("a", encoded(scene(1)), source="celeba", gender="female"),
    ]
    report = make_report(Collection(tuple(entries_of_two)), threads=1)
    assert "different gender in 1 group of identical files, 1 between sources" in texts(report, "contradiction")


def test_what_was_left_out_or_could_not_be_read_is_told() -> None:
    report = faulty_report()
    assert texts(report, "unread") == ["1 picture that could not be read or compared"]
    assert texts(report, "skipped") == ["1 warning of what was left out while reading"]


def test_balanced_data_have_no_finding_but_what_is_not_labelled() -> None:
    report = counted(entries(3, gender="male", emotion="happy"), entries(3, gender="male", emotion="sad"))
    balanced = counted(entries(3, gender="male"), entries(3, gender="female"))
    assert texts(report, "empty")
    assert {finding.what for finding in findings(balanced)} == {"unlabelled"}


def test_no_face_at_all_is_told() -> None:
    assert [finding.text for finding in findings(counted())] == ["there is not a single face"]


def test_a_ratio_above_its_limit_is_named_with_its_place() -> None:
    report = counted(
        entries(6, gender="male", split="train"),
        entries(2, gender="female", split="train"),
        entries(2, gender="male", split="test"),
        entries(2, gender="female", split="test"),
    )
    assert broken_limits(report, {"gender": 2.5}, fail_on_leak=False) == (
        "gender in train: ratio 3.0, 6 male to 2 female, above 2.5",
    )
    assert broken_limits(report, {"gender": 3.0, "emotion": 1.0}, fail_on_leak=False) == ()


def test_an_empty_class_is_above_every_limit() -> None:
    (broken,) = broken_limits(counted(entries(2, gender="male")), {"gender": 1e9}, fail_on_leak=False)
    assert "no female at all" in broken


def test_leaks_break_a_limit_only_where_that_was_asked_for() -> None:
    report = faulty_report()
    assert broken_limits(report, {}, fail_on_leak=False) == ()
    broken = broken_limits(report, {}, fail_on_leak=True)
    assert any("copy.png (test)" in text and "identical files in train" in text for text in broken)
    assert any("1 picture not compared, such as broken.png" in text for text in broken)


def test_copies_within_a_split_break_no_limit() -> None:
    twice = [entry(f"{n}.png", encoded(scene(1)), split="train") for n in range(2)]
    report = make_report(Collection(tuple(twice)), threads=1)
    assert broken_limits(report, {}, fail_on_leak=True) == ()

"""Which pictures are shown."""

from __future__ import annotations

from faceannot.balance.evidence import GROUPS_SHOWN, MEMBERS_SHOWN, evidence
from faceannot.balance.groups import examine
from tests.balance.making import entry


def test_of_a_large_group_the_members_that_differ_are_shown() -> None:
    faces = [entry(str(n), gender="male", split="train") for n in range(50)]
    faces.append(entry("other", gender="female", split="train"))
    grouping = examine("people", [tuple(range(51))], faces, ("gender",))
    ((_, _, (members,)),) = evidence([grouping], faces)
    assert members[:2] == (0, 50)
    assert len(members) == MEMBERS_SHOWN


def test_a_group_is_shown_once_though_two_groupings_have_it() -> None:
    faces = [entry("a", split="train"), entry("b", split="test")]
    groupings = [examine("identical", [(0, 1)], faces), examine("near", [(0, 1)], faces)]
    assert [(grouping.kind, groups) for grouping, _, groups in evidence(groupings, faces)] == [("identical", ((0, 1),))]


def test_of_many_groups_some_are_shown_and_their_number_is_said() -> None:
    faces = [entry(str(n), split=("train", "test")[n % 2]) for n in range(40)]
    grouping = examine("identical", [(n, n + 1) for n in range(0, 40, 2)], faces)
    _, heading, groups = next(evidence([grouping], faces))
    assert (heading, len(groups)) == ("in train and test (6 of 20)", GROUPS_SHOWN)

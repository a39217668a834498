"""Recipes: what is read, what is refused and how, and what `--set` changes."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from faceannot.errors import UsageError
from faceannot.training.recipe import Recipe, parse
from faceannot.training.recipe_files import changed, open_recipe, read_recipe, shipped, toml

PUBLISHED = [name for name in shipped() if not name.startswith("bundled-")]
START: dict[str, Any] = {"name": "mine", "approach": "None.", "steps": [{"name": "one", "head": "gender"}]}


def set_to(name: str, *settings: str) -> Recipe:
    file = changed(open_recipe(name), settings)
    return parse(file.table, file.origin)


@pytest.mark.parametrize("name", PUBLISHED)
def test_each_shipped_recipe_is_whole_and_says_its_approach(name: str) -> None:
    recipe = set_to(name)
    assert recipe.name == name
    assert recipe.approach.endswith(".")


def test_the_published_recipes_are_those_of_the_issue() -> None:
    combined = {
        f"combined-{way}" for way in ("simple", "early-stopping", "class-weights", "undersampling", "oversampling")
    }
    assert set(PUBLISHED) == combined | {"gender-cnn", "emotion-cnn", "cross-label", "transfer", "multitask"}


@pytest.mark.parametrize("name", shipped())
def test_what_is_written_reads_as_the_same(name: str) -> None:
    table = open_recipe(name).table
    assert tomllib.loads(toml(table)) == table


def test_a_step_takes_the_schedule_and_may_change_it() -> None:
    emotion, unified = set_to("transfer").steps
    assert emotion.schedule.learning_rate == 1e-3
    assert unified.schedule.learning_rate == 3e-4
    assert unified.schedule.epochs == emotion.schedule.epochs == 10


def test_a_key_alone_is_set_wherever_it_is() -> None:
    recipe = set_to("combined-early-stopping", "epochs=3")
    assert [step.schedule.epochs for step in recipe.steps] == [3, 3]


def test_a_place_is_set_alone() -> None:
    recipe = set_to("cross-label", "steps.unified.epochs=3", "augmentation.blur=0.5", "network.backbone=residual")
    assert [step.schedule.epochs for step in recipe.steps] == [10, 10, 3]
    assert recipe.augmentation["blur"] == 0.5
    assert recipe.network.backbone == "residual"


def test_a_key_that_the_recipe_does_not_have_goes_into_its_section() -> None:
    assert set_to("gender-cnn", "early_stopping=4").schedule.early_stopping == 4


def test_stages_of_the_bundled_recipes_are_counted_from_one() -> None:
    shipped_file = open_recipe("bundled-classifier")
    first, _, *others = [stage["schedule"]["epochs"] for stage in shipped_file.table["stages"]]
    table = changed(shipped_file, ["stages.2.schedule.epochs=1"]).table
    assert [stage["schedule"]["epochs"] for stage in table["stages"]] == [first, 1, *others]


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("epochs", "KEY=VALUE"),
        ("nonsense=1", "nonsense"),
        ("steps.other.epochs=1", "emotion, unified"),
        ("steps.epochs=1", "steps.emotion.epochs"),
        ("name.x=1", "not a section"),
        ("schedule.epoch=1", "schedule.epoch: no such key; there are batch"),
        ("epochs=0", "schedule.epochs: expected a number from 1"),
        ("epochs=many", "expected a whole number"),
        ("mixed_precision=1", "expected true or false"),
        ("backbone=VGG19", "VGG16"),
        ("widths=[]", "expected a list"),
        ("augmentation.colour=1", "rotation_degrees"),
        ("steps.unified.labelled_by=['later']", "no earlier step; there are emotion"),
        ("steps.unified.head=faces", "multitask"),
        ("steps.unified.name=a/b", "letters, digits and hyphens"),
    ],
)
def test_a_setting_that_cannot_be_meant_is_refused_in_words(setting: str, words: str) -> None:
    with pytest.raises(UsageError) as raised:
        set_to("transfer", setting)
    assert words in str(raised.value)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"stepz": []}, "stepz: no such key"),
        ({"steps": []}, "[[steps]]"),
        ({"approach": 3}, "approach: expected a text"),
        ({"network": 3}, "network: expected a table"),
        ({"network": {"backbone": "residual", "widths": [8, 8]}}, "network.blocks"),
        ({"steps": [{"name": "one"}]}, "steps.1.head: missing"),
        ({"steps": [{"name": "one", "head": "gender"}] * 2}, "name of its own"),
        ({"steps": [{"name": "one", "head": "multitask", "balance": "oversampling"}]}, "balance"),
        ({"steps": [{"name": "one", "head": "gender", "label_smoothing": 0.1}]}, "label_smoothing"),
    ],
)
def test_a_file_that_cannot_be_followed_is_named_with_the_key(change: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError) as raised:
        parse({**START, **change}, "mine.toml")
    assert "mine.toml: " in str(raised.value)
    assert words in str(raised.value)


def test_an_unknown_recipe_is_answered_with_the_list() -> None:
    with pytest.raises(UsageError, match="gender-cnn, multitask"):
        open_recipe("gendercnn")


def test_a_file_that_is_no_toml_is_named(tmp_path: Path) -> None:
    (tmp_path / "my.toml").write_text("name = ")
    for name, words in (("my.toml", "not valid TOML"), ("none.toml", "no such file")):
        with pytest.raises(UsageError, match=words):
            read_recipe(tmp_path / name)


GOOD = 'name = "m"\napproach = "a."\n[[steps]]\nname = "one"\nhead = "gender"\n'
HOSTILE = {
    "deep lists": (f"a = {'[' * 5000}{']' * 5000}", "too deep"),
    "lists that never end": (f"a = {'[' * 500_000}", "too deep"),
    "deep tables": (f"{'.'.join(['a'] * 5000)} = 1", "too deep"),
    "deep headers": (f"[{'.'.join(['a'] * 5000)}]", "too deep"),
    "30 levels": (f"[{'.'.join(['a'] * 30)}]", "too deep"),
    "5,000 digits": (f"{GOOD}[schedule]\nseed = {'9' * 5000}", "not valid TOML"),
    "400 digits": (f"{GOOD}[schedule]\nseed = {'9' * 400}", "schedule.seed: expected a number from 0"),
    "many hexadecimal digits": (f"{GOOD}[schedule]\nseed = 0x{'f' * 300}", "schedule.seed: expected a number from 0"),
    "a rate of 400 digits": (
        f"{GOOD}[schedule]\nlearning_rate = {'9' * 400}",
        "schedule.learning_rate: expected a number",
    ),
    "an endless rate": (f"{GOOD}[schedule]\nlearning_rate = inf", "schedule.learning_rate: expected a number from"),
    "no rate": (f"{GOOD}[schedule]\nlearning_rate = nan", "schedule.learning_rate: expected a number from"),
    "a date": (f"{GOOD}[schedule]\nseed = 2020-01-01", "schedule.seed: expected a whole number"),
    "a NUL byte": (f'{GOOD}x = "\0"', "not valid TOML"),
    "a key twice": (f'name = "x"\n{GOOD}', "not valid TOML"),
    "a section twice": (f"{GOOD}[network]\n[network]", "not valid TOML"),
    "ten megabytes": (f"{GOOD}x = '{'a' * 10_000_000}'", "larger than 1,000,000 bytes"),
    "a long key": (f"{'a' * 500_000} = 1", "aaa...: no such key"),
    "a long value": (f"{GOOD}[network]\nbackbone = '{'a' * 500_000}'", "network.backbone: expected one of"),
    "a long list": (f"{GOOD}[network]\nwidths = [{'8,' * 100_000}]", "network.widths: expected a list of at most 100"),
    "lists in a list": (f"{GOOD}[network]\nwidths = [[1], [2]]", "network.widths: expected a whole number"),
    "a list for a word": (f"{GOOD}[network]\nbackbone = [1]", "network.backbone: expected one of"),
    "a table for a word": (f"{GOOD}[network.backbone]\na = 1", "network.backbone: expected one of"),
    "an escape sequence": (f'{GOOD}"\\u001b[31mx" = 1', "no such key"),
    "one table of steps": ("name = 'a'\napproach = 'b'\n[steps]\na = 1", "[[steps]]"),
    "mixed steps": ("name = 'a'\napproach = 'b'\nsteps = [1, {a = 2}]", "steps.1: expected [[steps]]"),
    "steps in steps": ("name = 'a'\napproach = 'b'\nsteps = [[{a = 1}]]", "steps.1: expected [[steps]]"),
    "a list of strengths": (f"augmentation = [1]\n{GOOD}", "augmentation: expected a table"),
}


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("settings", [(), ("schedule.epochs=3",)])
def test_a_crafted_file_is_refused_with_its_name_and_key(tmp_path: Path, name: str, settings: tuple[str, ...]) -> None:
    text, words = HOSTILE[name]
    (tmp_path / "my.toml").write_text(text, encoding="utf-8")
    with pytest.raises(UsageError) as raised:
        file = changed(read_recipe(tmp_path / "my.toml"), settings)
        parse(file.table, file.origin)
    assert str(raised.value).startswith(f"{tmp_path / 'my.toml'}: ")
    assert words in str(raised.value)
    assert len(str(raised.value)) < 600
    assert str(raised.value).isprintable()


@pytest.mark.parametrize(
    "setting",
    [
        f"seed={'9' * 5000}",
        f"learning_rate={'9' * 400}",
        f"widths={'[' * 100_000}",
        f"{'.'.join(['a'] * 50_000)}=1",
        "epochs=3\nbatch=4",
    ],
)
def test_a_crafted_setting_is_refused_in_short(setting: str) -> None:
    with pytest.raises(UsageError) as raised:
        set_to("gender-cnn", setting)
    assert len(str(raised.value)) < 600


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    (tmp_path / "my.toml").write_bytes(b"name = '\xff'")
    with pytest.raises(UsageError, match=r"my\.toml: not valid TOML"):
        read_recipe(tmp_path / "my.toml")


def test_a_recipe_without_an_end_is_not_read_to_it() -> None:
    with pytest.raises(UsageError, match="larger than 1,000,000 bytes"):
        read_recipe(Path("/dev/zero"))

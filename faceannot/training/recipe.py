"""What a recipe says, typed and checked: pictures, network, augmentation, schedule and the steps of a training."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, Literal

from faceannot.errors import UsageError
from faceannot.training.typed import needed, only, section, value

Backbone = Literal[
    "small-cnn",
    "residual",
    "VGG16",
    "ResNet50",
    "InceptionV3",
    "MobileNetV3Small",
    "MobileNetV3Large",
    "EfficientNetB0",
]
HeadName = Literal["gender", "emotion", "label", "multitask"]
Balance = Literal["none", "class-weights", "undersampling", "oversampling"]
# What an added label may be: which heads say it.
LABELLERS: dict[str, tuple[str, ...]] = {
    "gender": ("gender",),
    "emotion": ("emotion",),
    "label": ("gender", "emotion"),
    "multitask": ("gender", "emotion"),
}


@dataclass(frozen=True, slots=True)
class Pictures:
    """`side_px` of the crops; `validation`: share kept apart from sources that have no validation part, 0..1."""

    side_px: int = 64
    validation: float = 0.2


@dataclass(frozen=True, slots=True)
class Network:
    """The backbone and its options; `widths` and `blocks` are of `small-cnn` and `residual` alone.

    `dense`: units of a layer before the head, 0 for none. `weights`: `imagenet` for networks of keras.applications.
    """

    backbone: Backbone = "small-cnn"
    widths: tuple[int, ...] = (32, 64, 128)
    blocks: tuple[int, ...] = (1, 1, 1)
    dense: int = 128
    dropout: float = 0.0
    weights: Literal["none", "imagenet"] = "none"


@dataclass(frozen=True, slots=True)
class TrainingSchedule:
    """How a step is trained: every example once an epoch.

    `decay` of the learning rate: `cosine` warms up and ends at 0. `early_stopping`: epochs without a better validation
    loss after which a step ends, with the weights of its best epoch; 0 trains to the end and keeps the last.
    `mixed_precision`: compute in bfloat16, keep weights in float32.
    """

    epochs: int = 10
    batch: int = 32
    optimiser: Literal["adam", "adamw", "sgd", "rmsprop"] = "adam"
    learning_rate: float = 1e-3
    decay: Literal["none", "cosine"] = "none"
    weight_decay: float = 0.0
    label_smoothing: float = 0.0
    early_stopping: int = 0
    mixed_precision: bool = False
    seed: int = 1


@dataclass(frozen=True, slots=True)
class Step:
    """One model that is trained on the way; the last step's is the result.

    `learns_from`: examples that people gave this label (`any`: either). `labelled_by`: earlier steps that add the
    labels which an example lacks; what they add with less than `confidence` is left out. `start_from`: the earlier step
    whose backbone it takes, as it is if `frozen`. `balance`: how it makes up for classes of unlike size.
    """

    name: str
    head: HeadName
    learns_from: Literal["gender", "emotion", "label", "any"] = "any"
    labelled_by: tuple[str, ...] = ()
    confidence: float = 0.0
    start_from: str = ""
    frozen: bool = False
    balance: Balance = "none"
    schedule: TrainingSchedule = field(default_factory=TrainingSchedule)


@dataclass(frozen=True, slots=True)
class Recipe:
    """A whole recipe; `augmentation`: strengths by name, those that are not named are 0."""

    name: str
    approach: str
    pictures: Pictures
    network: Network
    augmentation: Mapping[str, float]
    schedule: TrainingSchedule
    steps: tuple[Step, ...]

    def step(self, name: str) -> Step:
        return next(step for step in self.steps if step.name == name)


SECTIONS: dict[str, type] = {"pictures": Pictures, "network": Network, "schedule": TrainingSchedule}


def parse(table: Mapping[str, Any], origin: str) -> Recipe:
    """The recipe that a TOML file's `table` says. Raises `UsageError` naming `origin`, its file, and the key."""
    only(table, {"name", "approach", "augmentation", "steps", *SECTIONS}, f"{origin}: ")
    name, approach = (value(needed(table, key, f"{origin}: "), str, f"{origin}: {key}") for key in ("name", "approach"))
    parts = {key: section(kind, table.get(key, {}), f"{origin}: {key}.") for key, kind in SECTIONS.items()}
    steps = table.get("steps")
    if not isinstance(steps, list) or not steps:
        raise UsageError(f"{origin}: it has no [[steps]]; each is a model to train")
    made = tuple(_step(step, parts["schedule"], f"{origin}: steps.{n}.") for n, step in enumerate(steps, start=1))
    _check_steps(made, f"{origin}: steps.")
    augmentation = _augmentation(table.get("augmentation", {}), f"{origin}: augmentation.")
    recipe = Recipe(name, approach, augmentation=augmentation, steps=made, **parts)
    if recipe.network.backbone == "residual" and len(recipe.network.widths) != len(recipe.network.blocks):
        raise UsageError(f"{origin}: network.blocks: as many numbers are needed as in network.widths")
    return recipe


def _step(table: Any, usual: TrainingSchedule, where: str) -> Step:
    if not isinstance(table, dict):
        raise UsageError(f"{where.rstrip('.')}: expected [[steps]] with keys and values")
    own = {part.name for part in fields(Step)} - {"schedule"}
    of_schedule = {part.name for part in fields(TrainingSchedule)}
    only(table, own | of_schedule, where)
    for key in ("name", "head"):
        needed(table, key, where)
    changes = section(TrainingSchedule, {key: table[key] for key in table.keys() & of_schedule}, where)
    step: Step = section(Step, {key: table[key] for key in table.keys() & own}, where)
    changed = {key: getattr(changes, key) for key in table.keys() & of_schedule}
    return replace(step, schedule=replace(usual, **changed))


def _check_steps(steps: tuple[Step, ...], where: str) -> None:
    earlier: dict[str, Step] = {}
    for step in steps:
        here = f"{where}{step.name}."
        if not step.name.replace("-", "").isalnum() or step.name in earlier:
            raise UsageError(f"{here}name: each step needs a name of its own, of letters, digits and hyphens")
        for key, named in [("labelled_by", name) for name in step.labelled_by] + [("start_from", step.start_from)]:
            if named and named not in earlier:
                known = ", ".join(earlier) or "none"
                raise UsageError(f"{here}{key}: {named} is no earlier step; there are {known}")
        if step.balance != "none" and step.head == "multitask":
            raise UsageError(f"{here}balance: multitask has no single class to balance; use none")
        if step.schedule.label_smoothing and step.head in ("gender", "emotion"):
            raise UsageError(f"{here}label_smoothing: only the heads label and multitask know it")
        earlier[step.name] = step


def _augmentation(table: Any, where: str) -> dict[str, float]:
    from faceannot.training.augmentation import Strength

    strength = section(Strength, table, where)
    return {key: getattr(strength, key) for key in table}

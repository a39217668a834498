"""What a recipe with `[[stages]]` says, typed and checked: the form of the bundled models' recipes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, get_type_hints

from faceannot.errors import UsageError
from faceannot.training.augmentation import Strength
from faceannot.training.typed import needed, only, section, value

# Strides of the detector go up to this.
_CANVAS_STEP_PX = 32


@dataclass(frozen=True, slots=True)
class Schedule:
    """One training: `epochs` of `steps` batches; AdamW, linear warm-up, then a cosine to 0; averaged weights."""

    epochs: int
    steps: int
    batch: int
    learning_rate: float
    weight_decay: float
    label_smoothing: float
    ema: float
    seed: int


@dataclass(frozen=True, slots=True)
class TwoHeads:
    """The classifier's network; see `networks.two_heads`."""

    side_px: int
    widths: tuple[int, ...]
    blocks: tuple[int, ...]
    dropout: float


@dataclass(frozen=True, slots=True)
class Draws:
    """How examples are drawn within a source, see `draw_weights`, and from which age on a gender is used."""

    power: float
    youngest_for_gender: int


@dataclass(frozen=True, slots=True)
class ClassifierStage:
    """`shares`: part of the draws that goes to each source.

    `side_px`: of the crops in this stage; smaller ones are learned from several times as fast (Tan and Le 2021).
    `blocks`: of the network from this stage on. `own_labels`: how much the labels count beside people's that the
    network, as it is before this stage, gives to faces whose gender or expression nobody said. `own_part`: how much
    of its own expression goes into those that people gave, of which many are wrong. `mean_with`: numbers of earlier
    stages; after its training the network goes on with the mean of its weights and of those that the trainings of
    these stages ended with (Wortsman et al. 2022).
    """

    schedule: Schedule
    augmentation: Strength
    shares: Mapping[str, float]
    side_px: int
    blocks: tuple[int, ...]
    own_labels: float
    own_part: float = 0.0
    mean_with: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class ClassifierRecipe:
    """A classifier that is trained in stages on shares of sources."""

    name: str
    approach: str
    network: TwoHeads
    draws: Draws
    stages: tuple[ClassifierStage, ...]

    @property
    def sources(self) -> frozenset[str]:
        """What it learns from."""
        return frozenset(name for stage in self.stages for name, share in stage.shares.items() if share)


@dataclass(frozen=True, slots=True)
class Pyramid:
    """The detector's network; see `detector_network`."""

    widths: tuple[int, ...]
    depths: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class DetectorStage:
    """`distilled`: whether it learns the teacher's own scores."""

    schedule: Schedule
    distilled: bool


@dataclass(frozen=True, slots=True)
class VerifierRecipe:
    """What looks again at the detector's finds; see `verifier_network` and `faceannot.bundle.Verification`.

    `looks`: how often the photos of each source are looked at for finds to learn from.
    """

    side_px: int
    context: float
    proposed: float
    widths: tuple[int, ...]
    blocks: tuple[int, ...]
    dropout: float
    looks: Mapping[str, int]
    schedule: Schedule


@dataclass(frozen=True, slots=True)
class DetectorRecipe:
    """A detector that is trained in stages; shares of the faces put together, and of the photos shown as they are.

    `verifier`: None where the detector's own scores decide.
    """

    name: str
    approach: str
    canvas_px: int
    network: Pyramid
    shares: Mapping[str, float]
    whole_shares: Mapping[str, float]
    stages: tuple[DetectorStage, ...]
    verifier: VerifierRecipe | None = None


def parse_stages(table: Mapping[str, Any], origin: str) -> ClassifierRecipe | DetectorRecipe:
    """The recipe that `table` says; with `canvas_px` a detector's. Raises `UsageError` naming `origin` and the key."""
    return parse_detector(table, origin) if "canvas_px" in table else parse_classifier(table, origin)


def parse_classifier(table: Mapping[str, Any], origin: str) -> ClassifierRecipe:
    """The classifier's recipe that `table` says. Raises `UsageError` naming `origin`, its file, and the key."""
    where = f"{origin}: "
    only(table, {"name", "approach", "network", "draws", "stages"}, where)
    network = section(TwoHeads, needed(table, "network", where), f"{where}network.")
    if len(network.widths) != len(network.blocks):
        raise UsageError(f"{where}network.blocks: as many numbers are needed as in network.widths")
    draws = section(Draws, needed(table, "draws", where), f"{where}draws.")
    stages: list[ClassifierStage] = []
    blocks = network.blocks
    for part, place in zip(*_stages(table, where), strict=True):
        stages.append(_classifier_stage(part, place, network.side_px, blocks))
        blocks = stages[-1].blocks
        _check_mean(stages, place)
    if stages[-1].side_px != network.side_px:
        raise UsageError(f"{place}side_px: the last stage has to learn from crops of network.side_px")
    return ClassifierRecipe(*_named(table, where), network, draws, tuple(stages))


def parse_detector(table: Mapping[str, Any], origin: str) -> DetectorRecipe:
    """The detector's recipe that `table` says. Raises `UsageError` naming `origin`, its file, and the key."""
    where = f"{origin}: "
    only(table, {"name", "approach", "canvas_px", "network", "shares", "whole_shares", "stages", "verifier"}, where)
    canvas_px = value(needed(table, "canvas_px", where), int, f"{where}canvas_px")
    if canvas_px % _CANVAS_STEP_PX:
        raise UsageError(f"{where}canvas_px: expected a multiple of {_CANVAS_STEP_PX}, found {canvas_px}")
    network = section(Pyramid, needed(table, "network", where), f"{where}network.")
    for key, numbers, count in (("widths", network.widths, 3), ("depths", network.depths, 4)):
        if len(numbers) != count:
            raise UsageError(f"{where}network.{key}: expected {count} numbers, found {len(numbers)}")
    shares, whole = (_shares(table, key, where) for key in ("shares", "whole_shares"))
    stages = tuple(map(_detector_stage, *_stages(table, where)))
    verifier = _verifier(table["verifier"], f"{where}verifier.") if "verifier" in table else None
    return DetectorRecipe(*_named(table, where), canvas_px, network, shares, whole, stages, verifier)


def _verifier(table: Any, where: str) -> VerifierRecipe:
    if not isinstance(table, dict):
        raise UsageError(f"{where.rstrip('.')}: expected a table of keys and values")
    only(table, {part.name for part in fields(VerifierRecipe)}, where)
    looks = _numbers(table, "looks", int, where)
    schedule = _schedule(table, where)
    hints = get_type_hints(VerifierRecipe)
    side_px, context, proposed, widths, blocks, dropout = (
        value(needed(table, key, where), hints[key], f"{where}{key}")
        for key in ("side_px", "context", "proposed", "widths", "blocks", "dropout")
    )
    if len(widths) != len(blocks):
        raise UsageError(f"{where}blocks: as many numbers are needed as in widths")
    return VerifierRecipe(side_px, context, proposed, widths, blocks, dropout, looks, schedule)


def _named(table: Mapping[str, Any], where: str) -> tuple[str, str]:
    name, approach = (value(needed(table, key, where), str, f"{where}{key}") for key in ("name", "approach"))
    return name, approach


def _stages(table: Mapping[str, Any], where: str) -> tuple[list[dict[str, Any]], list[str]]:
    """The stages, and where each is."""
    stages = needed(table, "stages", where)
    if not isinstance(stages, list) or not stages or not all(isinstance(stage, dict) for stage in stages):
        raise UsageError(f"{where}stages: expected [[stages]], each with keys and values")
    return stages, [f"{where}stages.{number}." for number in range(1, len(stages) + 1)]


def _classifier_stage(table: dict[str, Any], where: str, side_px: int, before: tuple[int, ...]) -> ClassifierStage:
    """`side_px`: unless the stage has one; `before`: the network's blocks until this stage."""
    only(table, {part.name for part in fields(ClassifierStage)}, where)
    side_px = value(table.get("side_px", side_px), int, f"{where}side_px")
    strength = section(Strength, table.get("augmentation", {}), f"{where}augmentation.")
    blocks: tuple[int, ...] = value(table["blocks"], tuple[int, ...], f"{where}blocks") if "blocks" in table else before
    if len(blocks) != len(before) or any(now < then for now, then in zip(blocks, before, strict=True)):
        raise UsageError(f"{where}blocks: expected {len(before)} numbers, none below {list(before)}")
    own = {key: value(table.get(key, 0.0), float, f"{where}{key}") for key in ("own_labels", "own_part")}
    if own["own_part"] and not own["own_labels"]:
        raise UsageError(f"{where}own_part: needs own_labels above 0, which makes the network's labels")
    earlier = table.get("mean_with", [])
    mean_with = () if earlier == [] else value(earlier, tuple[int, ...], f"{where}mean_with")
    shares = _shares(table, "shares", where)
    return ClassifierStage(_schedule(table, where), strength, shares, side_px, blocks, **own, mean_with=mean_with)


def _check_mean(stages: list[ClassifierStage], where: str) -> None:
    """Whether the last of `stages` can be averaged with those that it names."""
    last = stages[-1]
    shape, mean_with = (last.side_px, last.blocks), last.mean_with
    alike = [number for number, stage in enumerate(stages[:-1], start=1) if (stage.side_px, stage.blocks) == shape]
    if len(set(mean_with)) < len(mean_with):
        raise UsageError(f"{where}mean_with: expected each stage once, found {list(mean_with)}")
    for number in mean_with:
        if number not in alike:
            fitting = f"one of {', '.join(map(str, alike))}" if alike else "none, for no earlier stage fits"
            raise UsageError(
                f"{where}mean_with: expected earlier stages with the same crops and blocks ({fitting}), found {number}"
            )


def _detector_stage(table: dict[str, Any], where: str) -> DetectorStage:
    only(table, {"schedule", "distilled"}, where)
    return DetectorStage(_schedule(table, where), value(needed(table, "distilled", where), bool, f"{where}distilled"))


def _schedule(table: dict[str, Any], where: str) -> Schedule:
    schedule: Schedule = section(Schedule, needed(table, "schedule", where), f"{where}schedule.")
    return schedule


def _shares(table: Mapping[str, Any], key: str, where: str) -> dict[str, float]:
    return _numbers(table, key, float, where)


def _numbers(table: Mapping[str, Any], key: str, kind: type, where: str) -> dict[str, Any]:
    """A number of `kind` for each source, at least one of them above 0."""
    given = needed(table, key, where)
    if not isinstance(given, dict):
        raise UsageError(f"{where}{key}: expected a table of sources and their shares")
    numbers = {name: value(number, kind, f"{where}{key}.{name}") for name, number in given.items()}
    if not any(numbers.values()):
        raise UsageError(f"{where}{key}: expected a number above 0 for at least one source")
    return numbers

"""Random changes to a prepared crop that leave its labels true: what cameras, hands and archives do to faces."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields

import cv2
import numpy as np
from numpy.typing import NDArray

from faceannot.datasets.cropping import CROP_PX, MARGIN

RgbArray = NDArray[np.uint8]
Random = np.random.Generator
# A network that sees more enlarges prepared crops: they are of so many pixels where no margin is.
SHARP_PX = round(CROP_PX / MARGIN)
# How often light changes at all where a strength of light is given.
RELIT = 0.8
# Each with the chance that it happens.
Changes = tuple[tuple[float, Callable[[RgbArray, Random], RgbArray]], ...]


@dataclass(frozen=True, slots=True)
class Strength:
    """How far, and how often (0..1), crops are changed. Shares of the crop's side; degrees.

    `light` is brightness, contrast and gamma at once; `brightness` and `contrast` are each by itself, as shares.
    `hard_grey` is black and white with blocked shadows or burnt lights.
    """

    rotation_degrees: float = 12.0
    zoom: float = 0.14
    shift: float = 0.04
    light: float = 0.35
    tint: float = 0.1
    low_resolution: float = 0.25
    smallest_px: int = 14
    blur: float = 0.1
    jpeg: float = 0.25
    noise: float = 0.1
    grey: float = 0.15
    occlusion: float = 0.25
    hair_cut_away: float = 0.12
    tight_frame: float = 0.12
    flip: float = 0.5
    shear: float = 0.0
    brightness: float = 0.0
    contrast: float = 0.0
    hard_grey: float = 0.0


def strength_of(given: Mapping[str, float]) -> Strength:
    """The strengths that are `given`, and nothing else: what is not named is 0."""
    nothing = {part.name: 0.0 for part in fields(Strength) if part.name != "smallest_px"}
    return Strength(**{**nothing, **given})  # type: ignore[arg-type]


def central(crop: RgbArray, side_px: int) -> RgbArray:
    """The part of a prepared crop that the classifier sees, unchanged."""
    return _warp(crop, side_px, 0.0, 1.0, (0.0, 0.0))


def augment(crop: RgbArray, side_px: int, strength: Strength, random: Random) -> RgbArray:
    """One random variant (side_px, side_px, 3) of a prepared crop, RGB uint8."""
    angle = random.normal(0.0, strength.rotation_degrees / 2)
    zoom = float(np.exp(random.normal(0.0, strength.zoom / 1.5)))
    shift = random.normal(0.0, strength.shift / 1.5, 2) * side_px
    # No draw without shear, or every draw after it would be another one for recipes that have none.
    shear = random.normal(0.0, strength.shear / 1.5) if strength.shear else 0.0
    image = _warp(crop, side_px, angle, zoom, (float(shift[0]), float(shift[1])), shear)
    if random.random() < strength.flip:
        image = np.ascontiguousarray(image[:, ::-1])
    image = _changed(image, _hiding_changes(strength), random)
    return photographic(image, strength, random)


def photographic(image: RgbArray, strength: Strength, random: Random) -> RgbArray:
    """What light, lens, sensor and storage do to a picture of any size; nothing moves."""
    return _changed(image, _photographic_changes(strength), random)


def _changed(image: RgbArray, changes: Changes, random: Random) -> RgbArray:
    for chance, change in changes:
        if random.random() < chance:
            image = change(image, random)
    return image


def _hiding_changes(strength: Strength) -> Changes:
    return (
        (strength.hair_cut_away, _cut_hair),
        (strength.tight_frame, _frame),
        (strength.occlusion, _occlude),
    )


def _photographic_changes(strength: Strength) -> Changes:
    relit = RELIT if strength.light or strength.tint else 0.0
    return (
        *_plain_light(strength),
        (relit, lambda image, random: _relight(image, strength.light, strength.tint, random)),
        (strength.low_resolution, lambda image, random: _shrink(image, strength.smallest_px, random)),
        (strength.blur, _blur),
        (strength.noise, _add_noise),
        (strength.grey, _grey),
        *(((strength.hard_grey, _hard_grey),) if strength.hard_grey else ()),  # no draw without: see `augment`
        (strength.jpeg, _compress),
    )


def _plain_light(strength: Strength) -> Changes:
    """Nothing at all without strength, not even a draw: see `augment`."""
    lights = (
        (strength.brightness, lambda image, random: _lit(image, random.normal(0.0, strength.brightness), 1.0)),
        (strength.contrast, lambda image, random: _lit(image, 0.0, np.exp(random.normal(0.0, strength.contrast)))),
    )
    return tuple((1.0, change) for amount, change in lights if amount)


def _warp(
    crop: RgbArray, side_px: int, angle: float, zoom: float, shift: tuple[float, float], shear: float = 0.0
) -> RgbArray:
    source_px = crop.shape[0]
    scale = side_px * MARGIN / source_px * zoom
    matrix = cv2.getRotationMatrix2D(((source_px - 1) / 2, (source_px - 1) / 2), angle, scale)
    if shear:
        # Each row moves sideways by its distance from the middle row.
        slant = np.array([[1.0, shear, -shear * (source_px - 1) / 2], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
        matrix = matrix @ slant
    matrix[:, 2] += (side_px - source_px) / 2 + np.asarray(shift)
    warped = cv2.warpAffine(crop, matrix, (side_px, side_px), flags=cv2.INTER_LINEAR)
    return np.asarray(warped, dtype=np.uint8)


def _cut_hair(image: RgbArray, random: Random) -> RgbArray:
    """Paint over all but the inner face, because hair is what networks lean on."""
    side_px = image.shape[0]
    mask = np.zeros(image.shape[:2], np.uint8)
    centre = (side_px // 2, round(side_px * random.uniform(0.58, 0.62)))
    axes = (round(side_px * random.uniform(0.28, 0.36)), round(side_px * random.uniform(0.36, 0.46)))
    cv2.ellipse(mask, centre, axes, 0, 0, 360, 1, -1)
    colour = random.integers(0, 256, 3, dtype=np.uint8)
    return np.where(mask[:, :, None] == 1, image, colour)


def _frame(image: RgbArray, random: Random) -> RgbArray:
    """Blacken the edges: most sources are cut close, and black edges must not give the source away."""
    side_px = image.shape[0]
    top, left, bottom, right = (random.uniform(0.0, 0.16, 4) * side_px).astype(int)
    framed = np.zeros_like(image)
    framed[top : side_px - bottom, left : side_px - right] = image[top : side_px - bottom, left : side_px - right]
    return framed


def _occlude(image: RgbArray, random: Random) -> RgbArray:
    side_px = image.shape[0]
    height, width = (random.uniform(0.1, 0.45, 2) * side_px).astype(int)
    top, left = random.integers(0, side_px - height), random.integers(0, side_px - width)
    image = image.copy()
    if random.random() < 0.5:
        image[top : top + height, left : left + width] = random.integers(0, 256, 3, dtype=np.uint8)
    else:
        image[top : top + height, left : left + width] = random.integers(0, 256, (height, width, 3), dtype=np.uint8)
    return image


def _lit(image: RgbArray, brightness: float, contrast: float) -> RgbArray:
    """Brighter by a share of white, and with a contrast of so many times."""
    ramp = (np.linspace(0.0, 1.0, 256) - 0.5) * contrast + 0.5 + brightness
    return np.asarray(cv2.LUT(image, np.rint(np.clip(ramp, 0, 1) * 255).astype(np.uint8)), dtype=np.uint8)


def _relight(image: RgbArray, light: float, tint: float, random: Random) -> RgbArray:
    """Contrast, brightness, gamma and colour cast by one lookup table a channel."""
    ramp = np.linspace(0.0, 1.0, 256)[:, None]
    gamma = np.exp(random.normal(0.0, light))
    contrast = np.exp(random.normal(0.0, light / 2))
    cast = 1.0 + random.normal(0.0, tint, 3)
    table = ((ramp**gamma - 0.5) * contrast + 0.5 + random.normal(0.0, light / 4)) * cast
    return np.asarray(cv2.LUT(image, (np.clip(table, 0, 1) * 255).astype(np.uint8)[None]), dtype=np.uint8)


def _shrink(image: RgbArray, smallest_px: int, random: Random) -> RgbArray:
    """As if the shorter side had had down to `smallest_px` pixels."""
    height, width = image.shape[:2]
    factor = float(np.exp(random.uniform(np.log(min(1.0, smallest_px / min(height, width))), 0.0)))
    small = cv2.resize(image, (round(width * factor), round(height * factor)), interpolation=cv2.INTER_AREA)
    way_back = cv2.INTER_LINEAR if random.random() < 0.7 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(small, (width, height), interpolation=way_back), dtype=np.uint8)


def _blur(image: RgbArray, random: Random) -> RgbArray:
    return np.asarray(cv2.GaussianBlur(image, (0, 0), random.uniform(0.4, 1.8)), dtype=np.uint8)


def _add_noise(image: RgbArray, random: Random) -> RgbArray:
    noise = random.normal(0.0, random.uniform(3, 18), image.shape)
    return np.clip(image + noise, 0, 255).astype(np.uint8)


def _grey(image: RgbArray, random: Random) -> RgbArray:
    """Grey, now and then toned like an old print."""
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)[:, :, None]
    tone = np.array([1.0, 0.93, 0.82]) if random.random() < 0.25 else np.ones(3)
    return (grey * tone).astype(np.uint8)


def _hard_grey(image: RgbArray, random: Random) -> RgbArray:
    """Grey with up to three times the contrast, the middle moved far to the dark or to the light."""
    ramp = np.linspace(0.0, 1.0, 256) ** np.exp(random.normal(0.0, 0.5))
    table = (ramp - 0.5) * np.exp(random.uniform(0.0, np.log(3.0))) + 0.5
    hard = cv2.LUT(_grey(image, random), (np.clip(table, 0, 1) * 255).astype(np.uint8))
    return np.asarray(hard, dtype=np.uint8)


def _compress(image: RgbArray, random: Random) -> RgbArray:
    _, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, int(random.integers(25, 90))])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), dtype=np.uint8)

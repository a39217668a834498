"""What a teacher with the same interface says of a canvas, corrected by its labels, as targets for every cell."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from faceannot.detector import OUTPUTS, STRIDES
from faceannot.onnx_files import open_network
from faceannot.training.detector.mosaics import Canvas
from faceannot.training.detector.targets import (
    BOX,
    COLUMNS,
    COUNTS,
    PLACED,
    POINTS,
    POINTS_KNOWN,
    POSITIVE,
    SCORE,
    build,
    cell_corners,
    inside,
)

FloatArray = NDArray[np.float32]

# From this score on a teacher's cell also says where the face is; below it is noise.
SEEN = 0.25


class Teacher:
    """A detector with YuNet's interface whose raw outputs are learned (Hinton et al. 2015)."""

    def __init__(self, path: Path) -> None:
        self._session = open_network(path, "detector")
        self._input = self._session.get_inputs()[0].name

    def targets(self, canvas: Canvas) -> FloatArray:
        """Targets (cells, 19) as `build` gives them, with the teacher's scores instead of 0 and 1.

        Where the teacher sees a face and no label, sure or doubtful, lies, there is none. A labelled face of which
        the teacher sees nothing, because it needed another size or because people annotated it, is learned from
        the label.
        """
        side_px = canvas.rgb.shape[0]
        labels = build(side_px, canvas.boxes, canvas.landmarks, canvas.ignored)
        said = self._said(canvas)
        corners = np.concatenate([cell_corners(side_px, stride) for stride in STRIDES])
        scores = np.sqrt(said[:, POSITIVE] * said[:, SCORE])
        invented = (scores > SEEN) & ~inside(corners, np.concatenate([canvas.boxes, canvas.ignored]))
        said[invented, POSITIVE] = said[invented, SCORE] = said[invented, PLACED] = 0.0
        unseen = self._unseen(canvas, corners[scores > SEEN])
        from_label = (labels[:, PLACED] == 1) & inside(corners, canvas.boxes[unseen])
        said[from_label] = labels[from_label]
        return said

    def _unseen(self, canvas: Canvas, seen: FloatArray) -> NDArray[np.bool_]:
        return np.array([not inside(seen, box[None]).any() for box in canvas.boxes], dtype=bool)

    def _said(self, canvas: Canvas) -> FloatArray:
        tensor = canvas.rgb[None, :, :, ::-1].transpose(0, 3, 1, 2).astype(np.float32)
        outputs = dict(zip(OUTPUTS, self._session.run(OUTPUTS, {self._input: tensor}), strict=True))
        whole = {
            part: np.concatenate([outputs[f"{part}_{stride}"][0] for stride in STRIDES])
            for part in ("cls", "obj", "bbox", "kps")
        }
        target = np.zeros((len(whole["cls"]), COLUMNS), np.float32)
        target[:, POSITIVE], target[:, SCORE] = np.clip(whole["obj"][:, 0], 0, 1), np.clip(whole["cls"][:, 0], 0, 1)
        target[:, COUNTS] = 1.0
        target[:, BOX], target[:, POINTS] = whole["bbox"], whole["kps"]
        target[:, POINTS_KNOWN] = target[:, PLACED] = np.sqrt(target[:, POSITIVE] * target[:, SCORE]) > SEEN
        return target

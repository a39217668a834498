"""Measures bundles afresh for `faceannot evaluate`, with a progress bar and notes on standard error."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import typer

from faceannot.annotator import Annotator
from faceannot.bundle import Bundle
from faceannot.cli.progress import open_bar
from faceannot.datasets.example import Example, Split
from faceannot.datasets.sources import Source
from faceannot.errors import UsageError
from faceannot.evaluation.differences import differences, not_recorded
from faceannot.evaluation.judged import Judged, held_out, judge
from faceannot.evaluation.recorded import Recorded, load_recorded, record
from faceannot.evaluation.report import ModelReport, model_report, today
from faceannot.evaluation.shared_finds import sharing_annotators


@dataclass(frozen=True, slots=True)
class Judging:
    """What is measured, and what is done with it: see the options of `faceannot evaluate`."""

    sources: Sequence[Source]
    split: Split
    against_recorded: bool
    record: bool
    overwrite: bool
    threads: int | None
    quiet: bool

    def reports(self, models: Sequence[Path | None]) -> list[ModelReport]:
        """The report of each bundle; all of them are loaded before the first picture is read."""
        annotators = sharing_annotators(models, threads=self.threads)
        recorded = [load_recorded(one.bundle) if self.against_recorded else None for one in annotators]
        for one in annotators:
            self._check_recordable(one.bundle)
        examples = held_out(self.sources, self.split)
        return [self._report(*pair, examples) for pair in zip(annotators, recorded, strict=True)]

    def _check_recordable(self, bundle: Bundle) -> None:
        if self.record and bundle.heldout is not None and not self.overwrite:
            raise UsageError(f"{bundle.folder} has recorded scores already; --overwrite replaces them")

    def _report(self, annotator: Annotator, recorded: Recorded | None, examples: Sequence[Example]) -> ModelReport:
        judged = look_at(annotator, examples, quiet=self.quiet)
        if self.record:
            path = record(annotator.bundle, judged, today(), overwrite=self.overwrite)
            self._say(f"the scores of {len(judged):,} faces are in {path} ({path.stat().st_size / 1000:,.0f} kB)")
        fresh = model_report(annotator.bundle, judged)
        if recorded is None:
            return fresh
        before = model_report(annotator.bundle, recorded.judged, recorded.date)
        if missing := not_recorded(fresh, before):
            self._say(f"nothing is recorded of {', '.join(missing)}")
        return replace(fresh, differences=differences(fresh, before))

    def _say(self, text: str) -> None:
        if not self.quiet:
            typer.echo(f"faceannot: {text}", err=True)


def look_at(annotator: Annotator, examples: Sequence[Example], *, quiet: bool) -> Judged:
    """What the models of `annotator` say of each of `examples`, with a bar on standard error."""
    with open_bar(" pictures", hidden=quiet, total=len(examples)) as bar:
        return judge(annotator, examples, lambda done: bar.update(done - bar.n) and None)

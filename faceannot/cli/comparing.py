"""Trains what `faceannot compare` has to train and judges all models on the same faces."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass, replace
from pathlib import Path

import typer

from faceannot.annotator import Annotator
from faceannot.bundle import load_bundle
from faceannot.cli.contestants import Contestant, contestants
from faceannot.cli.judging import look_at
from faceannot.datasets.example import Example, Split
from faceannot.datasets.sources import parse_source
from faceannot.errors import DatasetError, UsageError
from faceannot.evaluation.comparison import Comparison, Entrant, comparison, guessed_genders, with_guesses
from faceannot.evaluation.html import column_names
from faceannot.evaluation.judged import Judged, held_out
from faceannot.evaluation.report import model_report
from faceannot.evaluation.shared_finds import sharing_annotators
from faceannot.training.recipe_files import RecipeFile
from faceannot.training.workplace import approach, check_place, training_seconds


@dataclass(frozen=True, slots=True)
class Comparing:
    """What is compared on what: see the options of `faceannot compare`."""

    models: Sequence[str]
    data: Sequence[str]
    split: Split
    train_data: Sequence[str]
    work: Path | None
    settings: Sequence[str]
    cache: Path | None
    model: Path | None
    genders_from_model: bool
    resume: bool
    overwrite: bool
    threads: int | None
    quiet: bool

    def checked(self) -> list[Contestant]:
        """The recipes and bundles; raises where something cannot be meant or done, before anything is trained."""
        found = contestants(self.models, self.work, self.settings)
        recipes = [one for one in found if one.recipe]
        if recipes and not self.train_data:
            raise UsageError("recipes need --train-data KIND:PATH to be trained on")
        if not recipes and (self.train_data or self.settings):
            raise UsageError("--train-data and --set are for recipes: none is named")
        for one in recipes:
            check_place(one.folder, resume=self.resume, overwrite=self._anew)
        if recipes:
            from faceannot.training.extra import require

            require()
        return found

    def run(self, found: Sequence[Contestant]) -> Comparison:
        """Train, judge and compare."""
        # First, so that a name that is misspelt does not come to light after a day of training.
        examples = held_out([parse_source(text) for text in self.data], self.split)
        load_bundle(self.model)
        for one in found:
            if one.recipe:
                self._train(one.folder, one.recipe)
        folders = [self.model, *(one.folder for one in found)]
        reference, *annotators = sharing_annotators(folders, threads=self.threads)
        judged = list(self._judged(annotators, examples, reference if self.genders_from_model else None))
        names = column_names([one.report for one in judged])
        entrants = [replace(one, name=name) for one, name in zip(judged, names, strict=True)]
        command = shlex.join(["faceannot", *sys.argv[1:]])
        guessed_by = reference.bundle.name if self.genders_from_model else None
        return comparison(entrants, self.split, command, guessed_by)

    @property
    def _anew(self) -> bool:
        return self.overwrite and not self.resume

    def _train(self, folder: Path, recipe: RecipeFile) -> None:
        from faceannot.cli.training_progress import TrainingProgress
        from faceannot.training.folds import named
        from faceannot.training.lineup import train_unless_finished
        from faceannot.training.run import Order

        order = Order(recipe, self.train_data, folder, self.cache, self.model, resume=self.resume, overwrite=self._anew)
        try:
            # Keras writes to standard output, which is for data alone.
            with redirect_stdout(sys.stderr), TrainingProgress(hidden=self.quiet) as progress:
                trained = train_unless_finished(order, named(progress.show, folder.name))
        except DatasetError as error:
            raise DatasetError(f"{folder.name}: {error}") from error
        self._say(f"{folder.name}: {'trained' if trained else 'was trained before'}, in {folder}")

    def _judged(
        self, annotators: Sequence[Annotator], examples: Sequence[Example], reference: Annotator | None
    ) -> Iterator[Entrant]:
        """How each did; a model that is also the reference looks at the faces once."""
        seen: dict[str, Judged] = {}

        def judged_by(annotator: Annotator) -> Judged:
            if annotator.bundle.sha256 not in seen:
                self._say(f"{annotator.bundle.name} looks at {len(examples):,} pictures")
                seen[annotator.bundle.sha256] = look_at(annotator, examples, quiet=self.quiet)
            return seen[annotator.bundle.sha256]

        guesses = guessed_genders(judged_by(reference)) if reference else None
        for annotator in annotators:
            judged = judged_by(annotator)
            yield _entrant(annotator, judged if guesses is None else with_guesses(judged, guesses))

    def _say(self, text: str) -> None:
        if not self.quiet:
            typer.echo(f"faceannot: {text}", err=True)


def _entrant(annotator: Annotator, judged: Judged) -> Entrant:
    """Without pictures: those of the worst mistakes of a dozen models are no comparison."""
    bundle = annotator.bundle
    return Entrant(
        name=bundle.name,
        approach=approach(bundle.folder),
        classifier_bytes=bundle.classifier.stat().st_size,
        training_s=training_seconds(bundle.folder),
        report=model_report(bundle, replace(judged, seen=())),
    )

"""The closing tables of a training: how the result did on faces that it has not seen, and how the folds did."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.table import Table

if TYPE_CHECKING:
    from faceannot.training.products import Judged


def judged_table(judged: Judged) -> Table:
    """A row for each kind of label that the result gives, women and men apart, and the part that it was judged on."""
    table = Table(title="faces that it did not learn from", title_justify="left")
    _columns(table, "faces", "accuracy", "balanced", "women", "men")
    for one in judged.judgements:
        figures = one.figures()
        by_gender = figures["accuracy_by_gender"]
        shares = (figures["accuracy"], figures["balanced_accuracy"], by_gender["women"], by_gender["men"])
        table.add_row(f"{one.kind} ({judged.parts[one.kind]})", f"{figures['faces']:,}", *map(_share, shares))
    for kind, part in judged.parts.items():
        if part is None:
            table.add_row(f"{kind}: nothing to judge on", "0")
    if judged.lost:
        table.caption = f"no face was found in {judged.lost:,} pictures; no figure counts them"
    return table


def folds_table(folds: list[dict[str, Any]]) -> Table:
    """Mean and spread over the folds."""
    table = Table(title="over the folds: mean and spread", title_justify="left")
    _columns(table, "accuracy", "balanced", "women", "men")
    for row in folds:
        names = ("accuracy", "balanced_accuracy", "accuracy_women", "accuracy_men")
        table.add_row(row["kind"], *(_spread(row.get(name)) for name in names))
    return table


def _columns(table: Table, *names: str) -> None:
    table.add_column("")
    for name in names:
        table.add_column(name, justify="right")


def _share(value: float | None) -> str:
    return "" if value is None else f"{value:.1%}"


def _spread(value: dict[str, float] | None) -> str:
    return "" if value is None else f"{value['mean']:.1%} \N{PLUS-MINUS SIGN} {value['spread']:.1%}"

"""The closing tables of a training: how the result did on faces that it has not seen, and how the folds did."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.table import Table

if TYPE_CHECKING:
    from faceannot.training.products import Judged


def judged_table(judged: Judged) -> Table:
    """A row for each kind of label that people gave, women and men apart."""
    table = Table(title=f"{judged.part} faces", title_justify="left")
    _columns(table, "faces", "accuracy", "balanced", "women", "men")
    for one in judged.judgements:
        figures = one.figures()
        by_gender = figures["accuracy_by_gender"]
        shares = (figures["accuracy"], figures["balanced_accuracy"], by_gender["women"], by_gender["men"])
        table.add_row(one.kind, f"{figures['faces']:,}", *map(_share, shares))
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

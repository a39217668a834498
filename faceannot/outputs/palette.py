"""The colours of plots, told apart in every kind of colour vision (Okabe and Ito 2008), as HTML writes them."""

from __future__ import annotations

SKY, ORANGE, GREEN, YELLOW = "#56b4e9", "#e69f00", "#009e73", "#f0e442"
BLUE, RED, PURPLE = "#0072b2", "#d55e00", "#cc79a7"

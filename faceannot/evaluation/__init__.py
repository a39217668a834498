"""How good the labels are on held-out faces, and for whom: figures, their intervals and the report."""

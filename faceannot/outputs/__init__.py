"""Everything that a run writes: the table, the journal that lets it go on, annotated copies and crops."""

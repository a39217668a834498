"""What is wrong with data before anyone trains on them: counts, copies, people and sources."""

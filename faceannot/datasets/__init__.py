"""Source data sets: one module a format, each giving `Example`."""

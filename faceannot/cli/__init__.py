"""The command line: one module a command; arguments to one call to what the person sees."""

"""The models that tools/dev/models writes: one module per family, each a list of entries."""

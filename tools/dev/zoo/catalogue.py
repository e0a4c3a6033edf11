"""catalogue.py - all entries, by name."""
from zoo import registry


def entries() -> dict[str, registry.Entry]:
    from zoo import blocks, detection, language, generation, multimodal, published, tabular, vision  # noqa: F401, each adds its entries

    return registry.ENTRIES

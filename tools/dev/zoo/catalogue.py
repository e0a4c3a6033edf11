"""catalogue.py - all entries, by name."""
from zoo import registry


def entries() -> dict[str, registry.Entry]:
    from zoo import blocks, detection, generation, kerasmodels, language, libraries, micro, multimodal, published, tabular, vision  # noqa: F401, each adds its entries
    from zoo import derived  # noqa: F401, from those before

    return registry.ENTRIES

"""The object store: where releases, pointers and people's files are kept.

`port` says what a store can do, `open_store` makes one from what a person wrote. Nothing in here
knows what a model, a release or a stage is.
"""

from .open import open_store
from .port import Entry, Object, Store

__all__ = ["Entry", "Object", "Store", "open_store"]

"""The formats of files: which there are, which file is what, and what is in them as plain data.

One file a format. Files are told apart by their bytes, never by their names; nothing in them is
executed, and nothing but the given bytes is touched.
"""

from .archive import Archive, open_archive
from .fileset import FileSet, Format, Part, may_belong, recognise
from .kinds import Kind, kind_of

__all__ = [
    "Archive",
    "FileSet",
    "Format",
    "Kind",
    "Part",
    "kind_of",
    "may_belong",
    "open_archive",
    "recognise",
]

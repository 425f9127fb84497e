"""What is made of a request's files before they go into the spool: a fax of page images, a file of each page.

Rule: the files that were named stay as they are; what is made lies in the scratch folder, durable only when
the spool takes it.
"""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from ...events.request import InternetFax, Request
from ..scans import as_they_are
from ..scratch import Made, Scratch
from ..spool import check
from . import pdf, tiff, tiff_fx
from .page_images import count
from .scan_files import Kind, kind_of, reading

FAX_ENDING = ".tif"
"RFC 3965 leaves it open; three letters are what every receiver opens."
NAME_OCTETS_MAX = 255


def prepare(request: Request, paths: Sequence[Path], scratch: Scratch) -> tuple[Path | Made, ...]:
    """The files to take instead of `paths`: these, or files in `scratch`, in their order. The caller runs it
    in a thread.

    Raises ScanUnreadable, naming the file and the remedy; OSError where `scratch` cannot be written.
    """
    if as_they_are(request):
        return tuple(paths)
    if isinstance(request, InternetFax):
        for path in paths:
            check(path)
        with scratch.file(named(paths[0], FAX_ENDING)) as (fax, file):
            tiff_fx.write(paths, file)
        return (fax,)
    return tuple(page for path in paths for page in page_per_file(path, scratch))


def page_per_file(path: Path, scratch: Scratch) -> Sequence[Path | Made]:
    """The pages of a PDF or a TIFF, named so that they sort; a file of one page as it is. Raises
    ScanUnreadable, OSError.
    """
    check(path)
    total = count(path)
    if total == 1:
        return [path]
    digits = len(str(total))
    names = [named(path, f"-{number:0{digits}}{path.suffix}") for number in range(1, total + 1)]
    if kind_of(path) is not Kind.PDF:
        return take_apart(path, names, scratch)
    pages = []
    for number, name in enumerate(names):
        with scratch.file(name) as (page, file):
            file.write(pdf.page_alone(path, number))
        pages.append(page)
    return pages


def take_apart(path: Path, names: Sequence[str], scratch: Scratch) -> Sequence[Made]:
    """The pages of a TIFF, each into its own file."""
    made = []
    with reading(path):
        source = path.open("rb")
    with source:
        with reading(path):
            pages = list(tiff.pages(source))
            for page in pages:
                tiff.check_separable(page)
            if len(pages) != len(names):
                raise tiff.Malformed("tiff.changed")
        for page, name in zip(pages, names, strict=True):
            with scratch.file(name) as (alone, file):
                tiff.copy(page, read(path, tiff.octets_of(page, source)), file)
            made.append(alone)
    return made


def read(path: Path, blocks: Iterator[bytes]) -> Iterator[bytes]:
    """So that what cannot be read is the scan's fault, beside what cannot be written."""
    with reading(path):
        yield from blocks


def named(path: Path, ending: str) -> str:
    """The file's name with another ending, no longer than a file system takes."""
    stem = path.stem
    while len(os.fsencode(stem + ending)) > NAME_OCTETS_MAX:
        stem = stem[:-1]
    return stem + ending

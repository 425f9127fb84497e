"""The media type of a scan, by its file's ending. Registered types (RFC 8118, RFC 3302, RFC 2046 and IANA's
list).
"""

from collections.abc import Mapping
from os.path import splitext

OTHER = "application/octet-stream"
BY_ENDING: Mapping[str, str] = {
    ".pdf": "application/pdf",
    ".tif": "image/tiff",
    ".tiff": "image/tiff",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".png": "image/png",
    ".xps": "application/vnd.ms-xpsdocument",
    ".oxps": "application/oxps",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    ".txt": "text/plain",
    ".csv": "text/csv",
}


def media_type(name: str) -> str:
    """By the ending alone, in any case; unknown ones are octets."""
    return BY_ENDING.get(splitext(name)[1].lower(), OTHER)

"""The media type of a scan, by its file's ending. Registered types (RFC 8118, RFC 3302, RFC 2046 and IANA's
list).
"""

from collections.abc import Mapping

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
    stem, dot, ending = name.rpartition(".")
    return BY_ENDING.get(dot + ending.lower(), OTHER) if stem else OTHER

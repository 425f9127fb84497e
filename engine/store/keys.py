"""Where the key that seals comes from: a file beside the store, a credential of the service manager, or what
the embedding program supplies.

Said honestly: a key file protects a copied store, not a stolen device; a credential that is bound to the
device's TPM does (S33b).

A key is exchanged in steps that a power cut may come between: the new one is on the disk before anything is
sealed with it, and the former one stays known until nothing is sealed with that any more.

Rule: while two keys are known, everything new is sealed with the first; what is sealed is opened with either.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Protocol

from ..records import SealFailed, SealLost

KEY_OCTETS = 32
TOO_LONG = 1 << 16
"A file of that many octets or more is no key; how many exactly, nobody needs to know."
FILE = "key"
NEXT = "key.next"
CREDENTIAL = "franking-key"
FORMER_CREDENTIAL = "franking-key-former"
"Names in `$CREDENTIALS_DIRECTORY`."


class KeyUnusable(SealFailed):
    """What should be the key is none."""

    def __init__(self, source: str, octets: int) -> None:
        super().__init__("seal.octets", source=source, wanted=f"{KEY_OCTETS}", octets=f"{octets}")
        self.source, self.octets = source, octets


class KeyMissing(SealLost):
    """The file is gone, and tokens are sealed with what it held: a new key would only hide that."""

    def __init__(self, source: str) -> None:
        super().__init__("seal.missing", source=source)
        self.source = source


class KeyUnreadable(SealFailed):
    """The key file cannot be read or made, or the embedding program gives no key."""

    def __init__(self, source: str, why: str, meaning: str = "seal.unreadable") -> None:
        super().__init__(meaning, source=source, why=why)
        self.source = source


class KeyNotOurs(SealFailed):
    """The key is not this store's to exchange."""

    def __init__(self, source: str) -> None:
        super().__init__("seal.not-ours", source=source)
        self.source = source


class Key(Protocol):
    """What seals. Reading it raises SealFailed."""

    source: str
    "For people: where it comes from."

    def __call__(self) -> bytes: ...

    def for_sealing(self) -> bytes:
        """The same; made where there is none yet."""

    def former(self) -> tuple[bytes, ...]:
        """Keys with which something may still be sealed."""

    def exchange(self) -> None:
        """From now on another key seals, durably known; nothing is done where an exchange is under way.
        Raises KeyNotOurs, KeyUnreadable.
        """

    def exchanged(self) -> None:
        """Nothing is sealed with a former key any more. Raises KeyUnreadable."""


class KeyFile:
    """The key from a file (0600) that is made when it is first needed, but never while something is sealed:
    then it was lost, and who restores it has every sign-in back (S29).

    Raises KeyUnusable, KeyUnreadable at once where the file is there and holds no key.
    """

    def __init__(self, path: Path, in_use: Callable[[], bool]) -> None:
        self.path, self.in_use = path, in_use
        self.next = path.with_name(NEXT)
        self.source = str(path)
        self.replaced: tuple[bytes, ...] = ()
        "In memory: what was taken out of the store before is still to be told to the provider."
        self.exchanging = self.next.exists()
        "Two keys are known, and the next one seals. Nobody else begins that: the store has one owner."
        if self.exchanging or path.exists():
            self()

    def __call__(self) -> bytes:
        """Read at each use, so that a lost one is noticed at once. Raises KeyUnusable, KeyMissing,
        KeyUnreadable.
        """
        try:
            try:
                return checked(octets_of(self.next if self.exchanging else self.path), self.source)
            except FileNotFoundError:
                if not self.exchanging:
                    raise
                return checked(octets_of(self.path), self.source)
        except FileNotFoundError:
            raise KeyMissing(self.source) from None
        except OSError as error:
            raise unreadable_for(self.path, error) from None

    def for_sealing(self) -> bytes:
        """Raises KeyUnusable, KeyMissing, KeyUnreadable."""
        try:
            return self()
        except KeyMissing:
            if self.in_use():
                raise
        with unreadable(self.path):
            make(self.path)
        return self()

    def former(self) -> tuple[bytes, ...]:
        if not self.next.exists():
            return self.replaced
        with suppress(OSError, KeyUnusable):
            return (*self.replaced, checked(self.path.read_bytes(), self.source))
        return self.replaced

    def exchange(self) -> None:
        with unreadable(self.path):
            self.for_sealing()  # there is one to be exchanged
            make(self.next)
        self.exchanging = True

    def exchanged(self) -> None:
        if not self.next.exists():
            return
        former = self.former()
        if self.path.exists() and former == self.replaced:
            return  # it cannot be read now: what it seals is not sealed anew yet
        with unreadable(self.path):
            self.next.replace(self.path)
            sync(self.path.parent)
        self.exchanging = False
        self.replaced = former


class KeyCredential:
    """The key that the service manager hands over. It is exchanged by handing over another one, together with
    the former one as `franking-key-former`; a key file that sealed before is another former one, and is
    erased when nothing is sealed with it any more.
    """

    def __init__(self, folder: Path, file: Path) -> None:
        """`folder`: of the credentials; `file`: where the store's own key would lie. Raises SealFailed."""
        self.path, self.file = folder / CREDENTIAL, file
        self.former_path = folder / FORMER_CREDENTIAL
        self.source = str(self.path)
        self()

    def __call__(self) -> bytes:
        """Raises KeyUnusable, KeyUnreadable."""
        with unreadable(self.path):
            found = octets_of(self.path)
        return checked(found, self.source)

    def for_sealing(self) -> bytes:
        return self()

    def former(self) -> tuple[bytes, ...]:
        found = []
        for path in (self.former_path, self.file.with_name(NEXT), self.file):
            with suppress(OSError, KeyUnusable):
                found.append(checked(path.read_bytes(), str(path)))
        return tuple(found)

    def exchange(self) -> None:
        raise KeyNotOurs(self.source)

    def exchanged(self) -> None:
        for path in (self.file, self.file.with_name(NEXT)):
            if path.exists():
                with unreadable(path):
                    checked(path.read_bytes(), str(path))
                    erase(path)


class GivenKey:
    """The key from the embedding program, which exchanges it by opening the engine with both.

    A program that fails to give it, such as for a busy TPM, costs nothing: what is sealed stays as it is.
    """

    source = "the key"

    def __init__(self, key: Callable[[], bytes], former: Callable[[], bytes] | None = None) -> None:
        self.key, self.former_key = key, former

    def __call__(self) -> bytes:
        """Raises KeyUnusable, KeyUnreadable."""
        return given(self.key, self.source)

    def for_sealing(self) -> bytes:
        return self()

    def former(self) -> tuple[bytes, ...]:
        """Raises KeyUnusable, KeyUnreadable."""
        return (given(self.former_key, "the former key"),) if self.former_key else ()

    def exchange(self) -> None:
        raise KeyNotOurs(self.source)

    def exchanged(self) -> None:
        """The program forgets its former key when the engine is open."""


def key_of(folder: Path, environment: Mapping[str, str], in_use: Callable[[], bool]) -> Key:
    """Of the store in this folder: a credential where the service manager hands one over, else its own file.
    `in_use`: something is sealed whose key must be there. Raises SealFailed.
    """
    provided = environment.get("CREDENTIALS_DIRECTORY")
    if provided and (Path(provided) / CREDENTIAL).exists():
        return KeyCredential(Path(provided), folder / FILE)
    return KeyFile(folder / FILE, in_use)


@contextmanager
def unreadable(path: Path) -> Iterator[None]:
    """What the system refuses is said as KeyUnreadable."""
    try:
        yield
    except OSError as error:
        raise unreadable_for(path, error) from None


def unreadable_for(path: Path, error: OSError) -> KeyUnreadable:
    return KeyUnreadable(str(path), error.strerror or type(error).__name__)


def octets_of(path: str | Path) -> bytes:
    """Of a key's file: no more than shows that it is too long. By the system's own calls, for every small job
    asks for them. Raises OSError.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return os.read(descriptor, TOO_LONG)
    finally:
        os.close(descriptor)


def given(key: Callable[[], bytes], source: str) -> bytes:
    """Raises KeyUnusable, KeyUnreadable."""
    try:
        found = key()
    except SealFailed:
        raise
    except Exception as error:  # noqa: BLE001 - whatever the program's code raises; its text may hold a secret
        raise KeyUnreadable(source, type(error).__name__, "seal.not-given") from None
    return checked(found, source)


def checked(key: bytes, source: str) -> bytes:
    """Raises KeyUnusable."""
    if len(key) != KEY_OCTETS:
        raise KeyUnusable(source, len(key))
    return key


def make(path: Path) -> None:
    """Whole or not at all: a power cut leaves no key that is too short. A key that is there is kept."""
    unfinished = path.with_name(f"{path.name}.part")
    unfinished.unlink(missing_ok=True)
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(os.urandom(KEY_OCTETS))
        file.flush()
        os.fsync(file.fileno())
    with suppress(FileExistsError):
        os.link(unfinished, path)
    unfinished.unlink()
    sync(path.parent)


def erase(path: Path) -> None:
    """Its octets, as far as the disk writes in place, then its name; one that is gone is no error."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        os.pwrite(descriptor, os.urandom(os.fstat(descriptor).st_size), 0)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    path.unlink()
    sync(path.parent)


def sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

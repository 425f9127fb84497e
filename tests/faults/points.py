"""The persistence points: every call by which the device writes or clears its disk, by the part that is
killed there.

Rule: a part comes through exactly the points that stand here, its own and those that it passes; the test that
kills holds the table against what a life came through.
"""

from typing import NamedTuple

from franking.testing.mailbox import Phase


class Points(NamedTuple):
    own: tuple[str, ...]
    "Here it is killed."
    passes: tuple[str, ...] = ()
    "Here another part is killed."
    replies: tuple[tuple[Phase, str], ...] = ()
    "What the submission server says first."
    drops: bool = False
    "It takes the first message and is gone."

    @property
    def reached(self) -> set[str]:
        return {*self.own, *self.passes}


LOG = ("wal_checkpoint(passive)", "wal_checkpoint(truncate)")
"What was erased leaves the log."
MESSAGE = (
    "commit TokenWanted", "commit GrantRotated", "commit AccessTokenReady", "commit JobSubmitted",
    "commit JobTaken", "commit MailboxUsed", "commit BodyStarted",
)  # fmt: skip
SENT = ("commit JobSent",)
FOLDER = ("mkdir store/spool/N", "fsync store/spool/N", "fsync store/spool")
COPIED = ("create store/spool/N/N", "write store/spool/N/N", "fsync store/spool/N/N")
ERASED = ("unlink store/spool/N/N", "rmdir store/spool/N")
ALL = (*MESSAGE, *SENT, *FOLDER, *COPIED, *ERASED, *LOG)
RESERVE = (
    "create store/reserve.part", "posix_fallocate store/reserve.part", "fsync store/reserve.part",
    "rename store/reserve", "fsync store",
)  # fmt: skip
START = ("mkdir store", "create store/lock", "mkdir store/spool", "mkdir store/boxes")

SENDING = {
    "sent": Points(ALL),
    "handed_over": Points(
        (
            "link store/spool/N/N", "fsync scans/N/pages.pdf", "fsync store/spool/N", "fsync store/spool",
            "commit JobSubmitted", "unlink scans/N/pages.pdf",
        ),
        (*MESSAGE, *SENT, *FOLDER, *ERASED, *LOG),
    ),
    "by_link": Points(
        (
            "link store/boxes/N", "fsync store/boxes", "commit DocumentKept", "unlink store/spool/N/N",
            "commit LinkAnnounced", "commit DocumentDeleted", "unlink store/boxes/N",
        ),
        ALL,
    ),
    "in_part": Points(
        ("commit JobPartlySent", "commit JobRetryWanted"),
        (*MESSAGE, *SENT, *LOG),
        (("rcpt", "250 2.1.5 OK"), ("rcpt", "451 4.2.2 Mailbox full")),
    ),
    "refused": Points(
        ("commit JobFailed", "commit InformationRaised", "commit MailboxUseEnded"),
        (*MESSAGE, "commit JobSettled", "commit JobReported", *FOLDER, *COPIED, *ERASED, *LOG),
        (("rcpt", "550 5.1.1 User unknown"),),
    ),
    "reported": Points(
        ("commit JobSettled", "commit JobReported", "commit JobSubmitted", "commit JobSent"),
        (
            *(each for each in ALL if each != "write store/spool/N/N"),
            *("commit JobFailed", "commit InformationRaised", "commit MailboxUseEnded"),
        ),
        (("rcpt", "550 5.1.1 User unknown"),),
    ),
    "later": Points(
        ("commit JobDeferred", "commit JobHeld", "commit JobReleased"),
        (*ALL, "commit JobRetryWanted", "commit MailboxUseEnded"),
        (("data", "451 4.3.2 Not now"),),
    ),
    "unknown": Points(
        ("commit OutcomeUnknown", "commit JobRetryWanted"),
        ALL,
        drops=True,
    ),
    "cancelled": Points(
        ("commit JobCancelled",),
        (*MESSAGE, *FOLDER, *COPIED, *ERASED, *LOG, "commit JobDeferred", "commit MailboxUseEnded"),
        (("data", "451 4.3.2 Not now"),),
    ),
    "full": Points(("commit Noted", "unlink store/reserve", *RESERVE), LOG),
}  # fmt: skip
"By part: of a device that runs."
BORN = Points((*START, "make tables", "commit EngineStarted", "commit Noted", *RESERVE), LOG[1:])
"The first start of a device."
SIGNS_IN = Points(
    (
        "create store/key.part", "fsync store/key.part", "link store/key", "unlink store/key.part",
        "commit UserLoggedIn", "commit SignInWanted", "commit SignInNext", "commit SignInSucceeded",
    ),
    (*BORN.reached, *LOG),
)  # fmt: skip
"The first start, and a person who signs in."
SWEPT = Points(("commit EngineStarted", *ERASED), (*START, *LOG[1:]))
"A start after a kill between the files and the commit of a job."
GOES_ON = Points(
    ("commit EngineStarted", "commit BodyStarted", "commit JobSent", "unlink store/spool/N/N"),
    (*(each for each in MESSAGE if each != "commit JobSubmitted"), *ERASED, *START, *LOG),
)
"A start after a kill while a message was on its way."
KEPT = Points(
    (
        "commit CheckpointTaken", "commit LinesGone", "commit JobNamesGone", "commit JobTriesGone",
        "commit InformationDetail", "commit JobGone",
    ),
    LOG[:1],
)  # fmt: skip
"What was kept for long enough goes."
POINTS = (*SENDING.values(), BORN, SIGNS_IN, SWEPT, GOES_ON, KEPT)
SITES = {
    "boxes.py:Boxes.__init__": "born",
    "boxes.py:Boxes.erase": "by_link",
    "boxes.py:Boxes.linked_in": "by_link",
    "engine.py:Engine.open": "born",
    "spool.py:Original.unlink": "handed_over",
    "spool.py:copy": "sent",
    "spool.py:linked": "handed_over",
    "spool.py:sync": "sent",
    "spool.py:taken_over": "handed_over",
    "spool.py:unlink": "handed_over",
    "spool_folders.py:Spool.__init__": "born",
    "spool_folders.py:Spool.erase": "sent",
    "spool_folders.py:Spool.sweep": "swept",
    "spool_folders.py:Spool.whole": "sent",
    "store/keys.py:make": "signs_in",
    "store/keys.py:sync": "signs_in",
    "store/lock.py:StoreLock.__enter__": "born",
    "store/opening.py:prepare": "born",
    "store/reserve.py:Reserve.make": "full",
    "store/reserve.py:Reserve.release": "full",
    "store/sqlite.py:SqliteStore.empty_log": "sent",
    "store/sqlite.py:SqliteStore.write": "sent",
    "store/sqlite.py:passed": "sent",
}
"The functions of the engine that make the calls, and a part that comes through each."
NO_DISK, ERASES, SWEEPS = (
    "no call of the disk",
    "test_erasure_killed.py",
    "in a folder that the next start sweeps, and that no job needs",
)
BROWSER = "a browser's profile, which no job needs"
SOCKET = "the control socket, which the next start makes anew"
DROPPED = "test_drop.py"
MEMORY = "names of files that are in memory alone"
FOR_OTHERS = "a file for others, which is written again within a minute"
FED = "test_kill_listener.py"
ELSEWHERE = {
    "at_the_panel.py:AtThePanel.touch": NO_DISK,
    "boxes.py:Boxes.found": NO_DISK,
    "control/dropped.py:Drop.erase": DROPPED,
    "control/dropped.py:Drop.explained": DROPPED,
    "control/dropped.py:Drop.move": DROPPED,
    "control/dropped.py:Drop.waits": DROPPED,
    "control/dropped.py:made": DROPPED,
    "control/place.py:linked": SOCKET,
    "control/requests.py:touch": NO_DISK,
    "control/serving.py:bound": SOCKET,
    "control/serving.py:gone": SOCKET,
    "control/uploads.py:Uploads.close": MEMORY,
    "control/uploads.py:Uploads.forget": MEMORY,
    "control/uploads.py:Uploads.take": MEMORY,
    "incoming.py:Incoming.drop": FED,
    "incoming.py:Written.__init__": FED,
    "incoming.py:Written.finish": FED,
    "metrics.py:Metrics.drop": FOR_OTHERS,
    "metrics.py:replace": FOR_OTHERS,
    "panel/app.py:Panel.acting.<locals>.do": NO_DISK,
    "panel/app.py:Panel.showing.<locals>.show": NO_DISK,
    "panel/app.py:Panel.touch": NO_DISK,
    "panel/app.py:Panel.touched": NO_DISK,
    "programs/handing.py:drop": DROPPED,
    "programs/handing.py:sync": DROPPED,
    "programs/handing.py:unlinked": DROPPED,
    "scratch.py:PlainScratch.file": SWEEPS,
    "scratch.py:SealedFile.__init__": SWEEPS,
    "screen/profile.py:Profile.erase": BROWSER,
    "screen/profile.py:Profile.made": BROWSER,
    "screen/profile.py:Profile.write": BROWSER,
    "spool_folders.py:Spool.adopt": "one link in place of a copy, between the calls of `Spool.whole`",
    "spool_folders.py:Spool.scratch": SWEEPS,
    "store/erasure.py:finish_reset": ERASES,
    "store/erasure.py:mark": ERASES,
    "store/keys.py:KeyFile.exchanged": ERASES,
    "store/keys.py:erase": ERASES,
    "store/opening.py:untouched": "takes away what a reader of a store that is refused made beside it",
    "view.py:View.touch": NO_DISK,
}
"The other ones, and why no part is killed there."

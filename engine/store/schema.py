"""The tables of the store, and the SQL of each row that a commit writes."""

import re
from typing import NamedTuple

from .. import kept as k
from .. import records as r
from .. import vault_rows as v

SCHEMA_VERSION = 1
"Of the tables."
OLDEST_READER = 1
"The oldest version whose program may open what this one writes: after a roll-back it goes on with it."
WRITTEN = OLDEST_READER << 16 | SCHEMA_VERSION
"As the file says it. A store that names a newer oldest reader is left untouched."

TABLES = """
create table journal(sequence integer primary key, at text not null, name text not null,
                     version integer not null, fields text not null) strict;
create index journal_checkpoint on journal(sequence) where name='CheckpointTaken';
create table instance(machine text, key text, state text not null, data text not null, entered text,
                      fired text not null, due_us integer, version integer not null,
                      primary key(machine, key)) strict, without rowid;
create index instance_due on instance(due_us) where due_us is not null;
create index instance_state on instance(machine, state);
create index instance_over on instance(entered, key) where machine='job' and state in ('SENT', 'ENDED');
create table identity(identity text primary key, login text not null unique, address text not null) strict;
create table account(account text primary key, address text not null unique) strict;
create table refused_sender(account text, address text, until text not null,
                            primary key(account, address)) strict, without rowid;
create table vault(identity text primary key, version integer not null, issuer text not null,
                   address text not null, account text not null, aliases text not null,
                   sealed blob not null) strict;
create table job(job integer primary key, identity text not null, owner text not null,
                 function text not null, by_device integer not null, sender text not null,
                 message_id text not null, submitted_at text not null,
                 request text not null, files text not null, place text not null,
                 addressed integer not null, mark text not null,
                 state text not null default 'NEW', ready integer not null default 0,
                 reason text not null default '', reply text not null default '',
                 recipients text not null default '[]', phase text not null default '',
                 unknown integer not null default 0) strict;
create table attempt(job integer, number integer, code text not null, phase text not null,
                     reply text not null, recipients text not null,
                     primary key(job, number)) strict, without rowid;
create trigger job_gone after delete on job begin delete from attempt where job=old.job; end;
create index job_unfinished on job(identity, job, function) where state not in ('SENT', 'ENDED');
create index job_owner on job(owner, job);
create index job_mark on job(mark) where mark<>'';
create index job_ready on job(identity, owner, by_device, place, job) where ready;
create table document(document integer primary key, identity text not null, name text not null,
                      size integer not null, sha256 text not null, kept_at text not null,
                      sealed blob not null) strict;
create index document_identity on document(identity);
create table scan(job integer primary key, octets integer not null, sealed blob not null) strict;
create table body(job integer primary key, octets blob not null) strict;
create table spooled(octets integer not null) strict;
insert into spooled values(0);
create trigger scan_gone after delete on scan begin
  update spooled set octets=octets-old.octets; delete from body where job=old.job;
end;
create trigger document_gone after delete on document begin update spooled set octets=octets-old.size; end;
create trigger scan_without_job after delete on job begin delete from scan where job=old.job; end;
create table link(document integer primary key, job integer not null, sealed blob not null,
                  digest blob not null unique) strict;
create index link_job on link(job);
create table information(code text, subject text, because integer not null, at text not null,
                         detail text not null, acknowledged integer not null,
                         primary key(code, subject)) strict, without rowid;
create table secret(name text primary key, sealed blob not null) strict, without rowid;
create table noted(name text primary key, value text not null) strict, without rowid;
create table alarm(way text, sequence integer, primary key(way, sequence)) strict, without rowid;
create table revocation(key text primary key, identity text not null) strict, without rowid;
"""

PRAGMAS = (
    "pragma journal_mode=wal",
    "pragma synchronous=full",
    "pragma secure_delete=on",
    "pragma temp_store=memory",
    "pragma cache_size=-1024",
    "pragma wal_autocheckpoint=0",
)


CHANGED = re.compile(r"(?:into|from|update) (\w+)")


def insert(table: str, row: type[NamedTuple]) -> str:
    names = row._fields
    return f"insert or replace into {table}({','.join(names)}) values({','.join('?' * len(names))})"


def born() -> str:
    """A job that is new, with what its machine made of it: one row, and each of its indices written once."""
    names = (*r.JobRow._fields, *r.JobMoved._fields[1:])
    return f"insert or replace into job({','.join(names)}) values({','.join('?' * len(names))})"


class Born:
    """Stands for a `JobRow` together with the `JobMoved` of the same commit."""


LINE = insert("journal", r.Line)
STORED = insert("instance", r.Stored)
GONE = "delete from instance where machine=? and key=?"
KEPT = "update spooled set octets=octets+?"
"Once for all that a commit brings; a trigger for each row costs as much as the row."

WRITES: dict[type, str] = {
    r.IdentityRow: insert("identity", r.IdentityRow),
    r.AccountRow: insert("account", r.AccountRow),
    r.RefusedSender: insert("refused_sender", r.RefusedSender),
    r.RefusedSendersGone: "delete from refused_sender where account=?",
    r.SealedGrant: insert("vault", r.SealedGrant),
    r.ErasedGrant: "delete from vault where identity=?",
    r.JobRow: insert("job", r.JobRow),
    Born: born(),
    r.JobMoved: "update job set state=?2, ready=?3, reason=?4 where job=?1",
    r.JobOutcome: "update job set reply=?2, recipients=?3, phase=?4, unknown=?5 where job=?1",
    r.JobTry: insert("attempt", r.JobTry),
    r.DocumentRow: insert("document", r.DocumentRow),
    r.LinkRow: insert("link", r.LinkRow),
    r.DocumentGone: "delete from document where document=?",
    r.LinkGone: "delete from link where document=?",
    v.ResealedGrant: "update vault set sealed=?2 where identity=?1 and sealed=?3",
    v.ResealedLink: "update link set sealed=?2 where document=?1 and sealed=?3",
    v.ResealedSecret: "update secret set sealed=?2 where name=?1 and sealed=?3",
    v.ScanRow: insert("scan", v.ScanRow),
    v.BodyRow: insert("body", v.BodyRow),
    v.ScanGone: "delete from scan where job=?",
    v.ResealedScan: "update scan set sealed=?2 where job=?1 and sealed=?3",
    v.ResealedDocument: "update document set sealed=?2 where document=?1 and sealed=?3",
    v.KeptSecret: insert("secret", v.KeptSecret),
    v.SecretGone: "delete from secret where name=?",
    v.Noted: insert("noted", v.Noted),
    v.JobsGone: "delete from job where owner=?",
    k.JobGone: "delete from job where job=?",
    k.JobNamesGone: "update job set sender='', message_id='', request='', files=?2, reply='', "
    "recipients='[]', mark='' where job=?1",
    k.JobTriesGone: "delete from attempt where job=?",
    k.LinesGone: "delete from journal where sequence between ? and ? "
    "and sequence not in (select because from information)",
    v.PersonGone: "delete from identity where identity=?",
    r.InformationRow: insert("information", r.InformationRow),
    r.InformationDetail: "update information set detail=?3 where code=?1 and subject=?2",
    r.InformationRead: "update information set acknowledged=1 where code=? and subject=?",
    r.InformationGone: "delete from information where code=? and subject=?",
    r.AlarmDue: insert("alarm", r.AlarmDue),
    r.AlarmGiven: "delete from alarm where sequence=? and way=?",
    r.RevocationBegun: insert("revocation", r.RevocationBegun),
    r.RevocationEnded: "delete from revocation where key=?",
}
"Each in the order of its fields."
NEW = (r.JobRow, r.DocumentRow)
"What a store whose disk is full does not take."
TABLE = {kind: found[1] for kind, sql in WRITES.items() if (found := CHANGED.search(sql))}
TABLE |= dict.fromkeys((r.JobTry, k.JobTriesGone), "job")
"Whose rows each changes; a job takes its tries with it. What changes different tables may change places."
ERASURES = (
    r.ErasedGrant, v.ResealedGrant, v.ResealedLink, v.ResealedSecret, v.ResealedScan, v.ResealedDocument,
    v.KeptSecret, v.SecretGone, v.JobsGone, v.PersonGone,
)  # fmt: skip
"What they take away leaves every file of the store at once."
ERASED_SOON = (v.ScanGone, r.DocumentGone, r.LinkGone, k.JobNamesGone, k.JobGone)
"What they take away leaves every file of the store within a second: a thousand jobs may end in one."
WITH_OCTETS = frozenset(kind for kind in WRITES if bytes in getattr(kind, "__annotations__", {}).values())

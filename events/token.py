"""Facts about the grant and the access token of one identity.

The secret that a fact brings travels beside it, never in it. `of` is the version of the grant that was used,
`attempt` the number of the request for an access token: an answer to a former one cannot touch the present
one.
"""

from typing import ClassVar

from pydantic import AwareDatetime

from .base import OfIdentity, OfPlace
from .settings import LeftJobs


class SignInSucceeded(OfPlace, OfIdentity):
    """The provider gave tokens, and the id_token was validated. Brings a refresh token and an access
    token.
    """

    brings_grant: ClassVar[bool] = True

    right: bool
    "The signed-in account is the wanted address or one of its aliases (S19)."
    renew_at: AwareDatetime
    "When an idle grant should be used so that it does not lapse (B1)."
    stale_at: AwareDatetime
    "`expires_at` of the access token less the provider's margin: from then on it is not used (S25)."
    ends_at: AwareDatetime | None = None
    "When the refresh token ends, however often it is used; None: the provider names no day."


class GrantFact(OfIdentity):
    """Concerns one version of the grant."""

    of: int


class GrantRotated(GrantFact):
    """A refresh brought a new refresh token in place of the one that was used (RFC 6749 section 6)."""

    brings_grant: ClassVar[bool] = True

    renew_at: AwareDatetime


class GrantRefused(GrantFact):
    """The provider's word that the grant is dead; an outage is never that (S29)."""

    code: str
    "As the provider said it: AADSTS50173, invalid_grant."


class CredentialRefused(GrantFact):
    """The provider does not take the application's own credential (B3). What is kept is nobody's secret: it
    stays, and is asked with again.
    """

    code: str
    "As the provider said it: AADSTS7000222, invalid_client."


class GrantCopied(GrantFact):
    """It is another device's: this store is a copy of that one's. It is not revoked, for the other device
    goes on using it.
    """


class GrantLocked(GrantFact):
    """The key that sealed it is lost. It stays as it is: who puts the key back has it again (S29)."""


class GrantUnlocked(GrantFact):
    """The key that sealed it is back."""


class GrantVoided(GrantFact):
    """The settings or the directory name another issuer or address than those for which it was given, or do
    not let the account that signed in have that address any more: it is of no use (S26a, S19).
    """

    left_jobs: LeftJobs = LeftJobs.WAIT
    "What becomes of this user's jobs in the spool."


class GrantEnded(OfIdentity):
    """The present grant is over without a person's act; whoever holds an access token of it drops it."""


class RenewalDue(OfIdentity):
    """The grant was idle for so long that it should be used (B1)."""


class TokenWanted(OfIdentity):
    """Mail waits for an access token, or an idle grant is to be renewed."""


class TokenDeleted(OfIdentity):
    """[Delete], or [Auto Delete] at logout and auto reset (S27, S28)."""

    left_jobs: LeftJobs = LeftJobs.WAIT
    "What becomes of this user's jobs in the spool."


class GrantRevoked(OfIdentity):
    """The end of a revocation at the provider. The grant was erased here before (S27)."""

    delivered: bool
    "False: the provider could not be told, or has no revocation."


class PersonErased(OfIdentity):
    """Everything of this person was erased; the number is never given to anybody else (B14)."""


class TokenAnswer(OfIdentity):
    """Answers one request for an access token."""

    attempt: int


class AccessTokenReady(TokenAnswer):
    """Brings an access token."""

    of: int
    renew_at: AwareDatetime
    stale_at: AwareDatetime
    ends_at: AwareDatetime | None = None
    "When the refresh token that is now held ends; None: the provider names no day."


class GrantWarningDue(OfIdentity):
    """A warning is due of the day on which the grant ends."""


class GrantEndAnnounced(OfIdentity):
    """The grant ends on a known day, and using it does not put that off."""

    ends_at: AwareDatetime


class RefreshDelayed(TokenAnswer):
    """The provider could not be reached or said "not now": the grant is kept (S29, B2)."""

    retry_at: AwareDatetime
    code: str
    named: bool = False
    "The provider named the time: nobody's trying again comes before it (B11)."


class RefreshBlocked(TokenAnswer):
    """The provider wants an act of an administrator or the application's owner: signing in again is in
    vain.
    """

    retry_at: AwareDatetime
    code: str
    actor: str
    "`admin`, `app` or `ours`, as the provider's answers are told apart."


class GrantMissing(TokenAnswer, GrantFact):
    """There was no grant to ask with: the vault has none where the machine holds one."""


class AccessTokenRejected(TokenAnswer):
    """The submission server did not take the access token that this attempt brought (S32)."""

    retry_at: AwareDatetime
    "When to ask again should it be rejected a second time."
    code: str


class AccessTokenStale(OfIdentity):
    """The access token came within the provider's margin of its end."""


class TokenRetryDue(OfIdentity):
    """A back-off, or a wait for somebody's act, is over."""

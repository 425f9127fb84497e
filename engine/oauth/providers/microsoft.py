"""Microsoft Entra ID for Exchange Online and personal accounts, as data.

Sources:
https://learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow (endpoints, prompt, tid),
https://learn.microsoft.com/entra/identity-platform/refresh-tokens (90 days, replaced at each use),
https://learn.microsoft.com/entra/identity-platform/reply-url (`http://localhost`, any port),
https://learn.microsoft.com/entra/identity-platform/id-token-claims-reference (which claims name an address),
https://learn.microsoft.com/entra/identity-platform/reference-error-codes (numbers),
https://learn.microsoft.com/entra/msal/dotnet/advanced/exceptions/msal-error-handling (suberrors),
"Authenticate an IMAP, POP or SMTP connection using OAuth" (scopes) and "How to set up a multifunction device
to send email" (server, 3 connections) under https://learn.microsoft.com/exchange/.
"""

from datetime import timedelta
from types import MappingProxyType

from ....events.information import Actor
from ....machines import mailboxes
from ...ports import AnswerClass, Lifetimes
from ..answers import DEAD, Call, Row
from .model import AccountClaims, ProviderData, Redirect

SIGN_IN_AGAIN = "Sign in again."
SIGNS_IN = frozenset({Call.AUTHORIZE, Call.CODE})
REFRESHES = frozenset({Call.REFRESH})


def _of(*numbers: int) -> frozenset[int]:
    return frozenset(numbers)


def _dead(meaning: str, cause: str, numbers: frozenset[int], remedy: str = SIGN_IN_AGAIN) -> Row:
    return Row(
        f"microsoft.{meaning}",
        AnswerClass.PERSON,
        Actor.PERSON,
        cause,
        remedy,
        numbers,
        DEAD,
        calls=REFRESHES,
    )


def _tenant(meaning: str, cause: str, remedy: str, numbers: frozenset[int]) -> Row:
    return Row(f"microsoft.{meaning}", AnswerClass.ADMIN, Actor.TENANT, cause, remedy, numbers)


def _registration(meaning: str, cause: str, remedy: str, numbers: frozenset[int]) -> Row:
    return Row(f"microsoft.{meaning}", AnswerClass.APP, Actor.APP, cause, remedy, numbers)


def _ours(
    meaning: str,
    cause: str,
    remedy: str,
    actor: Actor,
    numbers: frozenset[int],
    pause: timedelta | None = None,
) -> Row:
    return Row(f"microsoft.{meaning}", AnswerClass.OURS, actor, cause, remedy, numbers, pause=pause)


WAITING = Row(
    "microsoft.unavailable",
    AnswerClass.WAIT,
    Actor.NOBODY,
    "The directory service is not available now.",
    "Wait: it is asked again.",
    _of(50033, 50087, 50166, 70012, 80002, 90006, 90012, 90024, 90033, 90055, 90090),
)

ENDED = (
    _dead("not-used", "The refresh token was not used for 90 days.", _of(700082)),
    _dead("ended", "The refresh token has expired or was revoked.", _of(70008)),
    _dead(
        "revoked",
        "The sign-in was revoked: a changed password, or all sign-ins ended by person or administrator.",
        _of(50173),
    ),
    _dead(
        "frequency",
        "A policy of the organisation ends sign-ins after a fixed time.",
        _of(70043, 70044),
        "Sign in again. It will come again: the organisation's administrator can exclude this account from "
        "the sign-in frequency policy.",
    ),
    _dead("not-valid", "The refresh token is not valid.", _of(70000)),
    _dead(
        "device-code",
        "The sign-in was made with a device code, which a policy now blocks.",
        _of(530036),
        "Sign in again with the browser, not with a device code.",
    ),
    _dead("multi-factor", "Multi-factor authentication is wanted.", _of(50076, 50078, 50074, 50158)),
    _dead(
        "multi-factor-registration",
        "The account must register for multi-factor authentication.",
        _of(50079, 50072),
    ),
    _dead("password", "The password has expired or was changed.", _of(50055, 50132, 50133, 50144)),
    _dead(
        "consent-withdrawn",
        "Consent for sending e-mail was withdrawn.",
        _of(65001),
        "Sign in again and accept.",
    ),
)

TENANT = (
    _tenant(
        "conditional-access",
        "Conditional Access blocks the token.",
        "The organisation's administrator must change the Conditional Access policy for this account.",
        _of(53003, 53011, 50131),
    ),
    _tenant(
        "conditional-access-device",
        "Conditional Access wants a managed or joined device.",
        "The organisation's administrator must exclude this account or application from the device rule.",
        _of(53000, 53001, 53002, 50097, 50129, 50155),
    ),
    _tenant(
        "security-defaults",
        "Security defaults or a security policy of the organisation block this kind of sign-in.",
        "Use the sign-in by browser; the organisation's administrator can see the block in the sign-in log.",
        _of(530035, 530032),
    ),
    _tenant(
        "not-assigned",
        "The account is not assigned to this application.",
        "The organisation's administrator must assign it to the enterprise application.",
        _of(50105),
    ),
    _tenant(
        "account-disabled",
        "The account is disabled.",
        "The organisation's administrator must enable it.",
        _of(50057),
    ),
    _tenant(
        "account-locked",
        "The account is locked.",
        "Wait, or let the organisation's administrator unlock it.",
        _of(50053),
    ),
    _tenant(
        "admin-consent",
        "The organisation's administrator must consent to this application.",
        "Send the consent link to the organisation's administrator.",
        _of(65001, 90094, 90095, 90008),
    ),
    _tenant(
        "no-exchange",
        "The organisation has no Exchange Online under this tenant.",
        "Check the tenant, the cloud and the licences.",
        _of(500011, 650052),
    ),
)

REGISTRATION = (
    _registration(
        "secret-wrong",
        "The client secret is wrong.",
        "Set the secret's value, not its id, as the client credential in [OAuth Settings].",
        _of(7000215),
    ),
    _registration(
        "secret-expired",
        "The client secret has expired.",
        "Create a new secret and set it as the client credential in [OAuth Settings].",
        _of(7000222),
    ),
    _registration(
        "secret-missing",
        "The registration wants a client secret and none is set.",
        "Allow public client flows in the registration, or set the client credential in [OAuth Settings].",
        _of(7000218),
    ),
    _registration(
        "public-client",
        "The registration is for a public client, yet a client secret is set.",
        "Remove the client credential in [OAuth Settings].",
        _of(700025),
    ),
    _registration(
        "certificate",
        "The client's certificate was not accepted: not uploaded, expired, or the clock is wrong.",
        "Upload the certificate; check the clock.",
        _of(700027, 50012, 700030),
    ),
    _registration(
        "application",
        "The application is not known in this tenant.",
        "Check the client id and the tenant in [OAuth Settings].",
        _of(700016, 700011, 70001, 7000112),
    ),
    _registration(
        "tenant",
        "The tenant setting does not fit the application or does not exist.",
        "Set the tenant in [OAuth Settings] to the organisation's own; check the cloud.",
        _of(50194, 90002, 90038, 900382, 9002332, 90124),
    ),
    _registration(
        "redirect-page",
        "The redirect is registered as one of a single-page application.",
        "Register http://localhost under mobile and desktop applications, then sign in again.",
        _of(700084, 9002326, 9002327),
    ),
    _registration(
        "redirect",
        "The redirect address is not registered.",
        "Register http://localhost under mobile and desktop applications.",
        _of(50011),
    ),
    _registration(
        "permission",
        "The application may not ask for sending e-mail.",
        "Add the permission SMTP.Send to the registration.",
        _of(65005, 650056, 650057, 70011, 28002),
    ),
)

OURS = (
    _ours(
        "loop",
        "This device asked the same too often and is kept out for a while.",
        "Wait: it is asked again after a long pause.",
        Actor.NOBODY,
        _of(50196),
        timedelta(minutes=10),
    ),
    _ours(
        "clock",
        "By the provider's clock this device's clock is wrong.",
        "Set the clock.",
        Actor.ADMIN,
        _of(500133),
    ),
    _ours(
        "code",
        "The authorization code was used before, or its verifier was lost.",
        "Start the sign-in again.",
        Actor.PERSON,
        _of(54005, 501481, 50148, 700005),
    ),
    _ours(
        "request",
        "The provider could not read the request.",
        "This is a fault of the program: report it with the code.",
        Actor.APP,
        _of(9002313, 900144, 90014, 900971, 900561, 70003, 28003, 700022),
    ),
)

BY_SUBERROR = (
    Row(
        "microsoft.message-only",
        AnswerClass.ADMIN,
        Actor.TENANT,
        "A policy of the organisation refuses, and signing in again gives the same answer.",
        "The organisation's administrator finds the reason in the sign-in log.",
        errors=DEAD,
        suberrors=frozenset(
            {
                "message_only",
                "additional_action",
                "device_authentication_failed",
                "protection_policy_required",
            }
        ),
    ),
    Row(
        "microsoft.password-expired",
        AnswerClass.PERSON,
        Actor.PERSON,
        "The password has expired.",
        "Set a new password, then sign in again.",
        errors=DEAD,
        suberrors=frozenset({"user_password_expired"}),
        calls=REFRESHES,
    ),
    Row(
        "microsoft.consent-withdrawn",
        AnswerClass.PERSON,
        Actor.PERSON,
        "Consent for sending e-mail was withdrawn.",
        "Sign in again and accept.",
        errors=DEAD,
        suberrors=frozenset({"consent_required"}),
        calls=REFRESHES,
    ),
)

MICROSOFT = ProviderData(
    name="Microsoft",
    authorize="https://login.microsoftonline.com/{tenant}/oauth2/v2.0/authorize",
    token="https://login.microsoftonline.com/{tenant}/oauth2/v2.0/token",  # noqa: S106 - an address, no secret
    keys="https://login.microsoftonline.com/{tenant}/discovery/v2.0/keys",
    issuer="https://login.microsoftonline.com/{tenant}/v2.0",
    revoke=None,
    # outlook.office365.com as the scope's host fails for personal accounts. `profile` brings
    # preferred_username.
    scopes=("https://outlook.office.com/SMTP.Send", "offline_access", "openid", "email", "profile"),
    scopes_needed=frozenset({"https://outlook.office.com/SMTP.Send"}),
    scopes_on_refresh=("https://outlook.office.com/SMTP.Send", "offline_access"),
    # AADSTS50011 for 127.0.0.1: any port is accepted for `localhost` alone.
    redirect=Redirect("localhost", ("127.0.0.1", "::1")),
    rotates=True,
    # `email` is a field that a tenant's administrator fills in; xms_edov says that its domain was verified.
    claims=AccountClaims(
        account=("preferred_username",),
        email_verified=("xms_edov",),
        aliases=("verified_primary_email", "verified_secondary_email"),
    ),
    lifetimes=Lifetimes(
        idle=timedelta(days=90),
        margin=timedelta(minutes=5),
        server="smtp.office365.com",
        connections=3,
        octets_max=157_286_400,
        recipients_max=1_000,
    ),
    domains=mailboxes.DOMAINS[mailboxes.MICROSOFT],
    tenants_open=frozenset({"common", "organizations", "consumers"}),
    authorize_extra=MappingProxyType({"prompt": "select_account"}),
    answers=(WAITING, *ENDED, *TENANT, *REGISTRATION, *OURS, *BY_SUBERROR),
)

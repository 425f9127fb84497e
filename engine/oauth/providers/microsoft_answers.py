"""What Microsoft's numbers and suberrors mean, for work and school, personal accounts and national clouds
alike.

Rules: a row is told by number, for one `error` covers many causes; where the number is not known, the
suberror and then the error decide (`answers.GENERAL`). A number stands once for each call. Sources stand
beside the rows; where none does, it is Microsoft's list of codes (`CODES`).
"""

from datetime import timedelta

from ....events.information import Actor
from ...ports import AnswerClass
from ..answers import DEAD, DECLINED, REFRESHES, SIGNS_IN, Call, Row

LEARN = "https://learn.microsoft.com/entra/identity-platform"
CODES = f"{LEARN}/reference-error-codes"
SUBERRORS = "https://learn.microsoft.com/entra/msal/dotnet/advanced/exceptions/msal-error-handling"
ACCESS = "https://learn.microsoft.com/entra/identity/conditional-access"
BLOCKED_FLOWS = f"{ACCESS}/policy-block-authentication-flows"
TRANSFER = f"{ACCESS}/concept-authentication-flows"
DEFAULTS = "https://learn.microsoft.com/entra/fundamentals/security-defaults"
ANY = frozenset[Call]()
LONG = timedelta(minutes=10)
"How long to stay away from a provider that says that it is asked too often."
WAIT = "Wait: it is asked again."
DESKTOP = "Register http://localhost under mobile and desktop applications"


def _person(
    meaning: str,
    cause: str,
    remedy: str,
    *numbers: int,
    calls: frozenset[Call] = ANY,
    actor: Actor = Actor.PERSON,
    source: str = CODES,
) -> Row:
    of = frozenset(numbers)
    return Row(
        f"microsoft.{meaning}", AnswerClass.PERSON, actor, cause, remedy, of, calls=calls, source=source
    )


def _tenant(
    meaning: str,
    cause: str,
    remedy: str,
    *numbers: int,
    calls: frozenset[Call] = ANY,
    actor: Actor = Actor.TENANT,
    source: str = CODES,
) -> Row:
    of = frozenset(numbers)
    return Row(
        f"microsoft.{meaning}", AnswerClass.ADMIN, actor, cause, remedy, of, calls=calls, source=source
    )


def _app(meaning: str, cause: str, remedy: str, *numbers: int, source: str = CODES) -> Row:
    of = frozenset(numbers)
    return Row(f"microsoft.{meaning}", AnswerClass.APP, Actor.APP, cause, remedy, of, source=source)


def _other(
    kind: AnswerClass,
    meaning: str,
    cause: str,
    remedy: str,
    actor: Actor,
    *numbers: int,
    pause: timedelta | None = None,
) -> Row:
    of = frozenset(numbers)
    return Row(f"microsoft.{meaning}", kind, actor, cause, remedy, of, pause=pause, source=CODES)


WAITING = (
    _other(AnswerClass.WAIT, "unavailable", "The directory service is not available now.", WAIT,
           Actor.NOBODY, 50033, 50087, 70012, 80002, 90006, 90012, 90024, 90033, 90090),
    _other(AnswerClass.WAIT, "throttled", "The provider is asked too often from this organisation.", WAIT,
           Actor.NOBODY, 50166, 90055, pause=LONG),
)  # fmt: skip

ENDED = (
    _person("not-used", "The refresh token was not used for 90 days.", "", 700082, calls=REFRESHES),
    _person("ended", "The refresh token has expired or was revoked.", "", 70008, calls=REFRESHES),
    _person("revoked",
            "The sign-in was revoked: a changed password, or all sign-ins ended by person or administrator.",
            "", 50173),
    _person("single-page",
            "The redirect is registered as one of a single-page application, whose sign-ins last 24 hours.",
            f"{DESKTOP}; then sign in again.", 700084, actor=Actor.APP),
    _person("frequency", "A policy of the organisation ends sign-ins after a fixed time.",
            "It will come again: the organisation's administrator can exclude this account from the sign-in "
            "frequency policy, or let the device send without a person.", 70043, 70044),
    _person("not-valid", "The refresh token is not valid.", "", 70000, calls=REFRESHES),
    _person("device-code", "The sign-in was made with a device code, which a policy now blocks.",
            "Use the browser, not a device code.", 530036, source=TRANSFER),
    _person("confirmation", "The provider wants the person to confirm the sign-in on its page.", "", 50199),
    _person("multi-factor", "Multi-factor authentication is wanted.", "", 50074, 50076, 50078, 50158),
    _person("multi-factor-registration", "The account must register for multi-factor authentication.",
            "The provider's page leads through it.", 50072, 50079),
    _person("password", "The password has expired.", "Set a new password first.", 50055, 50144),
    _person("session", "The sign-in ended, for the password has expired or was changed.", "", 50132, 50133),
    _person("no-session", "The provider knows of no sign-in any more.", "", 50058, 50089),
    _person("no-password", "The directory has no password for this account.",
            "If it comes again, the organisation's administrator must look at the account.", 50056),
    _person("consent-withdrawn", "Consent for sending e-mail was withdrawn.",
            "Accept when you are asked.", 65001, calls=REFRESHES),
)  # fmt: skip

AT_THE_PAGE = (
    Row(DECLINED, AnswerClass.PERSON, Actor.PERSON, "The person declined at the provider.",
        "Sign in again and accept.", frozenset({65004}), calls=SIGNS_IN, source=CODES),
    _person("wrong-password", "The user name or the password was wrong.", "Sign in again.", 50126),
    _person("strange-account", "The account is not one of this organisation.",
            "Sign in with the account of the From address, or have it invited.", 50020),
    _person("unknown-account", "The account is not known in this organisation.",
            "Check the address, and the tenant in [OAuth Settings].", 50034),
    _person("kind-of-account", "The account is of the wrong kind: personal instead of work, or the reverse.",
            "Sign in with the right account, or choose the provider in {oauth.provider} that fits it.",
            500208),
    _person("device-code-place", "The code was entered in another data center of the provider.",
            "Start the sign-in again.", 50134),
    _person("device-code-empty", "No code was entered.", "Enter the code that this device shows.", 90119),
    _person("device-code-used", "The code was answered before.",
            "Start the sign-in again: it shows a new code.", 90120),
)  # fmt: skip

DEVICE_CODE = frozenset({Call.DEVICE})
OTHERWISE = frozenset(Call) - DEVICE_CODE
BLOCKED = (
    _tenant("device-code-blocked", "The organisation does not allow sign-ins with a device code.",
            "Sign in with the browser, or have the account excluded from the Conditional Access policy.",
            53003, calls=DEVICE_CODE, source=BLOCKED_FLOWS),
    _tenant("device-code-defaults", "Security defaults block sign-ins with a device code.",
            "Sign in with the browser: that works with security defaults.", 530035, calls=DEVICE_CODE,
            source=DEFAULTS),
    _tenant("device-code-unmanaged", "A rule for managed devices blocks sign-ins with a device code.",
            "Sign in with the browser, or have the account excluded from the device rule.", 50097,
            calls=DEVICE_CODE, source="https://tech.nicolonsky.ch/device-code-auth-ca/"),
)  # fmt: skip

TENANT = (
    _tenant("conditional-access", "Conditional Access blocks the token.",
            "The organisation's administrator must change the Conditional Access policy for this account.",
            53003, calls=OTHERWISE),
    _tenant("conditional-access-place",
            "Conditional Access refused: the state of the device, the place, or suspicious activity.",
            "The organisation's administrator finds why in the sign-in log, and can change the policy.",
            50131),
    _tenant("risk", "The account is blocked as one at risk.",
            "The organisation's administrator must clear the risk.", 53011),
    _tenant("conditional-access-device", "Conditional Access wants a managed or joined device.",
            "The organisation's administrator must exclude this account or application from the device rule.",
            50129, 50155, 53000, 53001, 53002),
    _tenant("device-rule", "A rule wants a device that proves who it is, which no shared device can.",
            "The organisation's administrator must exclude this account or application from the device rule, "
            "or let the device send without a person.", 50097, calls=OTHERWISE),
    _tenant("security-defaults",
            "Security defaults or a security policy of the organisation block this kind of sign-in.",
            "Use the sign-in by browser; the organisation's administrator finds it in the sign-in log.",
            530035, calls=OTHERWISE),
    _tenant("security-policy", "A security policy of the organisation blocks the request.",
            "The organisation's administrator must check its security policies.", 530032),
    _tenant("not-assigned", "The account is not assigned to this application.",
            "The organisation's administrator must assign it to the enterprise application.", 50105),
    _tenant("account-disabled", "The account is disabled.",
            "The organisation's administrator must enable it.", 50057),
    _tenant("account-locked", "The account is locked.",
            "Wait, or let the organisation's administrator unlock it.", 50053),
    _tenant("foreign-account", "A check outside the provider is not offered to accounts of this kind.",
            "Use an account of the organisation's own directory.", 50177),
    _tenant("admin-consent", "The organisation's administrator must consent to this application.",
            "Send the consent link to the organisation's administrator.", 65001, 90008, 90094, 90095),
    _tenant("no-exchange", "The organisation has no Exchange Online under this tenant.",
            "Check the tenant, the cloud and the licences.", 500011, 650052),
    _tenant("tenant-restriction", "The network lets devices sign in at some organisations alone.",
            "Have this organisation allowed at the proxy that restricts tenants.", 50002, 500021),
    _tenant("across-organisations", "A policy between the two organisations refuses.",
            "The organisation's administrator must change the cross-tenant access policy.", 500212, 500213),
)  # fmt: skip

REGISTRATION = (
    _app("secret-wrong", "The client secret is wrong.",
         "Set the secret's value, not its id, as the client credential in [OAuth Settings].", 7000215),
    _app("secret-expired", "The client secret has expired.",
         "Create a new secret and set it as the client credential in [OAuth Settings].", 7000222),
    _app("secret-missing", "The registration wants a client secret and none is set.",
         "Allow public client flows in the registration, or set the client credential in [OAuth Settings].",
         7000216, 7000218),
    _app("public-client", "The registration is for a public client, yet a client secret is set.",
         "Remove the client credential in [OAuth Settings].", 700025),
    _app("certificate",
         "The client's certificate was not accepted: not uploaded, expired, or the clock is wrong.",
         "Upload the certificate; check the clock.", 50012, 700027, 700030),
    _app("application", "The application is not known in this tenant.",
         "Check the client id and the tenant in [OAuth Settings].", 700011, 700016),
    _app("application-disabled", "The application is disabled or was removed.",
         "Enable it under enterprise applications, and check the registration.", 70001, 7000112),
    _app("tenant", "The tenant setting does not fit the application or does not exist.",
         "Set the tenant in [OAuth Settings] to the organisation's own; check the cloud.",
         50194, 90002, 90124, 9001023, 9002332),
    _app("cloud", "The organisation is in another national cloud.",
         "Choose the provider of that cloud in {oauth.provider}, with an application registered there.",
         90038, 900382),
    _app("redirect-page", "The redirect is registered as one of a single-page application.",
         f"{DESKTOP}, then sign in again.", 9002326, 9002327,
         source=f"{CODES}, umijs/umi-request#299, AzureAD/microsoft-authentication-library-for-js#2482"),
    _app("redirect", "The redirect address is not registered.", f"{DESKTOP}.", 50011),
    _app("permission", "The application may not ask for sending e-mail.",
         "Add the permission SMTP.Send to the registration.", 28002, 65005, 70011, 650056, 650057, 1002012),
)  # fmt: skip

OURS = (
    _other(AnswerClass.OURS, "loop", "This device asked the same too often and is kept out for a while.",
           "Wait: it is asked again after a long pause.", Actor.NOBODY, 50196, pause=LONG),
    _other(AnswerClass.OURS, "clock", "By the provider's clock this device's clock is wrong.",
           "Set the clock.", Actor.ADMIN, 500133, 700024),
    _other(AnswerClass.OURS, "code", "The authorization code was used before, or its verifier was lost.",
           "Start the sign-in again.", Actor.PERSON, 54005, 50148, 501481, 700005),
    _other(AnswerClass.OURS, "request", "The provider could not read the request.",
           "This is a fault of the program: report it with the code.", Actor.MAKER,
           28003, 50147, 70003, 90014, 501491, 700022, 900144, 900561, 900971, 9002313),
)  # fmt: skip

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
        source=SUBERRORS,
    ),
    Row(
        "microsoft.password",
        AnswerClass.PERSON,
        Actor.PERSON,
        "The password has expired.",
        "Set a new password first.",
        errors=DEAD,
        suberrors=frozenset({"user_password_expired"}),
        source=SUBERRORS,
    ),
    Row(
        "microsoft.consent-withdrawn",
        AnswerClass.PERSON,
        Actor.PERSON,
        "Consent for sending e-mail was withdrawn.",
        "Accept when you are asked.",
        errors=DEAD,
        suberrors=frozenset({"consent_required"}),
        calls=REFRESHES,
        source=SUBERRORS,
    ),
)

ANSWERS = (
    *WAITING, *ENDED, *AT_THE_PAGE, *BLOCKED, *TENANT, *REGISTRATION, *OURS, *BY_SUBERROR,
)  # fmt: skip

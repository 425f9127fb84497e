"""What token and device endpoints are known to answer, and what each answer has to come to: 152 rows.

It is collected from the providers' documentation and from reports of what was seen, apart from the tables
that decide, and says of each answer how it arrives, what kind of trouble it is, and who must act. Where only
the program is at fault, that is whoever can do something now: who holds the clock, who can start again; else
its maker.
"""

from dataclasses import dataclass

from franking.engine.oauth.answers import Call
from franking.engine.ports import AnswerClass
from franking.events.information import Actor

WAIT, PERSON, ADMIN = AnswerClass.WAIT, AnswerClass.PERSON, AnswerClass.ADMIN
APP, OURS, PROTOCOL = AnswerClass.APP, AnswerClass.OURS, AnswerClass.PROTOCOL
USER, TENANT, OWNER, NOBODY = Actor.PERSON, Actor.TENANT, Actor.APP, Actor.NOBODY
DEVICE_ADMIN, MAKER = Actor.ADMIN, Actor.MAKER
REFRESH, CODE, AUTHORIZE, DEVICE = Call.REFRESH, Call.CODE, Call.AUTHORIZE, Call.DEVICE
APPLICATION = Call.APPLICATION


@dataclass(frozen=True, slots=True)
class Known:
    """One answer: how it arrives, and what it has to come to."""

    provider: str
    "`Microsoft` or `Google`; `any`: it is played at Microsoft."
    where: str
    code: str
    call: Call
    kind: AnswerClass
    actor: Actor
    status: int = 400
    error: str = ""
    number: int = 0
    suberror: str = ""
    words: str = ""

    @property
    def name(self) -> str:
        return f"{self.provider}-{self.where}-{self.code}".replace(" ", "-")


def numbers(
    kind: AnswerClass,
    actor: Actor,
    error: str,
    *of: int,
    call: Call = REFRESH,
    suberror: str = "",
    status: int = 400,
    where: str = "token",
) -> list[Known]:
    """Answers of Microsoft's that differ in their number alone."""
    return [
        Known("Microsoft", where, f"AADSTS{number}", call, kind, actor, status, error, number, suberror)
        for number in of
    ]


def google(
    code: str, call: Call, kind: AnswerClass, actor: Actor, error: str, words: str = "", **more: str | int
) -> Known:
    status, suberror = int(more.get("status", 400)), str(more.get("suberror", ""))
    where = "device" if call is DEVICE else "token"
    return Known("Google", where, code, call, kind, actor, status, error, 0, suberror, words)


MICROSOFT_TOKEN = [
    # Beside `invalid_grant`, which alone would end the grant.
    *numbers(WAIT, NOBODY, "invalid_grant", 50033, 50087, 50166, 70012, 80002, 90006, 90012, 90024),
    *numbers(WAIT, NOBODY, "temporarily_unavailable", 90033, 90055, 90090),
    *numbers(OURS, NOBODY, "invalid_grant", 50196),
    Known("Microsoft", "token", "temporarily_unavailable", REFRESH, WAIT, NOBODY, 400,
          "temporarily_unavailable", 90033),
    Known("Microsoft", "token", "http-429", REFRESH, WAIT, NOBODY, 429),
    Known("Microsoft", "token", "http-5xx", REFRESH, WAIT, NOBODY, 503),
    # A person must sign in.
    *numbers(PERSON, USER, "invalid_grant", 700082, 70008, 50173, 70000, suberror="bad_token"),
    *numbers(PERSON, OWNER, "invalid_grant", 700084),
    *numbers(PERSON, USER, "invalid_grant", 70043, 70044, suberror="token_expired"),
    *numbers(PERSON, USER, "invalid_grant", 50076, 50078, 50079, 50158, suberror="basic_action"),
    *numbers(PERSON, USER, "interaction_required", 50072, 50074),
    *numbers(PERSON, USER, "login_required", 50058),
    *numbers(PERSON, USER, "invalid_grant", 50055, 50144, suberror="user_password_expired"),
    *numbers(PERSON, USER, "invalid_grant", 50056, 50132, 50133, 50089, 530036),
    *numbers(PERSON, USER, "access_denied", 65004, call=AUTHORIZE),
    *numbers(PERSON, USER, "invalid_request", 50020, 50034, 500208, call=AUTHORIZE),
    *numbers(PERSON, USER, "invalid_grant", 50126, call=CODE),
    # The organisation's administrator.
    *numbers(ADMIN, TENANT, "invalid_grant", 50053, 50057, 50105, 50129, 50131, 50155, 50177),
    *numbers(ADMIN, TENANT, "invalid_grant", 50097, suberror="device_authentication_failed"),
    *numbers(ADMIN, TENANT, "invalid_grant", 53000, 53001, 53002, 53003, 53011, suberror="message_only"),
    *numbers(ADMIN, TENANT, "invalid_grant", 530032, 530035, suberror="message_only"),
    *numbers(ADMIN, TENANT, "invalid_grant", 65001, suberror="consent_required", call=CODE),
    *numbers(ADMIN, TENANT, "consent_required", 90008, 90094, call=AUTHORIZE),
    *numbers(ADMIN, TENANT, "access_denied", 90095, call=AUTHORIZE),
    *numbers(ADMIN, TENANT, "invalid_resource", 500011, 650052),
    *numbers(ADMIN, TENANT, "invalid_request", 50002, 500021, 500212, 500213),
    # The owner of the application.
    *numbers(APP, OWNER, "invalid_client", 7000215, 7000222, 7000218, 700025, 700027, 700030, 50012,
             status=401),
    *numbers(APP, OWNER, "invalid_client", 65005, 650056, 650057),
    *numbers(APP, OWNER, "unauthorized_client", 7000112, 70001, 700016, 700011),
    *numbers(APP, OWNER, "invalid_request", 50194, 9002332, 90002, 90038, 90124, 9001023),
    *numbers(APP, OWNER, "invalid_client", 900382),
    *numbers(APP, OWNER, "invalid_request", 50011, call=AUTHORIZE),
    *numbers(APP, OWNER, "invalid_scope", 70011, 28002),
    *numbers(APP, OWNER, "invalid_request", 9002326, 9002327, call=CODE),
    # This device and its program.
    *numbers(OURS, DEVICE_ADMIN, "invalid_client", 500133, status=401),
    *numbers(OURS, USER, "invalid_grant", 54005, 700005, 501481, call=CODE),
    *numbers(OURS, MAKER, "invalid_request", 900971, 50147, 501491, call=AUTHORIZE),
    *numbers(OURS, MAKER, "invalid_request", 28003, 90014, 900144, 900561, 9002313),
    *numbers(OURS, MAKER, "invalid_grant", 700022),
    *numbers(OURS, MAKER, "unsupported_grant_type", 70003),
]  # fmt: skip
MICROSOFT_DEVICE = [
    Known("Microsoft", "device", "authorization_pending", DEVICE, WAIT, USER, 400, "authorization_pending",
          70016),
    Known("Microsoft", "device", "slow_down", DEVICE, WAIT, NOBODY, 400, "slow_down"),
    Known("Microsoft", "device", "authorization_declined", DEVICE, PERSON, USER, 400,
          "authorization_declined", 70017),
    Known("Microsoft", "device", "bad_verification_code", DEVICE, OURS, USER, 400, "bad_verification_code",
          70018),
    Known("Microsoft", "device", "expired_token", DEVICE, PERSON, USER, 400, "expired_token", 70020),
    *numbers(PERSON, USER, "invalid_grant", 50134, 90119, 90120, call=DEVICE, where="device"),
    *numbers(ADMIN, TENANT, "invalid_grant", 53003, 530035, call=DEVICE, where="device",
             suberror="message_only"),
    *numbers(ADMIN, TENANT, "invalid_grant", 50097, call=DEVICE, where="device"),
]  # fmt: skip
GOOGLE = [
    google("invalid_grant", REFRESH, PERSON, USER, "invalid_grant", "Token has been expired or revoked."),
    google("invalid_grant/invalid_rapt", REFRESH, PERSON, USER, "invalid_grant", "reauth related error",
           suberror="invalid_rapt"),
    google("invalid_grant/rapt_required", REFRESH, PERSON, USER, "invalid_grant", "reauth related error",
           suberror="rapt_required"),
    google("invalid_grant: Invalid JWT", APPLICATION, OURS, DEVICE_ADMIN, "invalid_grant",
           "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe."),
    google("invalid_grant: account not found", APPLICATION, APP, OWNER, "invalid_grant",
           "Invalid grant: account not found"),
    google("invalid_grant: account has been deleted", REFRESH, ADMIN, TENANT, "invalid_grant",
           "Account has been deleted"),
    google("invalid_grant: Robot is disabled", APPLICATION, APP, OWNER, "invalid_grant",
           "Robot is disabled."),
    google("invalid_grant: Bad Request", CODE, OURS, USER, "invalid_grant", "Bad Request"),
    google("invalid_client", REFRESH, APP, OWNER, "invalid_client",
           "The provided client secret is invalid.", status=401),
    google("deleted_client", REFRESH, APP, OWNER, "deleted_client", "The OAuth client was deleted.",
           status=401),
    google("disabled_client", REFRESH, APP, OWNER, "disabled_client", "The OAuth client was disabled.",
           status=401),
    google("unauthorized_client", APPLICATION, ADMIN, TENANT, "unauthorized_client",
           "Client is unauthorized to retrieve access tokens using this method.", status=401),
    google("admin_policy_enforced", REFRESH, ADMIN, TENANT, "admin_policy_enforced"),
    google("access_not_configured", REFRESH, ADMIN, TENANT, "access_not_configured"),
    google("org_internal", AUTHORIZE, APP, OWNER, "org_internal"),
    google("access_denied", AUTHORIZE, PERSON, USER, "access_denied"),
    google("scope-narrowed", CODE, PERSON, USER, "", status=200),
    google("redirect_uri_mismatch", CODE, APP, OWNER, "redirect_uri_mismatch", "Bad Request"),
    google("invalid_scope", REFRESH, APP, OWNER, "invalid_scope", "Some requested scopes were invalid."),
    google("invalid_request", REFRESH, OURS, MAKER, "invalid_request", "Missing required parameter."),
    google("http-403 rate_limit_exceeded", REFRESH, WAIT, NOBODY, "rate_limit_exceeded", status=403),
    google("http-429", REFRESH, WAIT, NOBODY, "", status=429),
    google("http-5xx", REFRESH, WAIT, NOBODY, "", status=503),
    google("invalid_scope", DEVICE, APP, USER, "invalid_scope", "Invalid device flow scope"),
    google("authorization_pending", DEVICE, WAIT, USER, "authorization_pending", "Precondition Required",
           status=428),
    google("slow_down", DEVICE, WAIT, NOBODY, "slow_down", "Forbidden", status=403),
    google("access_denied", DEVICE, PERSON, USER, "access_denied", "Forbidden", status=403),
]  # fmt: skip
ANY = [
    Known("any", "token", "network", REFRESH, WAIT, NOBODY, 0),
    Known("any", "token", "http-407", REFRESH, ADMIN, DEVICE_ADMIN, 407),
    Known("any", "token", "tls-certificate", REFRESH, ADMIN, DEVICE_ADMIN, 0),
    Known("any", "token", "200-not-a-token", REFRESH, PROTOCOL, DEVICE_ADMIN, 200,
          words="<html>Welcome to this network</html>"),
    Known("any", "token", "4xx-without-error", REFRESH, PROTOCOL, DEVICE_ADMIN, 403,
          words="<html>Forbidden</html>"),
    Known("any", "token", "invalid_grant-unknown", REFRESH, PERSON, USER, 400, "invalid_grant"),
    Known("any", "token", "unknown-error", REFRESH, APP, OWNER, 400, "something_new"),
    Known("any", "token", "server_error", AUTHORIZE, WAIT, NOBODY, 400, "server_error"),
]  # fmt: skip
CATALOGUE: tuple[Known, ...] = (*MICROSOFT_TOKEN, *MICROSOFT_DEVICE, *GOOGLE, *ANY)

"""Google accounts and Workspace, as data.

Sources: https://developers.google.com/identity/protocols/oauth2/native-app (endpoints, loopback redirect, a
secret that is none), https://developers.google.com/identity/protocols/oauth2#expiration (6 months unused, 7
days in testing), https://developers.google.com/identity/openid-connect/openid-connect (prompt, claims),
https://developers.google.com/workspace/gmail/imap/xoauth2-protocol (scope),
https://support.google.com/a/answer/176600 (server), https://support.google.com/a/answer/166852 (limits).
"""

from datetime import timedelta
from types import MappingProxyType

from ....events.information import Actor
from ....events.settings import AdministratorFlow
from ...ports import AnswerClass, Lifetimes
from ..answers import REFRESHES, Call, Row, of_errors
from .model import AccountClaims, ProviderData, Redirect, WithoutPerson

SERVICE_ACCOUNT = "https://developers.google.com/identity/protocols/oauth2/service-account"
POLICY = "https://support.google.com/accounts/answer/16668185"

ANSWERS = (
    Row(
        "google.session",
        AnswerClass.PERSON,
        Actor.PERSON,
        "The organisation limits how long a sign-in lasts.",
        "It will come again: the organisation's administrator can mark the application as trusted.",
        errors=of_errors("invalid_grant"),
        suberrors=frozenset({"invalid_rapt", "rapt_required"}),
        calls=REFRESHES,
        source="https://support.google.com/a/answer/9368756, blinkk/rootjs#747, googleapis/python-storage#17",
    ),
    Row(
        "google.clock",
        AnswerClass.OURS,
        Actor.ADMIN,
        "By the provider's clock this device's clock is wrong.",
        "Set the clock, or turn NTP on.",
        errors=of_errors("invalid_grant"),
        words=("invalid jwt",),
        source="googleapis/google-cloud-cpp#2689",
    ),
    Row(
        "google.mailbox",
        AnswerClass.APP,
        Actor.APP,
        "The mailbox for which the service account speaks does not exist.",
        "Check the mailbox's address.",
        errors=of_errors("invalid_grant"),
        words=("account not found", "invalid email or user id"),
        source="postalsys/emailengine",
    ),
    Row(
        "google.account-deleted",
        AnswerClass.ADMIN,
        Actor.TENANT,
        "The account was deleted.",
        "The organisation's administrator can restore it.",
        errors=of_errors("invalid_grant"),
        words=("account has been deleted",),
        source="GAM-team/GAM#1171",
    ),
    Row(
        "google.robot",
        AnswerClass.APP,
        Actor.APP,
        "The service account is disabled.",
        "Enable it in the Google Cloud console.",
        errors=of_errors("invalid_grant", "disabled_client"),
        words=("robot is disabled",),
        source="googleapis/google-api-ruby-client#720",
    ),
    Row(
        "google.ended",
        AnswerClass.PERSON,
        Actor.PERSON,
        "The refresh token has expired or was revoked: by the person, a changed password, 6 months "
        "without use, too many sign-ins of this account, or an application that is still in testing.",
        "",
        errors=of_errors("invalid_grant"),
        calls=REFRESHES,
        source="https://developers.google.com/identity/protocols/oauth2#expiration",
    ),
    Row(
        "google.delegation",
        AnswerClass.ADMIN,
        Actor.TENANT,
        "The organisation has not allowed the service account to send e-mail for its accounts.",
        "The organisation's administrator must add the client id and the scope https://mail.google.com/ "
        "under domain-wide delegation.",
        errors=of_errors("unauthorized_client", "access_denied"),
        calls=frozenset({Call.APPLICATION}),
        source=SERVICE_ACCOUNT,
    ),
    Row(
        "google.policy",
        AnswerClass.ADMIN,
        Actor.TENANT,
        "The organisation does not allow this application or its scope.",
        "The organisation's administrator must allow it in the API controls.",
        errors=of_errors("admin_policy_enforced", "access_not_configured"),
        source=POLICY,
    ),
    Row(
        "google.internal",
        AnswerClass.APP,
        Actor.APP,
        "The application is for accounts of its own organisation only.",
        "Change the application's user type, or sign in with an account of that organisation.",
        errors=of_errors("org_internal"),
        source="GAM-team/got-your-back#274, cloudyr/googleCloudStorageR#138",
    ),
    Row(
        "google.client-gone",
        AnswerClass.APP,
        Actor.APP,
        "The application's client was deleted or disabled.",
        "Restore the client, or register a new one and set its client id in [OAuth Settings].",
        errors=of_errors("deleted_client", "disabled_client"),
        source="websightgmbh/l5-google-cloud-storage#6, openpubkey/opkssh#617",
    ),
    Row(
        "google.device-code",
        AnswerClass.APP,
        Actor.PERSON,
        "The provider allows no e-mail to a sign-in with a device code.",
        "Sign in with the browser.",
        errors=of_errors("invalid_scope"),
        calls=frozenset({Call.DEVICE}),
        source="https://developers.google.com/identity/protocols/oauth2/limited-input-device#allowedscopes",
    ),
)

GOOGLE = ProviderData(
    name="Google",
    authorize="https://accounts.google.com/o/oauth2/v2/auth",
    token="https://oauth2.googleapis.com/token",  # noqa: S106 - an address, no secret
    keys="https://www.googleapis.com/oauth2/v3/certs",
    issuer="https://accounts.google.com",
    revoke="https://oauth2.googleapis.com/revoke",
    # gmail.send is not enough for SMTP.
    scopes=("https://mail.google.com/", "openid", "email"),
    scopes_needed=frozenset({"https://mail.google.com/"}),
    scopes_on_refresh=(),
    redirect=Redirect("127.0.0.1", ("127.0.0.1",)),
    rotates=False,
    claims=AccountClaims(account=(), email_verified=("email_verified",)),
    # The number of connections a mailbox may have for submission is not published.
    lifetimes=Lifetimes(
        idle=timedelta(days=180),
        margin=timedelta(minutes=5),
        server="smtp.gmail.com",
        connections=3,
        octets_max=35_882_577,
        recipients_max=100,
        # Of Workspace; 500 for an account of a person, and while a Workspace is on trial.
        messages_a_day=2_000,
        recipients_a_day=2_000,
    ),
    # There is a device code, and mail is not among its scopes: invalid_scope before any page.
    device_code=None,
    without_person=WithoutPerson(AdministratorFlow.SERVICE_ACCOUNT, "https://mail.google.com/", "RS256"),
    other_account=MappingProxyType({}),
    # Only a consent that is shown anew brings a refresh token.
    authorize_extra=MappingProxyType({"prompt": "consent select_account", "access_type": "offline"}),
    answers=ANSWERS,
)

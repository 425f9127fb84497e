"""Microsoft Entra ID for Exchange Online, with accounts of work and school, as data.

Sources:
https://learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow (endpoints, prompt, tid),
https://learn.microsoft.com/entra/identity-platform/refresh-tokens (90 days, replaced at each use),
https://learn.microsoft.com/entra/identity-platform/reply-url (`http://localhost`, any port),
https://learn.microsoft.com/entra/identity-platform/id-token-claims-reference (which claims name an address),
"Authenticate an IMAP, POP or SMTP connection using OAuth" (scopes), "How to set up a multifunction device to
send email" (server, 3 connections) and "Exchange Online limits" (30 messages a minute, recipients) under
https://learn.microsoft.com/exchange/,
https://learn.microsoft.com/azure/security/fundamentals/azure-ca-details (who certifies its hosts).
"""

from datetime import timedelta
from types import MappingProxyType

from ....events.settings import AdministratorFlow
from ...ports import Lifetimes
from .microsoft_answers import ANSWERS
from .model import AccountClaims, ProviderData, Redirect, WithoutPerson

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
        messages_a_minute=30,
        recipients_a_day=10_000,
        # A token for high volume must live longer than 600 s (501 5.5.127).
        margins=MappingProxyType({"smtp-hve.office365.com": timedelta(minutes=11)}),
    ),
    # Off by default in new tenants, and by many policies: the browser comes first.
    device_code="https://login.microsoftonline.com/{tenant}/oauth2/v2.0/devicecode",
    flow_refused=frozenset(
        {
            "microsoft.device-code-blocked",
            "microsoft.device-code-defaults",
            "microsoft.device-code-unmanaged",
            "microsoft.confirmation",
            "microsoft.secret-missing",  # public client flows are off; a loopback redirect works
        }
    ),
    # Another host than that of the people's scope. PS256: RS256 is taken, too, and not recommended.
    without_person=WithoutPerson(
        AdministratorFlow.CLIENT_CREDENTIALS, "https://outlook.office365.com/.default", "PS256"
    ),
    people_are_public=True,  # AADSTS700025
    tenants_open=frozenset({"common", "organizations", "consumers"}),
    other_account=MappingProxyType({}),
    # On a shared panel always, not only after another account.
    authorize_extra=MappingProxyType({"prompt": "select_account"}),
    answers=ANSWERS,
    certified_by=frozenset({"DigiCert Inc", "Microsoft Corporation"}),
)

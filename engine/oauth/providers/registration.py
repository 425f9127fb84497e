"""How an application is registered at a provider, with the redirect address and the scopes that this device
really uses, and with the least that it needs.

Sources:
https://learn.microsoft.com/entra/identity-platform/quickstart-register-app (registration),
https://learn.microsoft.com/entra/identity-platform/v2-admin-consent (the administrator's link),
"Enable or disable authenticated client SMTP submission" (of one mailbox) and "Authenticate an IMAP, POP or
SMTP connection using OAuth" (service principal, permission to one mailbox) and "Role Based Access Control for
Applications" under https://learn.microsoft.com/exchange/,
https://mc.merill.net/message/RM498356 (SMTP.SendAsApp as a role there, generally available since 2025-11),
https://developers.google.com/identity/protocols/oauth2/native-app (desktop application).

Rule: nothing is asked for that the device does not use; what gives more than one mailbox is not shown.
"""

from dataclasses import dataclass
from urllib.parse import urlencode

from ....events.settings import AdministratorFlow, DeviceSettings, Flow
from .model import ProviderData

CONSOLE = "https://console.cloud.google.com/auth/clients"
CONTROL_OF_API = "https://admin.google.com/ac/owl/domainwidedelegation"
PORTALS = {
    "https://login.microsoftonline.us": "https://entra.microsoft.us",
    "https://login.partner.microsoftonline.cn": "https://portal.azure.cn",
}
ENTRA = "https://entra.microsoft.com"
MICROSOFTS = ("login.microsoftonline.", "login.partner.microsoftonline.")


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do, by whoever owns the application or the organisation."""

    does: str
    values: tuple[str, ...] = ()
    "To be entered, or run, exactly as they stand."


def redirect_of(data: ProviderData) -> str:
    """As it is registered."""
    return f"http://{data.redirect.host}{data.redirect.path.rstrip('/')}"


def steps(data: ProviderData, settings: DeviceSettings) -> tuple[Step, ...]:
    """In their order; for a provider that is not built in, what every one wants to know."""
    if any(name in data.authorize for name in MICROSOFTS):
        return microsoft(data, settings)
    if "accounts.google.com" in data.authorize:
        return google(data, settings)
    return (
        Step("Register an application for devices (a public client) at the provider."),
        Step("Redirect address", (redirect_of(data),)),
        Step("Scopes", data.scopes),
    )


def microsoft(data: ProviderData, settings: DeviceSettings) -> tuple[Step, ...]:
    address = settings.administrator.address or "scanner@example.com"
    portal = next((page for login, page in PORTALS.items() if data.authorize.startswith(login)), ENTRA)
    begin = Step(
        "Entra admin center, [App registrations], [New registration]; accounts of this organisation only.",
        (portal,),
    )
    if settings.oauth.administrator_flow is AdministratorFlow.CLIENT_CREDENTIALS:
        return (
            begin,
            Step(
                "[API permissions], [APIs my organization uses], Office 365 Exchange Online, application "
                "permission; then [Grant admin consent].",
                ("SMTP.SendAsApp",),
            ),
            Step("[Certificates & secrets]: a certificate, or a secret whose end you note."),
            Step(
                "In Exchange Online PowerShell, for this one mailbox alone (ObjectId of the enterprise "
                "application, not of the registration):",
                (
                    "New-ServicePrincipal -AppId CLIENT_ID -ObjectId OBJECT_ID",
                    f"Add-MailboxPermission -Identity {address} -User OBJECT_ID -AccessRights FullAccess",
                ),
            ),
            Step(
                "Or, in place of that permission, the role for this one mailbox. The first line names the "
                "role where the organisation has it (since November 2025).",
                (
                    "Get-ManagementRole | Where-Object Name -like 'Application SMTP*'",
                    (
                        "New-ManagementScope -Name franking -RecipientRestrictionFilter "
                        f"\"PrimarySmtpAddress -eq '{address}'\""
                    ),
                    (
                        "New-ManagementRoleAssignment -App OBJECT_ID -Role 'Application SMTP.SendAsApp' "
                        "-CustomResourceScope franking"
                    ),
                ),
            ),
            authenticated_smtp(address),
        )
    found = [
        begin,
        Step(
            "Redirect URI: platform [Mobile and desktop applications], not [Web] and not [Single-page "
            "application].",
            (redirect_of(data),),
        ),
        Step("[API permissions], Office 365 Exchange Online and Microsoft Graph, delegated.", data.scopes),
    ]
    if settings.oauth.flow is Flow.CODE or settings.oauth.device_code:
        found.append(Step("For sign-in by a code: [Authentication], [Allow public client flows], Yes."))
    return (*found, authenticated_smtp(address))


def authenticated_smtp(address: str) -> Step:
    return Step(
        "In Exchange Online PowerShell, where Authenticated SMTP is off for the organisation:",
        (f"Set-CASMailbox -Identity {address} -SmtpClientAuthenticationDisabled $false",),
    )


def google(data: ProviderData, settings: DeviceSettings) -> tuple[Step, ...]:
    if settings.oauth.administrator_flow is AdministratorFlow.SERVICE_ACCOUNT:
        return (
            Step("A service account with a key, in a project of this organisation.", (CONSOLE,)),
            Step(
                "Google Admin console, domain-wide delegation: its client ID with this scope.",
                (CONTROL_OF_API, *data.scopes[:1]),
            ),
        )
    return (
        Step(
            "Google Cloud console, a project; audience [Internal] in a Workspace, else [In production]: in "
            "[Testing] every sign-in ends after seven days.",
            (CONSOLE,),
        ),
        Step(
            "[Create client], application type [Desktop app]. The redirect needs no entry.",
            (redirect_of(data),),
        ),
        Step("[Data access], scopes", data.scopes),
        Step("Copy client ID and client secret: Google wants the secret sent, though it is none."),
    )


def consent_link(data: ProviderData, settings: DeviceSettings) -> str:
    """Where the organisation's administrator allows it for everybody; empty where there is no such page, or
    nobody signs in.
    """
    if not any(name in data.authorize for name in MICROSOFTS) or not settings.oauth.client_id:
        return ""
    if settings.oauth.administrator_flow is AdministratorFlow.CLIENT_CREDENTIALS:
        return ""
    asked = {
        "client_id": settings.oauth.client_id,
        "scope": " ".join(data.scopes),
        "redirect_uri": redirect_of(data),
    }
    address = data.authorize.replace("/oauth2/v2.0/authorize", "/v2.0/adminconsent")
    return f"{address.replace('{tenant}', settings.oauth.tenant)}?{urlencode(asked)}"


def wants_secret(data: ProviderData) -> bool:
    """A sign-in of people brings the client's secret."""
    return "accounts.google.com" in data.authorize

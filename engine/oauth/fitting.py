"""Whether [OAuth Settings] fit the provider: said before anything is tried.

Rule: what a provider allows for mail is its data; here stand the sentences alone.
"""

from ...events.settings import AdministratorFlow, Flow, OAuth
from ..ports import Credentials
from ..secret import Secret
from ..settings import CredentialError, Mistake
from .providers import ProviderData


def misfits(oauth: OAuth, data: ProviderData, credentials: Credentials) -> list[Mistake]:
    """What cannot work with this provider, whoever signs in."""
    found = []
    if oauth.flow is Flow.CODE and data.device_code is None:
        why = f"{data.name} allows no e-mail to a sign-in with a code; set `{Flow.BROWSER}`"
        found.append(Mistake("oauth.flow", "text", why))
    wanted, has = oauth.administrator_flow, data.without_person
    if wanted is AdministratorFlow.SIGN_IN:
        return found
    if has is None or has.flow is not wanted:
        others = " or ".join(
            f"`{each}`" for each in (AdministratorFlow.SIGN_IN, has.flow if has else "") if each
        )
        why = f"{data.name} allows no e-mail by it; set {others}"
        return [*found, Mistake("oauth.administrator_flow", "text", why)]
    if wanted is AdministratorFlow.CLIENT_CREDENTIALS:
        return [*found, *of_client(oauth, data, credentials)]
    return [*found, *of_service(oauth, credentials)]


def of_client(oauth: OAuth, data: ProviderData, credentials: Credentials) -> list[Mistake]:
    found = []
    if oauth.client_certificate is None and oauth.client_credential is None:
        why = "client credentials want this, or the secret in `oauth.client_credential`"
        found.append(Mistake("oauth.client_certificate", "", why))
    if oauth.tenant.casefold() in data.tenants_open:
        why = "client credentials want the organisation's own id or domain"
        found.append(Mistake("oauth.tenant", "text", why))
    proof = proof_of(oauth.client_certificate, credentials)
    if proof is not None:
        from .assertions import ProofUnusableError, thumbprint

        try:
            thumbprint(proof)
        except ProofUnusableError:
            why = "its file is to hold a certificate and the RSA key that belongs to it, both in PEM form"
            found.append(Mistake("oauth.client_certificate", "reference", why))
    return found


def of_service(oauth: OAuth, credentials: Credentials) -> list[Mistake]:
    if oauth.service_account is None:
        return [Mistake("oauth.service_account", "", "a service account wants its key here")]
    proof = proof_of(oauth.service_account, credentials)
    if proof is not None:
        from .assertions import ProofUnusableError, service_account

        try:
            service_account(proof)
        except ProofUnusableError:
            why = "its file is to hold the service account's key as the provider gave it (JSON)"
            return [Mistake("oauth.service_account", "reference", why)]
    return []


def proof_of(reference: str | None, credentials: Credentials) -> Secret | None:
    """None also where it cannot be read: that is said of every reference."""
    try:
        return credentials.read(reference) if reference else None
    except (CredentialError, OSError, UnicodeDecodeError):
        return None

"""Whether [OAuth Settings] fit the provider: said before anything is tried.

Rule: what a provider allows for mail is its data; here stand the codes of the sentences alone.
"""

from ...events.said import said
from ...events.settings import AdministratorFlow, Flow, OAuth
from ..ports import Credentials
from ..secret import Secret
from ..settings import CredentialError, Given, Mistake
from .providers import ProviderData


def misfits(oauth: OAuth, data: ProviderData, credentials: Credentials) -> list[Mistake]:
    """What cannot work with this provider, whoever signs in."""
    found = []
    if oauth.flow is Flow.CODE and data.device_code is None:
        why = said("fits.no-code", provider=data.name, browser=Flow.BROWSER)
        found.append(Mistake("oauth.flow", Given.TEXT, why))
    wanted, has = oauth.administrator_flow, data.without_person
    if wanted is AdministratorFlow.SIGN_IN:
        return found
    if has is None or has.flow is not wanted:
        why = said("fits.no-flow", provider=data.name, flow=AdministratorFlow.SIGN_IN)
        if has is not None:
            why = said("fits.other-flow", provider=data.name, flow=AdministratorFlow.SIGN_IN, other=has.flow)
        return [*found, Mistake("oauth.administrator_flow", Given.TEXT, why)]
    if wanted is AdministratorFlow.CLIENT_CREDENTIALS:
        return [*found, *of_client(oauth, data, credentials)]
    return [*found, *of_service(oauth, credentials)]


def of_client(oauth: OAuth, data: ProviderData, credentials: Credentials) -> list[Mistake]:
    found = []
    if oauth.client_certificate is None and oauth.client_credential is None:
        found.append(Mistake("oauth.client_certificate", None, said("fits.no-proof")))
    if oauth.tenant.casefold() in data.tenants_open:
        found.append(Mistake("oauth.tenant", Given.TEXT, said("fits.tenant")))
    proof = proof_of(oauth.client_certificate, credentials)
    if proof is not None:
        from .assertions import KeyNotRsaError, ProofUnusableError, thumbprint

        try:
            thumbprint(proof)
        except KeyNotRsaError:
            why = said("fits.certificate-kind", provider=data.name)
            found.append(Mistake("oauth.client_certificate", Given.REFERENCE, why))
        except ProofUnusableError:
            found.append(Mistake("oauth.client_certificate", Given.REFERENCE, said("fits.certificate")))
    return found


def of_service(oauth: OAuth, credentials: Credentials) -> list[Mistake]:
    if oauth.service_account is None:
        return [Mistake("oauth.service_account", None, said("fits.no-key"))]
    proof = proof_of(oauth.service_account, credentials)
    if proof is not None:
        from .assertions import ProofUnusableError, service_account

        try:
            service_account(proof)
        except ProofUnusableError:
            return [Mistake("oauth.service_account", Given.REFERENCE, said("fits.key"))]
    return []


def proof_of(reference: str | None, credentials: Credentials) -> Secret | None:
    """None also where it cannot be read: that is said of every reference."""
    try:
        return credentials.read(reference) if reference else None
    except (CredentialError, OSError, UnicodeDecodeError):
        return None

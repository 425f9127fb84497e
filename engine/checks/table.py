"""The steps, in the order in which mail meets what they look at."""

from . import network, provider, submission
from .ground import Ground
from .step import Name, Step

WAY = (Name.SETTINGS, Name.DNS, Name.PROXY)
SERVER = (Name.SETTINGS, Name.DNS)

STEPS: tuple[Step[Ground], ...] = (
    Step(Name.SETTINGS, (), network.settings),
    Step(Name.DNS, (Name.SETTINGS,), network.dns),
    Step(Name.PROXY, SERVER, network.proxy),
    Step(Name.CLOCK, WAY, provider.clock),
    Step(Name.TLS, WAY, provider.tls),
    Step(Name.ENDPOINT, WAY, provider.endpoint),
    Step(Name.HTTP, (Name.ENDPOINT,), provider.http),
    Step(Name.CLIENT, (Name.ENDPOINT,), provider.client),
    Step(Name.CONSENT, (Name.CLIENT,), provider.consent),
    Step(Name.GREETING, SERVER, submission.greeting),
    Step(Name.STARTTLS, (Name.GREETING,), submission.starttls),
    Step(Name.MECHANISM, (Name.STARTTLS,), submission.mechanism),
    Step(Name.SIGN_IN, (Name.MECHANISM, Name.CONSENT), submission.sign_in),
    Step(Name.SEND_AS, (Name.SIGN_IN,), submission.send_as),
    Step(Name.PACE, SERVER, submission.pace),
)
MAIL = Step(Name.MAIL, (Name.SEND_AS,), submission.mail)
"Where a test mail is asked for."

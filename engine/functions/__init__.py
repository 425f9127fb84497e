"""The functions that send mail, one module each; a request goes to its composer by this table (S20, S21)."""

from collections.abc import Mapping, Sequence

from ...events.request import (
    ByProgram,
    DeviceReport,
    EmailNotification,
    ForwardTx,
    FromApplication,
    FromProgram,
    FromUserBox,
    Function,
    InternetFax,
    Report,
    Request,
    ScanToEmail,
    ScanToMe,
    ScanToUrl,
    StatusNotification,
    TotalCounter,
    TsiRouting,
    TxResultReport,
)
from ..ports import Attachment
from ..smtp.compose import Sendable
from . import (
    application,
    email_notification,
    forward_tx,
    internet_fax,
    program,
    scan_to_email,
    scan_to_me,
    scan_to_url,
    status_notification,
    total_counter,
    tsi_routing,
    tx_result_report,
    user_box,
)
from .letter import Composer, Header, Link, composer
from .media_types import media_type

__all__ = ["COMPOSERS", "Header", "Link", "compose", "media_type"]

COMPOSERS: Mapping[Function, Composer] = {
    Function.SCAN_TO_EMAIL: composer(ScanToEmail, scan_to_email.compose),
    Function.SCAN_TO_ME: composer(ScanToMe, scan_to_me.compose),
    Function.SCAN_TO_URL: composer(ScanToUrl, scan_to_url.compose),
    Function.INTERNET_FAX: composer(InternetFax, internet_fax.compose),
    Function.USER_BOX: composer(FromUserBox, user_box.compose),
    Function.APPLICATION: composer(FromApplication, application.compose),
    Function.PROGRAM: composer(FromProgram, program.compose),
    Function.EMAIL_NOTIFICATION: composer(EmailNotification, email_notification.compose),
    Function.TOTAL_COUNTER: composer(TotalCounter, total_counter.compose),
    Function.FORWARD_TX: composer(ForwardTx, forward_tx.compose),
    Function.TSI_ROUTING: composer(TsiRouting, tsi_routing.compose),
    Function.STATUS_NOTIFICATION: composer(StatusNotification, status_notification.compose),
    Function.TX_RESULT_REPORT: composer(TxResultReport, tx_result_report.compose),
    Function.DEVICE_PROGRAM: composer(ByProgram, program.compose),
    Function.REPORT: composer(Report, program.compose),
    Function.DEVICE_REPORT: composer(DeviceReport, program.compose),
}


def compose(request: Request, header: Header, files: Sequence[Attachment]) -> Sendable:
    """The message that `request` asks for; its files are neither read nor looked at.

    Raises Unencodable where a header field cannot carry a value; of a message as given FileChanged, OSError.
    """
    return COMPOSERS[request.function](request, header, files)

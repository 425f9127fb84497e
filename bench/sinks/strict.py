"""A submission server that is no bottleneck: blocking sockets, a process for each connection, and whatever
comes is counted and forgotten. It offers what the bench needs and takes nothing out of order.

    python strict.py FOLDER     STARTTLS with `server.pem` and `key.pem` of the folder, XOAUTH2 with any token

Rule: it stays a program of its own, with nothing of the package, so that it is as small as a fork can be.
"""

import os
import signal
import socket
import ssl
import sys
from pathlib import Path

END = b"\r\n.\r\n"
FORGOTTEN = 1 << 20
"Of a body, so much is held at most."
OFFERED = ("PIPELINING", "SIZE 60000000", "8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES", "DSN")
COMMAND_MAX = 2_048


class Conversation:
    def __init__(self, connection: socket.socket, tls: ssl.SSLContext) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.connection, self.tls = connection, tls
        self.secure = False
        self.came = bytearray()
        self.replies: list[bytes] = []
        "Said when there is nothing left to read."
        self.sender = False
        self.recipients = self.messages = 0

    def run(self) -> None:
        self.say("220 sink ESMTP")
        while (line := self.line()).upper() != b"QUIT":
            self.command(line)
        self.say("221 2.0.0 bye")
        self.flush()

    def say(self, reply: str) -> None:
        self.replies.append(f"{reply}\r\n".encode())

    def flush(self) -> None:
        if self.replies:
            self.connection.sendall(b"".join(self.replies))
            self.replies.clear()

    def more(self) -> None:
        """Raises EOFError."""
        self.flush()
        chunk = self.connection.recv(1 << 18)
        if not chunk:
            raise EOFError
        self.came += chunk

    def line(self) -> bytes:
        while (end := self.came.find(b"\r\n")) < 0:
            if len(self.came) > COMMAND_MAX:
                raise EOFError
            self.more()
        line = bytes(self.came[:end])
        del self.came[: end + 2]
        return line

    def command(self, line: bytes) -> None:
        verb = line.upper().partition(b" ")[0]
        if verb == b"EHLO":
            offered = (*OFFERED, "AUTH XOAUTH2" if self.secure else "STARTTLS")
            self.replies += [f"250-{each}\r\n".encode() for each in ("sink", *offered[:-1])]
            self.say(f"250 {offered[-1]}")
        elif verb == b"STARTTLS" and not self.came:
            self.say("220 2.0.0 go on")
            self.flush()
            self.connection = self.tls.wrap_socket(self.connection, server_side=True)
            self.secure = True
        elif verb == b"AUTH" and self.secure:
            if line.upper() == b"AUTH XOAUTH2":
                self.say("334 ")
                self.line()
            self.say("235 2.7.0 accepted")
        elif verb == b"MAIL" and self.secure and not self.sender:
            self.sender = True
            self.say("250 2.1.0 ok")
        elif verb == b"RCPT" and self.sender:
            self.recipients += 1
            self.say("250 2.1.5 ok")
        elif verb == b"DATA" and self.recipients:
            self.say("354 go on")
            self.body()
        elif verb == b"RSET":
            self.sender, self.recipients = False, 0
            self.say("250 2.0.0 ok")
        else:
            self.say("503 5.5.1 not now")

    def body(self) -> None:
        self.came[:0] = b"\r\n"  # the line before has just ended
        looked = 0
        while (end := self.came.find(END, looked)) < 0:
            if len(self.came) > FORGOTTEN:
                del self.came[:-4]
            looked = max(0, len(self.came) - 4)
            self.more()
        del self.came[: end + len(END)]
        self.sender, self.recipients, self.messages = False, 0, self.messages + 1
        self.say(f"250 2.0.0 taken as {self.messages}")


def main(folder: Path) -> None:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(folder / "server.pem", folder / "key.pem")
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    listener = socket.create_server(("127.0.0.1", 0), backlog=64)
    print(f"port {listener.getsockname()[1]}", flush=True)
    while True:
        connection, _ = listener.accept()
        if os.fork() == 0:
            listener.close()
            try:
                Conversation(connection, tls).run()
            except (EOFError, OSError):
                pass
            finally:
                os._exit(0)
        connection.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))

"""What the programs by slixmpp share: connections through tor, and an account that registers itself."""
import asyncio
import logging
import secrets
import socket
import sys

# Before slixmpp is loaded, which has a warning for whoever does not have all of it.
logging.basicConfig(level=logging.ERROR)

import slixmpp  # noqa: E402


class ThroughTor(asyncio.SelectorEventLoop):
    """slixmpp knows of no proxy: here its connections begin with SOCKS 5 (RFC 1928, RFC 1929), at a Unix socket."""

    def __init__(self, socks):
        super().__init__()
        self.socks = socks

    async def create_connection(self, protocol, host, port, **options):
        line = socket.socket(socket.AF_UNIX)
        line.setblocking(False)
        await self.sock_connect(line, self.socks)
        # tor has circuits apart for each user name, as Flashpaper has for each account.
        user = secrets.token_bytes(16)
        await self.say(line, b"\x05\x01\x02", 2)
        await self.say(line, b"\x01" + bytes([len(user)]) + user + b"\x01x", 2)
        name = host.encode()
        request = b"\x05\x01\x00\x03" + bytes([len(name)]) + name + port.to_bytes(2, "big")
        _, failure, _, kind = await self.say(line, request, 4)
        if failure:
            raise OSError("tor cannot connect")
        # An address and a port that mean nothing here.
        await self.say(line, b"", {1: 4, 4: 16}[kind] + 2)
        return await super().create_connection(protocol, sock=line, **options)

    async def say(self, line, request, length):
        await self.sock_sendall(line, request)
        answer = b""
        while len(answer) < length:
            answer += await self.sock_recv(line, length - len(answer)) or b"\xff" * length
        return answer


class NewAccount(slixmpp.ClientXMPP):
    """`online` is done by whoever takes "session_start"."""

    def __init__(self, domain, authority):
        super().__init__(f"peer{secrets.token_hex(8)}@{domain}", secrets.token_hex(16))
        self.ca_certs = authority
        self.register_plugin("xep_0077")
        # Registrations are held back until there is a login otherwise.
        self._always_send_everything = True
        self.online = asyncio.get_running_loop().create_future()
        self.add_event_handler("register", self.fill_form)

    async def fill_form(self, _):
        form = self.Iq()
        form["type"] = "set"
        form["register"]["username"] = self.boundjid.user
        form["register"]["password"] = self.password
        await form.send()


async def orders():
    """The lines of the input, until its end."""
    lines = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    while line := (await lines.readline()).decode().strip():
        yield line


def run(main, socks):
    with asyncio.Runner(loop_factory=lambda: ThroughTor(socks)) as runner:
        runner.run(main)

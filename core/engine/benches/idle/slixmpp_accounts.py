"""Accounts by slixmpp, which do nothing. For each line of input one more is registered and logged in through tor, with
everything at slixmpp's defaults, and a line says so.

Arguments: tor's SOCKS port (a Unix socket), the certificate authority's file, the server's domain."""
import asyncio
import logging
import secrets
import socket
import sys

# Before slixmpp is loaded, which has a warning for whoever does not have all of it.
logging.basicConfig(level=logging.ERROR)

import slixmpp  # noqa: E402

SOCKS, AUTHORITY, DOMAIN = sys.argv[1:]


class ThroughTor(asyncio.SelectorEventLoop):
    """slixmpp knows of no proxy: here its connections begin with SOCKS 5 (RFC 1928, RFC 1929)."""

    async def create_connection(self, protocol, host, port, **options):
        line = socket.socket(socket.AF_UNIX)
        line.setblocking(False)
        await self.sock_connect(line, SOCKS)
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


class Account(slixmpp.ClientXMPP):
    def __init__(self):
        super().__init__(f"peer{secrets.token_hex(8)}@{DOMAIN}", secrets.token_hex(16))
        self.ca_certs = AUTHORITY
        self.register_plugin("xep_0077")
        # Debian's version holds registrations back until there is a login.
        self._always_send_everything = True
        self.online = asyncio.get_running_loop().create_future()
        self.add_event_handler("register", self.fill_form)
        self.add_event_handler("session_start", self.begin)

    async def _pick_dns_answer(self, *_):
        """Names are resolved by the exit."""

    async def fill_form(self, _):
        form = self.Iq()
        form["type"] = "set"
        form["register"]["username"] = self.boundjid.user
        form["register"]["password"] = self.password
        await form.send()

    async def begin(self, _):
        self.send_presence()
        self.online.set_result(None)


async def main():
    lines = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    accounts = []
    while await lines.readline():
        accounts.append(Account())
        accounts[-1].connect((DOMAIN, 5222))
        await asyncio.wait_for(accounts[-1].online, 120)
        print("done", flush=True)


with asyncio.Runner(loop_factory=ThroughTor) as runner:
    runner.run(main())

"""Accounts by slixmpp, through tor. For each line of input with a server's domain one is registered and logged in, and the
seconds that took are printed; for the line "ready" what is to be done before it can be used, and as many again.

Arguments: tor's SOCKS port (a Unix socket), the certificate authority's file."""
import asyncio
import logging
import secrets
import socket
import sys
import time

# Before slixmpp is loaded, which has a warning for whoever does not have all of it.
logging.basicConfig(level=logging.ERROR)

import slixmpp  # noqa: E402
from slixmpp.xmlstream import ET  # noqa: E402

SOCKS, AUTHORITY = sys.argv[1:]


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
    def __init__(self, domain):
        super().__init__(f"peer{secrets.token_hex(8)}@{domain}", secrets.token_hex(16))
        self.ca_certs = AUTHORITY
        # At port 5222 it would be tried for nothing.
        self.enable_direct_tls = False
        for plugin in ["xep_0030", "xep_0077", "xep_0199"]:
            self.register_plugin(plugin)
        # Registrations are held back until there is a login otherwise.
        self._always_send_everything = True
        self.online = asyncio.get_running_loop().create_future()
        self.add_event_handler("register", self.fill_form)
        self.add_event_handler("session_start", lambda _: self.online.set_result(None))

    async def fill_form(self, _):
        form = self.Iq()
        form["type"] = "set"
        form["register"]["username"] = self.boundjid.user
        form["register"]["password"] = self.password
        await form.send()

    async def get_ready(self):
        """What Flashpaper does, too: a ping to itself, no archive, and the stream's end in order."""
        await self.plugin["xep_0199"].send_ping(self.boundjid)
        info = await self.plugin["xep_0030"].get_info(jid=self.boundjid.bare)
        if "urn:xmpp:mam:2" in info["disco_info"]["features"]:
            refusal = self.Iq()
            refusal["type"] = "set"
            refusal.append(ET.Element("{urn:xmpp:mam:2}prefs", {"default": "never"}))
            for kind in ["always", "never"]:
                ET.SubElement(refusal.xml[0], "{urn:xmpp:mam:2}" + kind)
            await refusal.send()
        await self.disconnect()


async def main():
    lines = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    account = None
    while line := (await lines.readline()).decode().strip():
        began = time.monotonic()
        if line == "ready":
            await asyncio.wait_for(account.get_ready(), 120)
        else:
            account = Account(line)
            account.connect(line, 5222)
            await asyncio.wait_for(account.online, 120)
        print(time.monotonic() - began, flush=True)


with asyncio.Runner(loop_factory=ThroughTor) as runner:
    runner.run(main())

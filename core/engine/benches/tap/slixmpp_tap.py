"""Accounts by slixmpp, through tor. For each line of input with a server's domain one is registered and logged in, and the
seconds that took are printed; for the line "ready" what is to be done before it can be used, and as many again.

Arguments: tor's SOCKS port (a Unix socket), the certificate authority's file."""
import asyncio
import sys
import time
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.append(str(Path(__file__).parents[1]))
from slixmpp_account import NewAccount, orders, run  # noqa: E402
from slixmpp.xmlstream import ET  # noqa: E402

SOCKS, AUTHORITY = sys.argv[1:]


class Account(NewAccount):
    def __init__(self, domain):
        super().__init__(domain, AUTHORITY)
        # At port 5222 it would be tried for nothing.
        self.enable_direct_tls = False
        for plugin in ["xep_0030", "xep_0199"]:
            self.register_plugin(plugin)
        self.add_event_handler("session_start", lambda _: self.online.set_result(None))

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
    account = None
    async for line in orders():
        began = time.monotonic()
        if line == "ready":
            await asyncio.wait_for(account.get_ready(), 120)
        else:
            account = Account(line)
            account.connect(line, 5222)
            await asyncio.wait_for(account.online, 120)
        print(time.monotonic() - began, flush=True)


run(main(), SOCKS)

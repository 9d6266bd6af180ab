"""Accounts by slixmpp, which do nothing. For each line of input one more is registered and logged in through tor, with
everything at slixmpp's defaults, and a line says so.

Arguments: tor's SOCKS port (a Unix socket), the certificate authority's file, the server's domain."""
import asyncio
import sys
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.append(str(Path(__file__).parents[1]))
from slixmpp_account import NewAccount, orders, run  # noqa: E402

SOCKS, AUTHORITY, DOMAIN = sys.argv[1:]


class Account(NewAccount):
    def __init__(self):
        super().__init__(DOMAIN, AUTHORITY)
        self.add_event_handler("session_start", self.begin)

    async def _pick_dns_answer(self, *_):
        """Names are resolved by the exit."""

    async def begin(self, _):
        self.send_presence()
        self.online.set_result(None)


async def main():
    accounts = []
    async for _ in orders():
        accounts.append(Account())
        accounts[-1].connect((DOMAIN, 5222))
        await asyncio.wait_for(accounts[-1].online, 120)
        print("done", flush=True)


run(main(), SOCKS)

"""Somebody to talk to in OTR over XMPP: slixmpp for the XMPP, and one of the line programs around a real OTR library
(core/otr/tests/peers/libotr.c, otr3.go) that every message of one partner goes through. For the lab only.

The partner is whoever `to` names, or else whoever writes first; others are told and not answered.

Input is a command a line, with `\\n` for a line break and `\\\\` for a backslash:

    to JID                         names the partner, or another resource of the partner
    start                          asks for a private conversation
    say TEXT                       as it is; in the clear if there is no session
    html TEXT                      as Pidgin says it: marked up, its special characters as entities
    count N TEXT                   says "TEXT 1" to "TEXT N"
    ask SECRET                     compares a secret (SMP), without a question
    question QUESTION<TAB>SECRET   ... and with one
    answer SECRET                  ... when asked
    abort                          ... no more (libotr only)
    key                            asks for an extra symmetric key
    end                            ends the session
    restart                        the OTR library anew: with its key and no session, like an app that crashed
    limit N                        the longest message; longer ones go in fragments (0: none)
    version 2|3                    the one version of OTR that it speaks, until a restart (libotr only; 3 at first)
    receipts on|off                answers what asks for a receipt, and asks for them (XEP-0184); off at first
    raw BODY                       sends a body past the OTR library
    add                            asks the partner to be told of presence
    offline, online                the XMPP session ends, begins again with the same resource
    remove                         removes the account from the server and ends

Output is an object of JSON a line: `{"event": ...}` for each of OtrEvent in otr_peer.rs, and after each command
`{"done": null}`, or `{"done": "why not"}`. The end of input ends it all.
"""

import argparse
import asyncio
import html
import json
import logging
import re
import secrets
import subprocess
import sys
import tempfile

# Before slixmpp is loaded, which has a warning for whoever does not have all of it.
logging.basicConfig(level=logging.ERROR)

from slixmpp import JID, ClientXMPP, Iq  # noqa: E402
from slixmpp.exceptions import XMPPError  # noqa: E402

PATIENCE = 30

# What libotr tells its application by number (OtrlMessageEvent).
LIBOTR_NEWS = {
    1: "encryption_required", 2: "encryption_error", 3: "connection_ended", 4: "setup_error", 5: "reflected",
    6: "resent", 7: "not_in_private", 8: "unreadable", 9: "malformed", 12: "otr_error", 13: "unencrypted",
    14: "unrecognized", 15: "for_other_instance",
}

# The news that are events of their own.
NAMED_NEWS = {
    "secure", "still_secure", "finished", "smp_equal", "smp_different", "smp_abort", "smp_cheated", "smp_error",
}


def tell(event, **details):
    print(json.dumps({"event": event, **details}), flush=True)


def escape(text):
    return text.replace("\\", "\\\\").replace("\n", "\\n")


def unescape(line):
    return re.sub(r"\\(.)", lambda match: "\n" if match[1] == "n" else match[1], line)


class Refused(Exception):
    """A command cannot be done."""


class Engine:
    """The line program. Its key is in a folder. It answers at once, so nothing else goes on meanwhile."""

    def __init__(self, program, folder):
        self.arguments, self.limit = [program, folder], 0
        self.start()

    def start(self):
        pipe = subprocess.PIPE
        self.process = subprocess.Popen([*self.arguments, str(self.limit)], stdin=pipe, stdout=pipe)

    def stop(self):
        self.process.kill()
        self.process.communicate()

    def command(self, letter, text=""):
        """What it says to a command: pairs of a letter and a text."""
        self.process.stdin.write(f"{letter} {escape(text)}\n".encode(errors="replace"))
        self.process.stdin.flush()
        said = []
        for line in self.process.stdout:
            line = line.decode(errors="replace").removesuffix("\n")
            if line == ".":
                return said
            said.append((line[0], unescape(line[2:])))
        raise Refused("the OTR library has ended")


class Client(ClientXMPP):
    """One XMPP session."""

    def __init__(self, jid, password, args):
        super().__init__(jid, password)
        self.args, self.ca_certs = args, args.ca
        self.register_plugin("xep_0077")
        self.register_plugin("xep_0184", {"auto_ack": False})

    async def get_dns_records(self, domain, port=None):
        # Else it asks the machine's name server, even if connect() was told the address.
        return [(domain, self.args.address, self.args.port)]

    def send(self, data, use_filters=True):
        # It keeps everything but the login back until there is a session; a registration comes before.
        if isinstance(data, Iq) and data.get_plugin("register", check=True):
            self.send_raw(str(data))
        else:
            super().send(data, use_filters)

    async def log_in(self):
        started, failed = asyncio.Event(), []

        def fail(why):
            failed.append(why)
            started.set()

        self.add_event_handler("session_start", lambda _: started.set())
        self.add_event_handler("failed_all_auth", lambda _: fail("the server refuses the password"))
        self.add_event_handler("disconnected", lambda _: fail("the server ends the stream"))
        self.connect((self.args.address, self.args.port), use_ssl=True)
        try:
            await asyncio.wait_for(started.wait(), PATIENCE)
        except asyncio.TimeoutError:
            failed.append("no session in time")
        if failed:
            self.abort()
            raise Refused(failed[0])
        await self.get_roster()
        self.send_presence()


class Peer:
    def __init__(self, args, folder):
        self.args, self.password = args, args.password or secrets.token_hex(16)
        account = args.jid or f"otr{secrets.token_hex(8)}@{args.domain}"
        self.jid = JID(f"{account}/{secrets.token_hex(4)}")
        self.engine = Engine(args.program, folder)
        self.client = None
        self.partner = None
        # Where what it starts goes: the bare JID, or the full one that was heard of last.
        self.target = None
        self.receipts = False
        # Both libraries crash on an answer that nobody waits for.
        self.asked = False

    async def go_online(self, register=False):
        if self.client:
            raise Refused("it is online")
        client = Client(self.jid, self.password, self.args)
        if register:
            client.add_event_handler("register", self.register)
        client.add_event_handler("message", self.on_message)
        client.add_event_handler("message_error", lambda m: tell("bounced", to=m["from"].full))
        client.add_event_handler("receipt_received", lambda m: tell("receipt", id=m["receipt"]))
        client.add_event_handler("presence_available", lambda p: self.on_presence(p["from"], True))
        client.add_event_handler("presence_unavailable", lambda p: self.on_presence(p["from"], False))
        # What was sent to the account meanwhile comes with the presence.
        self.client = client
        try:
            await client.log_in()
        except BaseException:
            self.client = None
            raise
        client.add_event_handler("disconnected", lambda _: self.on_disconnected(client))
        tell("online", jid=self.jid.full, password=self.password)

    async def register(self, _form):
        request = self.client.make_iq_set()
        request["register"]["username"] = self.jid.user
        request["register"]["password"] = self.password
        try:
            await request.send()
        except XMPPError as error:
            # The login that follows fails.
            print(f"otr_peer: no account: {error.condition}", file=sys.stderr)

    def on_disconnected(self, client):
        if self.client is client:
            self.client = None
            tell("offline")

    def on_presence(self, jid, available):
        if jid == self.jid:
            return
        tell("presence", jid=jid.full, available=available)
        if not available and jid == self.target:
            self.target = JID(jid.bare)

    def on_message(self, message):
        sender, body = message["from"], message["body"]
        tell("received", **{"from": sender.full}, id=message["id"], body=body)
        if self.partner is None:
            self.partner = sender.bare
        if sender.bare != self.partner:
            return
        self.target = sender
        self.engine_does("R", body, private=body.startswith(("?OTR:", "?OTR|", "?OTR,")))
        if self.receipts and message["request_receipt"]:
            self.client["xep_0184"].ack(message)

    def engine_does(self, letter, text="", private=True):
        """Hands a command to the OTR library, sends what it wants sent, tells the rest."""
        for kind, said in self.engine.command(letter, text):
            if kind == "S":
                # libotr says an empty text instead of one that it refuses to send.
                if said:
                    self.send(said)
            elif kind == "T":
                tell("text", text=said, private=private)
            elif kind == "X":
                tell("extra_key", key=said)
            elif said in NAMED_NEWS:
                # However a session or a comparison begins or ends, no question is open after it.
                self.asked = False
                tell(said)
            elif said == "smp_asked" or said.startswith("smp_question "):
                self.asked = True
                tell("smp_asked", question=said.partition(" ")[2] if " " in said else None)
            elif said.startswith("event "):
                tell("other", news=LIBOTR_NEWS.get(int(said.split()[1]), said))
            else:
                tell("other", news=said)

    def send(self, body):
        if not self.client:
            raise Refused("it is offline")
        if not self.target:
            raise Refused("there is no partner")
        message = self.client.make_message(self.target, body, mtype="chat")
        message["request_receipt"] = self.receipts
        message.send()
        tell("sent", to=self.target.full, id=message["id"], body=body)

    async def obey(self, line):
        word, _, rest = line.partition(" ")
        match word:
            case "to":
                self.target = JID(rest)
                self.partner = self.target.bare
            case "start":
                self.engine_does("Q")
            case "say":
                self.engine_does("M", rest)
            case "html":
                marked = html.escape(rest, quote=False).replace("\n", "<BR>")
                self.engine_does("M", f'<FONT FACE="Sans" COLOR="#204a87">{marked}</FONT>')
            case "count":
                number, _, text = rest.partition(" ")
                for count in range(1, int(number) + 1):
                    self.engine_does("M", f"{text} {count}")
            case "ask":
                self.engine_does("A", rest)
            case "question":
                if "\t" not in rest:
                    raise Refused("a question and a secret, with a tab between them")
                self.engine_does("W", rest)
            case "answer":
                if not self.asked:
                    raise Refused("nobody asks")
                self.asked = False
                self.engine_does("P", rest)
            case "abort":
                self.asked = False
                self.engine_does("B")
            case "key":
                self.engine_does("K")
            case "end":
                self.asked = False
                self.engine_does("D")
            case "restart":
                self.asked = False
                self.engine.stop()
                self.engine.start()
            case "limit":
                self.engine.limit = int(rest)
                self.engine_does("L", rest)
            case "version":
                self.engine_does("V", rest)
            case "receipts":
                self.receipts = rest == "on"
            case "raw":
                self.send(rest)
            case "add":
                if not (self.client and self.partner):
                    raise Refused("it is offline, or there is no partner")
                self.client.send_presence_subscription(self.partner)
            case "offline":
                await self.go_offline()
            case "online":
                await self.go_online()
            case "remove":
                await self.remove()
            case _:
                raise Refused(f"there is no command {word}")

    async def go_offline(self):
        client = self.client
        if not client:
            raise Refused("it is offline")
        gone = asyncio.Event()
        client.add_event_handler("disconnected", lambda _: gone.set())
        client.send_presence(ptype="unavailable")
        client.disconnect()
        await asyncio.wait_for(gone.wait(), PATIENCE)

    async def remove(self):
        client = self.client
        if not client:
            raise Refused("it is offline")
        gone = asyncio.Event()
        client.add_event_handler("disconnected", lambda _: gone.set())
        # The server answers, or ends the stream at once; whichever comes first.
        client["xep_0077"].cancel_registration(callback=lambda _: gone.set())
        await asyncio.wait_for(gone.wait(), PATIENCE)


async def read_commands(peer):
    reader = asyncio.StreamReader(limit=1 << 23)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        why = None
        command = unescape(line.decode().removesuffix("\n"))
        try:
            await peer.obey(command)
        except Exception as error:
            why = str(error) or type(error).__name__
        print(json.dumps({"done": why}), flush=True)
        if command == "remove" and why is None:
            return


async def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", required=True, help="the line program")
    parser.add_argument("--folder", required=True, help="where it may have a folder for its key while it runs")
    parser.add_argument("--address", required=True, help="the server's")
    parser.add_argument("--port", type=int, required=True, help="that of direct TLS")
    parser.add_argument("--domain", required=True, help="where it gets its account")
    parser.add_argument("--ca", required=True, help="the certificate authority, PEM")
    parser.add_argument("--jid", help="an account that exists")
    parser.add_argument("--password", help="its password")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=args.folder) as folder:
        peer = Peer(args, folder)
        try:
            await peer.go_online(register=not args.jid)
            await read_commands(peer)
            if peer.client:
                peer.client.abort()
        except Refused as why:
            sys.exit(f"otr_peer: {why}")
        finally:
            peer.engine.stop()


asyncio.run(main())

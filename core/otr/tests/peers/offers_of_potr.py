"""What potr, which knows version 2 only, offers: a query, a text with the whitespace tag, a D-H Commit; a line each.
Then, for each line of input, a line with how many messages it answers with."""
import sys

import potr
from Cryptodome.Cipher import AES
from potr import context, crypt

# Its own way of calling AES-CTR is one that Debian's PyCryptodome does not know any more.
crypt.AESCTR = lambda key, counter=0: AES.new(key, AES.MODE_CTR, nonce=b"", initial_value=counter)

sent = []


class Talk(context.Context):
    def inject(self, msg, appdata=None):
        sent.append(msg)

    def getPolicy(self, key):
        return key in ("ALLOW_V2", "SEND_TAG", "WHITESPACE_START_AKE", "ERROR_START_AKE")

    def setState(self, newstate):
        self.state = newstate


class Account(context.Account):
    def loadPrivkey(self):
        # No offer takes a key, and its way of making one is broken like the above.
        return object()


def talk():
    return Talk(Account("potr@test", "xmpp", 1 << 16), "flashpaper@test")


def text(message):
    return message.decode() if isinstance(message, bytes) else message


def receive(talk, message):
    sent.clear()
    try:
        talk.receiveMessage(message)
    except (context.UnencryptedMessage, context.ErrorReceived):
        pass
    return [text(message) for message in sent]


print(text(talk().user.getDefaultQueryMessage(talk().getPolicy)).replace("\n", " "))
print(text(talk().sendMessage(context.FRAGMENT_SEND_ALL_BUT_FIRST, b"hello")))
[commit] = receive(talk(), b"?OTRv2?")
print(commit, flush=True)
listener = talk()
for line in sys.stdin:
    print(len(receive(listener, line.rstrip("\n").encode())), flush=True)

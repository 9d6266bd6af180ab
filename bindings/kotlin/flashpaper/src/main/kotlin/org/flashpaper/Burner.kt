package org.flashpaper

import java.time.Instant
import kotlin.time.Duration
import kotlinx.coroutines.flow.StateFlow

/** One burner account. Once it is gone its state stays as it was, and every call throws [FlashpaperException.NoSuchBurner]. */
public interface Burner {
    /** Its name within this installation. */
    public val id: BurnerId

    /** The present, or the last before the burner was gone or the library was locked. */
    public val state: StateFlow<BurnerState>

    /**
     * Has the burner connect, and stay connected through everything that can be waited for, over the end of the process, too,
     * once Tor is started again; [BurnerState.connection] tells how it goes. Where there are several burners it begins at a random
     * moment within 5 seconds. One that waits by itself is hurried so: it is for the burner that a user looks at.
     */
    public suspend fun connect()

    /** Ends the connection. The server keeps messages that come, for as long as it does that. */
    public suspend fun disconnect()

    /**
     * Adds somebody as a contact, by bare JID or `xmpp:` URI, and asks to see when they are there. A fingerprint in the URI
     * (`otr-fingerprint`) is the one key that they are to have from now on.
     *
     * Throws [Input.Address]: no address, or one of this installation's own. [FlashpaperException.OtherKeyVerified]: a link
     * must not take the place of a key that a user has compared. [FlashpaperException.OtherKeyInUse]: nor, without a word, of
     * one that is in use or expected: ask, then call [expectKey]. [FlashpaperException.PeerBlocked].
     */
    public suspend fun add(address: String): Chat

    /**
     * Does what [add] does, where that throws [FlashpaperException.OtherKeyInUse]: the user has decided that the link's key is
     * right. No text goes to the other then.
     */
    public suspend fun expectKey(address: String): Chat

    /** A conversation of the present state; null if there is none with this peer. */
    public fun chat(peer: Jid): Chat?

    /** A page of messages with all peers that are not done or are kept: see [Chat.before]. */
    public suspend fun messages(before: MessageId? = null, limit: Int = 100): List<Message>

    /** The address with the key, as an `xmpp:` URI for a QR code. The first time it takes a tenth of a second. */
    public suspend fun link(): String

    /** The fingerprint of the own key, for the peer to compare. The first time it takes a tenth of a second. */
    public suspend fun fingerprint(): Fingerprint

    /** The user's own name for the burner; null or a blank one takes it away. It never leaves the device. */
    public suspend fun setLabel(label: String?)

    /** Sets which messages that are done are kept. Those that are not to be kept any more are forgotten at once. */
    public suspend fun setHistory(history: History)

    /**
     * Has the burner burnt by itself at this time, or never: in the background, and as [burn] does. The time is that of the
     * device's clock: one that is set back does not put it off, and while Tor says that the clock is wrong nothing is burnt by
     * it. Where the library is not awake at that time, it is done once it is. A time that is past throws [Input.Expiry].
     */
    public suspend fun setExpiry(at: Instant?)

    /**
     * How long private conversations may rest and be gone on with, over the end of the process, too: a week at first. One that
     * has rested for longer ends once the burner is connected and everything that waited has come, and its peer is told. Zero:
     * none outlives the process, and nothing of them is stored.
     */
    public suspend fun setIdleTimeout(timeout: Duration)

    /**
     * Whether a peer that offers nothing newer may be spoken to in version 2 of OTR ([ChatState.version]), as at first, or not.
     * Private conversations in version 2 end when it may not be.
     */
    public suspend fun setVersion2(may: Boolean)

    /**
     * Takes in which keys the user has verified with another client: the text of libotr's `otr.fingerprints`. Lines of other
     * accounts are passed over where `account` is given, and so are lines that cannot be read, which are named. Nobody becomes
     * a contact by it; a key that is expected of a peer stays the only one. Throws [Input.Fingerprints] where no line can be read.
     */
    public suspend fun importFingerprints(file: String, account: String? = null): Imported

    /** Whether there are recovery words that were not dropped. */
    public suspend fun wordsLeft(): Boolean

    /** The recovery words as UTF-8, until they are dropped; null if there are none. Wipe them after use. */
    public suspend fun recoveryWords(): ByteArray?

    /** Forgets the recovery words: the user has written them down, or does not want them. */
    public suspend fun dropRecoveryWords()

    /**
     * Removes the account at its server, shows that it is gone, and forgets it here. Its peers are told that private
     * conversations end, where it is connected. Where the server cannot be asked now, all but the removal is forgotten, and
     * that is tried again by itself: see [Flashpaper.pendingRemovals]. With the last burner goes all that they share: Tor ends,
     * its files are removed, and everything learnt of servers is forgotten. The next creation starts Tor again. Cancelling ends
     * the wait, not the burn.
     */
    public suspend fun burn(): BurnReport

    /**
     * Takes the burner off this device at once, without a network: all but its removal is forgotten, and that goes on by
     * itself. Peers are not told.
     */
    public suspend fun wipe()
}

package org.flashpaper

import java.io.File
import java.time.Instant
import kotlin.time.Duration
import kotlin.time.Duration.Companion.minutes
import kotlin.time.Duration.Companion.seconds
import kotlin.time.toJavaDuration
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.flow

/**
 * Flashpaper, opened on one folder: throw-away XMPP accounts over an embedded Tor client.
 *
 * All functions throw [FlashpaperException]. The suspending ones can be called on any dispatcher, the main thread
 * included: the work is done on threads of the library. Cancelling the coroutine cancels the call at once.
 */
public class Flashpaper private constructor(internal val engine: Engine) {
    public companion object {
        /**
         * Opens [folder], which is made when absent and is to be private to the app. No network is touched, nor will
         * it be before [startTor].
         *
         * Wipe the bytes of a passphrase afterwards; a [KeySource] is called for as long as the library is open.
         * [resolvers] are the DNS servers that may be asked, by TCP at an exit: public addresses with their ports, as
         * `9.9.9.10:53`; without them those of the library, and with an empty list none. [privateNetwork] is for tests, and
         * refused by a library that was not built for them.
         */
        public suspend fun open(
            folder: File,
            key: Key,
            privateNetwork: String? = null,
            resolvers: List<String>? = null,
        ): Flashpaper =
            Flashpaper(Engine.open(Config(folder.path, key, resolvers, privateNetwork), null))

        /**
         * Ends everything of [folder] at once: keys and contents in memory, the keys of [source] (the key store that
         * sealed it, if one did), and all files. It needs no open library and no unlocked device, may be called from any
         * thread, and again; what was open fails with [FlashpaperException.Closed] from then on. Accounts stay at their
         * servers, where nobody knows their passwords any more.
         */
        public fun panic(folder: File, source: KeySource? = null): PanicReport = panic(folder.path, source)

        /**
         * [panic], and leaves a ticket where [folder] is open and unlocked and has accounts: [redeem] has their servers
         * remove them later, from any device. With the ticket one can log into the accounts, so that it undoes a part of
         * what a panic is for. It is UTF-8 and not encrypted; wipe the bytes after use.
         */
        public fun panicWithTicket(folder: File, source: KeySource? = null): TicketedPanic =
            panicWithTicket(folder.path, source)

        /**
         * Keeps this process's memory out of core dumps and from debuggers of the same user, from here on: to be called
         * before anything secret is in it. It holds for all of the process, so that it is for the app to decide. False: the
         * platform has no such thing (Linux and Android have), or has refused.
         */
        public fun forbidDumps(): Boolean = org.flashpaper.forbidDumps()

        /**
         * Keeps this process's memory out of swap, from here on. It holds for all of the process, so that it is for the app to
         * decide. False: the platform has no such thing (Linux and Android have), or does not let this process lock as much
         * memory as it likes.
         */
        public fun forbidSwap(): Boolean = org.flashpaper.forbidSwap()
    }

    /**
     * What happens after an event ([Snapshot.sequence]) or, without one, from the moment that the flow is collected, in
     * order; it completes when the library is closed. After an [Event.Lagged], and for a start without a gap, take a
     * [snapshot] and go on from there.
     */
    public fun events(since: ULong? = null): Flow<Event> = flow {
        engine.events(since).use { subscription ->
            while (true) emit(subscription.next() ?: break)
        }
    }

    /**
     * Connects to Tor, then settles what an earlier run left behind, for a minute at most. After an error Tor goes on
     * trying by itself, less and less often; called again, it starts anew at once. Where Tor runs by another way than
     * [access] it ends, with all connections, and starts anew: over bridges nothing is ever tried directly.
     */
    public suspend fun startTor(deadline: Duration = 3.minutes, access: TorAccess = TorAccess.Direct): Unit =
        engine.startTor(access, deadline.coerceAtLeast(Duration.ZERO).toJavaDuration(), null)

    /**
     * Takes an update of the server directory: a file that those who make this library have signed, however the app came
     * by it. It counts from now on, also after a restart. What it does not name stays as it is.
     */
    public suspend fun updateDirectory(file: ByteArray): Unit = engine.updateDirectory(file)

    /**
     * Takes a list of servers that the user has made: a file of the server directory, unsigned, in the place of the one
     * before. Its servers are drawn like those of the directory; where both know a server, the list counts. It is kept
     * sealed, until `null` takes it away.
     */
    public suspend fun setOwnServers(file: ByteArray?): Unit = engine.setOwnServers(file)

    /** Has another key open the folder from now on, and only that. Wipe the bytes of a passphrase afterwards. */
    public suspend fun changeKey(key: Key): Unit = engine.changeKey(key)

    /**
     * Sets the duress passphrase, in the place of an earlier one, or takes it away. Who types it at [open] does what
     * [panic] does, and gets an empty library, which the same passphrase opens from then on: nothing in it tells that
     * there was another. Whether one is set can be told neither from the folder nor from how long opening it takes. It
     * does nothing to a copy of the folder. It cannot be the passphrase itself, and the folder needs one. Wipe the
     * bytes afterwards.
     */
    public suspend fun setDuress(passphrase: ByteArray?): Unit = engine.setDuress(passphrase)

    /**
     * What was wrong with the sealed store when it was opened, and with what was read since: lost records are to be
     * told to the user.
     */
    public fun vaultReport(): VaultReport = engine.vaultReport()

    /** All accounts that are known, in the order of their creation. */
    public fun burners(): List<Burner> = engine.burners()

    /** Throws what [createBurner] would end with at once: all that can be told without a network. */
    public fun checkOptions(options: CreateOptions): Unit = engine.checkOptions(options)

    /**
     * Makes an account and shows that it can be reached. When it is cancelled, what may have been made is removed in
     * the background.
     */
    public suspend fun createBurner(options: CreateOptions = CreateOptions()): Burner =
        engine.createBurner(options, null)

    /** What a server asks of the user, while it is open: [Snapshot.questions] has all of them. */
    public fun question(id: QuestionId): Question = engine.question(id)

    /**
     * Answers what a server asks, by the places of the fields in its form: the creation goes on. Answers that do not fit
     * throw [FlashpaperException.InvalidInput], and the question stays open.
     */
    public suspend fun answer(id: QuestionId, answers: Map<Int, Answer>): Unit =
        engine.answer(id, answers.mapKeys { (field, _) -> field.toUInt() })

    /** Has the server ask anew, with another picture: this question ends, and another one follows. */
    public suspend fun askAnew(id: QuestionId): Unit = engine.askAnew(id)

    /**
     * Does not answer: the server is given up. A creation that may choose its server goes on elsewhere, another one
     * throws [FlashpaperException.Declined]. To give up altogether, cancel the creation.
     */
    public suspend fun decline(id: QuestionId): Unit = engine.decline(id)

    /**
     * Brings a burner back from its twelve recovery words (UTF-8; wipe them afterwards) and the domain of its server: the
     * same address, and the same key for its peers. Logs in to see that it is there; never registers. Throws
     * [FlashpaperException.InvalidInput] with [Input.Words] before any network, and [FlashpaperException.NoSuchBurner] where
     * the server knows no such account. Cancelled, nothing was stored.
     */
    public suspend fun restore(words: ByteArray, server: String, route: Route? = null): Burner =
        engine.restore(words, server, route, null)

    /** Whether a burner has recovery words that were not dropped. */
    public fun wordsLeft(id: BurnerId): Boolean = engine.wordsLeft(id)

    /** The recovery words of a burner as UTF-8, until they are dropped; null if it has none. Wipe them after use. */
    public fun recoveryWords(id: BurnerId): ByteArray? = engine.recoveryWords(id)

    /** Forgets the recovery words: the user has written them down, or does not want them. */
    public suspend fun dropRecoveryWords(id: BurnerId): Unit = engine.dropRecoveryWords(id)

    /**
     * Removes an account at its server, shows that it is gone, and forgets it here. Its peers are told that private
     * conversations end, where it is connected. Where the server cannot be asked now, all but the removal is forgotten,
     * and that is tried again by itself: see [pendingRemovals], which this takes, too, to try at once. With the last
     * burner goes what they share: Tor ends, its files are removed, and what was learnt of servers and the lists that
     * the app has handed in are forgotten. The next creation starts Tor again. Cancelling ends the wait, not the burn.
     */
    public suspend fun burn(id: BurnerId): BurnReport = engine.burn(id, null)

    /**
     * [burn] for all burners and for the removals that wait, each at a random moment within 5 seconds. What fails for
     * one keeps no other: see [Burned.failed]. Cancelling ends the wait, not the burns that have begun.
     */
    public suspend fun burnAll(): List<Burned> = engine.burnAll(null)

    /**
     * Takes a burner off this device at once, without a network: all but its removal is forgotten, and that goes on by
     * itself. Peers are not told.
     */
    public suspend fun wipe(id: BurnerId): Unit = engine.wipe(id)

    /**
     * Takes the [ticket] of [panicWithTicket], in any open folder: the removals of its accounts wait for their servers here
     * from now on, as [pendingRemovals] has them. What is there already is not doubled; an account that is a burner of this
     * folder stays one. Gives the removals that wait. No network is needed.
     */
    public suspend fun redeem(ticket: ByteArray): List<BurnerId> = engine.redeem(ticket)

    /**
     * The removals that wait for their servers, the oldest first. They are tried again by themselves while Tor runs, by
     * circuits of their own: first after ten to twenty minutes, then less and less often, up to every six hours, and at
     * each start. After 30 days one is dropped, which [Event.Settled] tells.
     */
    public fun pendingRemovals(): List<PendingRemoval> = engine.pendingRemovals()

    /**
     * Has a burner burnt by itself [at] this time, or never: in the background, and as [burn] does. The time is that of the
     * device's clock: one that is set back does not put it off, and while Tor says that the clock is wrong nothing is burnt
     * by it. Before Tor runs nobody can say that. Where nothing is awake at that time, it is done once something is. [Event.Expiring] reminds before, [Event.Expired] tells that it begins. A time that is past throws
     * [FlashpaperException.InvalidInput].
     */
    public suspend fun setExpiry(id: BurnerId, at: Instant?): Unit = engine.setExpiry(id, at)

    /**
     * Everything that a screen shows, at one moment. Nothing is missing between it and [events] since its sequence;
     * what happens while it is taken may be in both.
     */
    public fun snapshot(): Snapshot = engine.snapshot()

    /**
     * Has a burner connect, and stay connected through everything that can be waited for; [Event.Connection] tells how
     * it goes. Where there are several burners it begins at a random moment within 5 seconds. One that waits by itself is
     * hurried so: it is for the burner that a user looks at.
     */
    public suspend fun connect(id: BurnerId): Unit = engine.connect(id)

    /** Ends a burner's connection. Its server keeps what comes, for as long as it does that. */
    public suspend fun disconnect(id: BurnerId): Unit = engine.disconnect(id)

    /**
     * Sends a text to a bare JID, in private, as soon as that is possible: it is stored when this returns, and sent in
     * the order of these calls. It waits for a private conversation, which needs the peer to be there
     * ([MessageState.WaitingForPeer]); where that takes longer than [within], it fails. A peer that is written to is a
     * contact.
     */
    public suspend fun send(id: BurnerId, to: String, text: String, within: Duration? = null): MessageId =
        engine.send(id, to, text, within?.coerceAtLeast(Duration.ZERO)?.toJavaDuration())

    /**
     * A page of a burner's messages that are not done or are kept, with one peer (a bare JID) or all: at most [limit], the
     * last ones before the message [before], or the last of all, in their order. The first message of a page is the [before]
     * of the next one, and may be forgotten by then: it is a position. An empty page is the end.
     */
    public fun messages(
        id: BurnerId,
        with: String? = null,
        before: MessageId? = null,
        limit: Int = 100,
    ): List<Message> = engine.messages(id, with, before, limit.coerceAtLeast(0).toUInt())

    /** One message. */
    public fun message(id: BurnerId, message: MessageId): Message = engine.message(id, message)

    /** Says that the app has a message that came, or has seen that one failed: until then it is kept, also over a crash. */
    public suspend fun taken(id: BurnerId, message: MessageId): Unit = engine.taken(id, message)

    /** Sets what is kept of a burner's messages that are done. What is not to be kept any more is forgotten at once. */
    public suspend fun setHistory(id: BurnerId, history: History): Unit = engine.setHistory(id, history)

    /**
     * Adds somebody as a contact, by bare JID or `xmpp:` URI, and asks to see when they are there. A fingerprint in the
     * URI is the one key that they are to have from now on. Gives the bare JID.
     */
    public suspend fun addContact(id: BurnerId, address: String): String = engine.addContact(id, address)

    /**
     * Does what [addContact] does, where that throws [FlashpaperException.OtherKeyInUse]: the user has decided that the
     * link's key is right. No text goes to the other then.
     */
    public suspend fun expectKey(id: BurnerId, address: String): String = engine.expectKey(id, address)

    /**
     * Accepts a stranger as a contact. A private conversation that they have asked for begins with a query of ours.
     */
    public suspend fun accept(id: BurnerId, peer: String): Unit = engine.accept(id, peer)

    /**
     * Keeps somebody away, or not any more: what they send is not taken in, and the own server is told so where it
     * knows blocking (XEP-0191). They see no presence from then on. A private conversation ends without a word, and
     * what was written to them and has not left does not leave any more. Nothing but this call ends a block.
     */
    public suspend fun setBlocked(id: BurnerId, peer: String, blocked: Boolean): Unit =
        engine.setBlocked(id, peer, blocked)

    /**
     * The user's own name for a burner, or for a [peer] of it; null or a blank one takes it away. It never leaves
     * the device.
     */
    public suspend fun setLabel(id: BurnerId, label: String?, peer: String? = null): Unit =
        engine.setLabel(id, peer, label)

    /** The burner's address with its key, as an `xmpp:` URI for a QR code. */
    public suspend fun uri(id: BurnerId): String = engine.uri(id)

    /** The fingerprint of the burner's own key, for the peer to compare: 40 digits in five groups. */
    public suspend fun fingerprint(id: BurnerId): Fingerprint = engine.fingerprint(id)

    /** One conversation, as a screen shows it. [Event.Conversation] tells when to ask again. */
    public fun conversation(id: BurnerId, peer: String): Conversation = engine.conversation(id, peer)

    /** Begins a private conversation, or renews the one there is. Texts begin one by themselves. */
    public suspend fun startPrivate(id: BurnerId, peer: String): Unit = engine.startPrivate(id, peer)

    /** Ends the private conversation: the peer is told, and what waits goes on waiting for a new one. */
    public suspend fun endPrivate(id: BurnerId, peer: String): Unit = engine.endPrivate(id, peer)

    /** Says that texts may go to this key of a peer's, though another one was known or expected. */
    public suspend fun acceptKey(id: BurnerId, peer: String, fingerprint: Fingerprint): Unit =
        engine.acceptKey(id, peer, fingerprint)

    /**
     * Says that the user has compared this key, on the telephone say, or takes that back: no text goes to it then
     * before it is accepted again ([acceptKey]), nor, once one key was compared, to others that were not.
     */
    public suspend fun setVerified(id: BurnerId, peer: String, fingerprint: Fingerprint, verified: Boolean): Unit =
        engine.setVerified(id, peer, fingerprint, verified)

    /**
     * Compares a secret with the peer (SMP), with a [question] that tells which secret is meant. That both know it
     * verifies the peer; [Event.Comparison] tells. It serves to check a key that has changed, too: the holder of that
     * key sees the question, and learns of the secret whether one guess was right.
     */
    public suspend fun compare(id: BurnerId, peer: String, secret: String, question: String? = null): Unit =
        engine.compare(id, peer, secret, question)

    /**
     * Answers a comparison that the peer has asked for ([Conversation.question]); [question] is the one that the user
     * was shown, if there was one. With a question it verifies the user to the peer, not the other way.
     */
    public suspend fun answerComparison(id: BurnerId, peer: String, secret: String, question: String?): Unit =
        engine.answerComparison(id, peer, secret, question)

    /** Ends a comparison without a result. */
    public suspend fun abortComparison(id: BurnerId, peer: String): Unit = engine.abortComparison(id, peer)

    /**
     * How long a burner's private conversations may rest and be gone on with, over the end of the process, too. Zero:
     * none outlives the process, and nothing of them is stored.
     */
    public suspend fun setIdleTimeout(id: BurnerId, timeout: Duration): Unit =
        engine.setIdleTimeout(id, timeout.coerceAtLeast(Duration.ZERO).toJavaDuration())

    /**
     * Sets how long the texts of a conversation are kept once they were read, or with null that they do not go by themselves,
     * as at first: from when the app has said that it has one ([taken]), or from when one has left, but for as long as
     * something may come of it; of what is kept as history, too. It is for texts that are read from then on. A Flashpaper
     * peer is told inside the encryption, and does the same ([Notice.TimerChanged]); of two settings the later counts. With
     * clients of another kind, and until [Conversation.timerIsShared] says otherwise, texts go here alone. Nothing keeps a
     * peer from keeping a text.
     */
    public suspend fun setTimer(id: BurnerId, peer: String, after: Duration?): Unit =
        engine.setTimer(id, peer, after?.coerceAtLeast(Duration.ZERO)?.toJavaDuration())

    /**
     * Whether a peer that offers nothing newer may be spoken to in version 2 of OTR ([Conversation.version]), as at first,
     * or not. Private conversations in version 2 end when it may not be.
     */
    public suspend fun setVersion2(id: BurnerId, may: Boolean): Unit = engine.setVersion2(id, may)

    /**
     * Takes in which keys the user has verified with another client: the text of libotr's `otr.fingerprints`. Lines
     * of other accounts are passed over where [account] is given, and so are lines that cannot be read, which are
     * named. Nobody becomes a contact by it; a key that is expected of a peer stays the only one.
     */
    public suspend fun importFingerprints(id: BurnerId, file: String, account: String? = null): Imported =
        engine.importFingerprints(id, file, account)

    /** How soon a dead connection has to be noticed, for all burners. */
    public fun setProfile(profile: Profile): Unit = engine.setProfile(profile)

    /**
     * How far apart the connections of several burners are kept, from now on: within two minutes, if nothing else is
     * said. It is not stored: the app sets it after each opening. Of several burners that are connected when it becomes
     * [Spread.OneAtATime] one stays, drawn at random.
     */
    public fun setSpread(spread: Spread): Unit = engine.setSpread(spread)

    /**
     * Has the library lock itself, as [lock] does, once nobody has called [touch] for so long: by a clock that counts what
     * the device sleeps, and also where it is suspended. [Event.Locked] tells it. `null`: it never does, as at first. It is
     * not stored: the app sets it after each opening. It lasts over locking; the time begins now, and anew whenever [open]
     * is given the key. Where a time that was set before is over, the library locks itself, and nothing is set. No time at all throws [FlashpaperException.InvalidInput].
     *
     * A device that sleeps runs nothing: what was due meanwhile is done within a minute of its waking, and before [resume],
     * [syncOnce] or [touch] do anything else.
     */
    public fun setAutoLock(after: Duration?): Unit =
        engine.setAutoLock(after?.coerceAtLeast(Duration.ZERO)?.toJavaDuration())

    /** The user does something: the time of [setAutoLock] begins anew, unless it is over. */
    public fun touch(): Unit = engine.touch()

    /**
     * Hints that the device's network may be another: connections are asked whether they live, and those that wait try
     * again; several burners each at a random moment (see [setSpread]).
     */
    public fun networkChanged(): Unit = engine.networkChanged()

    /**
     * Lets go of the network and the folder within [deadline], for the device's sleep: Tor ends, and there is no
     * traffic, no wake-up but that of [setAutoLock] and, unless a key store asks a user meanwhile, no lock. What is under
     * way ends as if the process did; [resume] settles it. A creation with an open question waits: the server asks anew then.
     * Several burners end at random moments within it: a longer one tells less that they are of one phone. The key and
     * what is stored stay in memory, see [lock].
     */
    public suspend fun suspend(deadline: Duration = 3.seconds): Unit =
        engine.suspend(deadline.coerceAtLeast(Duration.ZERO).toJavaDuration())

    /**
     * Ends [suspend]: opens the folder again, starts Tor if it ran, and has those burners connect that were, each at a
     * random moment (see [setSpread]). Does nothing where it is awake.
     */
    public suspend fun resume(): Unit = engine.resume()

    /**
     * What a background task does: resumes, starts Tor as [startTor] does, connects those burners that the app wants
     * connected (by [connect], in this process or an earlier one, and not [disconnect] since), waits until what there
     * is has come and gone, and suspends; all within [deadline], but for 3 seconds. Several are connected one after
     * the other, in random order and apart as far as [deadline] allows. [suspend] and [resume] end it early.
     */
    public suspend fun syncOnce(deadline: Duration, access: TorAccess = TorAccess.Direct): SyncReport =
        engine.syncOnce(access, deadline.coerceAtLeast(Duration.ZERO).toJavaDuration())

    /**
     * [suspend], and takes all keys and contents out of memory. [open] with the key opens this library again; until then
     * every call that needs them throws [FlashpaperException.VaultLocked]. [Event.Locked] tells it.
     */
    public suspend fun lock(): Unit = engine.lock()

    /**
     * Cancels creations, waits for removals up to 30 seconds, ends Tor, and lets go of the folder. Every later call
     * throws [FlashpaperException.Closed].
     */
    public suspend fun close(): Unit = engine.shutdown()
}

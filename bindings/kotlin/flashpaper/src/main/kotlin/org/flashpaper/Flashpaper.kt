package org.flashpaper

import java.io.File
import kotlin.time.Duration
import kotlin.time.Duration.Companion.minutes
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.StateFlow
import org.flashpaper.internal.opened
import org.flashpaper.internal.panicked
import org.flashpaper.internal.panickedWithTicket
import org.flashpaper.internal.ffi.forbidDumps as ffiForbidDumps
import org.flashpaper.internal.ffi.forbidSwap as ffiForbidSwap

/**
 * Flashpaper, opened on one folder: throw-away XMPP accounts over an embedded Tor client.
 *
 * It stays open until [close], or the end of the process: an app that lets go of it has not closed it.
 *
 * Functions throw [FlashpaperException]. Cancelling a coroutine ends [open], [startTor], [restore], [sync], [Creation.await], and the
 * wait of [burn] and [burnAll]. Any other call goes on to its end, and so does its coroutine: most take milliseconds, [suspend] its
 * deadline at most, and what uses the key as long as a key store asks its user. No function of an open library holds the calling thread:
 * those that wait for a disk or a network suspend. [panic], [panicWithTicket], [forbidDumps] and [forbidSwap] are done when they
 * return, and hold it. A negative duration throws [Input.TimeSpan]; one above 30 years counts as 30 years.
 */
public interface Flashpaper {
    /**
     * The present, kept up by itself: life, Tor, burners and their conversations. A slow reader misses states between, never the
     * newest. The last one has [Life.CLOSED].
     */
    public val state: StateFlow<State>

    /**
     * What happens after an event ([State.number]), or from now on, in order. It is subscribed when this is called: nothing is lost
     * until it is collected. One collector at a time: collecting again, as an app does when it comes back to the screen, goes
     * on behind the last event that came. It ends when the library is closed.
     */
    public fun events(since: Long? = null): Flow<Numbered>

    /**
     * Connects to Tor, then settles the remains of an earlier run, for a minute at most. After an error Tor goes on trying by
     * itself, less and less often; called again, it starts anew at once. Where Tor runs by another way than `entry` it ends,
     * with all connections, and starts anew: over bridges nothing is ever tried directly. Burners that were to stay connected when
     * the last process ended ([Burner.connect]) connect again, each at a random moment: see [setSpread]. Cancelled before Tor is
     * ready, a Tor that this call has started ends, unless another call waits for it.
     *
     * Throws why Tor is not ready within `deadline`; for a bridge line that is none [Input.Bridge], and nothing has changed
     * then.
     */
    public suspend fun startTor(entry: Entry = Entry.Direct, deadline: Duration = 3.minutes)

    /**
     * Ends Tor, with all connections: there is no traffic until [startTor] or [sync], and [resume] does not bring it back.
     * Burners that were to be connected wait for the next start. A call that waits for Tor throws
     * [FlashpaperException.TorNotStarted]. May be called at any time, also while the library is suspended or locked.
     */
    public suspend fun stopTor()

    /** Begins to make an account, and to show that it can be reached. */
    public fun create(options: CreateOptions = CreateOptions()): Creation

    /** Throws the error that [create] would end with at once: all that can be told without a network. */
    public suspend fun checkOptions(options: CreateOptions)

    /**
     * Brings a burner back from its twelve recovery words (UTF-8; wipe them afterwards) and the domain of its server: the same
     * address, and the same key for its peers. Logs in to see that it is there; never registers. Contacts are those that the
     * server knows; conversations are kept nowhere but on the phone that had them. Cancelled, nothing was stored.
     *
     * Throws [Input.Words] before any network; [FlashpaperException.NoSuchBurner] where the server knows no account of these
     * words; [FlashpaperException.AlreadyHere].
     */
    public suspend fun restore(words: ByteArray, server: String, route: Route? = null): Burner

    /** A burner of the present state; null if there is none of this name. */
    public fun burner(id: BurnerId): Burner?

    /** [Burner.burn] by name: also of a removal that waits, which it tries at once. */
    public suspend fun burn(id: BurnerId): BurnReport

    /**
     * Burns all burners and tries the removals that wait, each at a random moment within 5 seconds. A failure of one keeps no
     * other: see [Burned.failed]. Cancelling ends the wait, not the burns.
     */
    public suspend fun burnAll(): List<Burned>

    /**
     * The removals that wait for their servers, the oldest first. They are tried again by themselves while Tor runs, by
     * circuits of their own: first after ten to twenty minutes, then less and less often, up to every six hours, and at each
     * start. After 30 days one is dropped, which [Event.Settled] tells.
     */
    public suspend fun pendingRemovals(): List<PendingRemoval>

    /**
     * Takes the ticket of a panic, in any open folder: the removals of its accounts wait for their servers here from now on.
     * One that is there already is not doubled; an account that is a burner of this folder stays one. Gives the removals of
     * its accounts that wait. No network is needed. Throws [Input.Ticket].
     */
    public suspend fun redeem(ticket: ByteArray): List<BurnerId>

    /**
     * Lets go of the network and the folder within `deadline`, for the device's sleep: Tor ends, and there is no traffic, no
     * wake-up but that of [setAutoLock], and no lock. Work under way ends as if the process did; [resume] settles it. A
     * creation with an open question waits: the server asks anew then. Several burners end at random moments within it: a
     * longer one tells less that they are of one phone. The key and the store's content stay in memory, see [lock].
     *
     * Throws [FlashpaperException.Timeout] where something was still there at the end of it.
     */
    public suspend fun suspend(deadline: Duration = 3.seconds)

    /**
     * Ends [suspend]: opens the folder again, starts Tor if it ran, and has those burners connect that were, each at a random
     * moment (see [setSpread]). Does nothing where the library is awake.
     */
    public suspend fun resume()

    /**
     * A background task's work: resumes, starts Tor by `entry`, connects those burners that the app wants connected (by
     * [Burner.connect], in this process or an earlier one, and not [Burner.disconnect] since), waits until all that there is
     * has come and gone, and suspends; all within `deadline`, but for 3 seconds and the time that a key source takes to open the
     * folder. Several are connected one after the other, in random order and apart as far as `deadline` allows. Cancelling ends it
     * and suspends.
     *
     * It is for moments when nobody looks at the app and no service keeps it connected: it suspends also where the library was awake,
     * which ends all connections. A task skips it while [state] has [Life.AWAKE] and another Tor than [Tor.Off].
     *
     * That a burner cannot connect is no error: see [SyncReport]. The library keeps no bridges over a process's end, so an app
     * that goes by bridges hands them in here, too.
     */
    public suspend fun sync(deadline: Duration, entry: Entry = Entry.Direct): SyncReport

    /**
     * Suspends, and takes all keys and contents out of memory. Opening the folder with the key opens this library again; until
     * then every call that needs them throws [FlashpaperException.VaultLocked]. [Event.Locked] tells it.
     *
     * Throws where a key stayed in memory.
     */
    public suspend fun lock()

    /**
     * Has the library lock itself, as [lock] does, once nobody has called [touch] for so long: by a clock that counts the
     * device's sleep, and also where it is suspended. Null: it never does, as at first. It is not stored: the app sets it after
     * each opening. It lasts over locking; the time begins now, and anew whenever the folder is opened with the key.
     *
     * A device that sleeps runs nothing: a lock that was due meanwhile is done within a minute of its waking, and before
     * [resume], [sync] or [touch] do anything else. No time at all throws [Input.AutoLock].
     */
    public suspend fun setAutoLock(after: Duration?)

    /** The user does something: the time of [setAutoLock] begins anew, unless it is over. */
    public fun touch()

    /**
     * Has another key open the folder from now on, and only that. Takes as long as opening. The duress passphrase stays, unless
     * there is no passphrase any more.
     */
    public suspend fun changeKey(key: Key)

    /**
     * Sets the duress passphrase, in the place of an earlier one, or takes it away. Who types it at opening does a panic, and
     * gets an empty library, which the same passphrase opens from then on: nothing in it tells that there was another. Whether
     * one is set can be told neither from the folder nor from how long opening it takes. It does nothing to a copy of the
     * folder. Wipe the bytes afterwards.
     *
     * Throws [Input.Passphrase], [Input.SamePassphrase] or [Input.NoPassphrase].
     */
    public suspend fun setDuress(passphrase: ByteArray?)

    /**
     * Takes an update of the server directory: a file that those who make this library have signed, however the app came by it.
     * It counts from now on, also after a restart. An entry that it does not name stays as it is. Throws [Input.Directory];
     * nothing has changed then.
     */
    public suspend fun updateDirectory(file: ByteArray)

    /**
     * Takes a list of servers that the user has made: a file of the server directory, unsigned, in the place of the one before.
     * Its servers are drawn like those of the directory; where both know a server, the list counts. It is kept sealed, until
     * null takes it away. Throws [Input.Directory]; nothing has changed then.
     */
    public suspend fun setOwnServers(file: ByteArray?)

    /**
     * A text for a report to the developers, which the user reads before sharing it. There is no address, host, key or word of
     * anybody in it.
     */
    public suspend fun diagnostics(): String

    /**
     * Cancels creations, waits for removals up to 30 seconds, ends Tor, and lets go of the folder. Every later call throws
     * [FlashpaperException.Closed], every flow of events ends. Goes on to its end when the coroutine is cancelled.
     */
    public suspend fun close()

    /**
     * Hints that the device's network may be another: connections are asked whether they live, and those that wait try again;
     * several burners each at a random moment (see [setSpread]).
     */
    public fun networkChanged()

    /** How soon a dead connection has to be noticed, for all burners. */
    public fun setProfile(profile: Profile)

    /**
     * How far apart the connections of several burners are kept, from now on: within two minutes, if nothing else is said. It
     * is not stored: the app sets it after each opening. Of several burners that are connected when it becomes
     * [Spread.OneAtATime] one stays, drawn at random.
     */
    public fun setSpread(spread: Spread)

    public companion object {
        /**
         * Opens a folder. No network is touched, nor will it be before [startTor] or [sync]. A folder that this process has open
         * already gives the same library: closing it closes it for all. One that is locked is unlocked by its key, and suspended then;
         * one that is suspended stays so: call [resume]. With the duress passphrase it gives an empty one: see [setDuress].
         * Cancelled, it closes what it alone has opened.
         *
         * Throws where the folder cannot be used, is in use by another process or for another network, is sealed with another
         * key, or is damaged; where the key store does not hand its key out; where the configuration is invalid.
         */
        public suspend fun open(config: Config): Flashpaper = opened(config)

        /**
         * Ends everything of a folder: takes all keys and contents out of memory, has the key store delete its keys, and removes
         * all files of this library there, Tor's too. Work of a library that is open is cut off; each call of it throws
         * [FlashpaperException.Closed] from then on. Accounts stay at their servers, where nobody knows their passwords any more.
         *
         * From any thread, also where the folder is open in another process, locked, or not there; it can be called again. Takes
         * milliseconds once the library is loaded, and as long as [keys] takes: the key store that sealed the folder; without one, a
         * file or a passphrase did.
         */
        public fun panic(folder: File, keys: KeySource? = null): PanicReport =
            panicked(folder, keys)

        /**
         * [panic], and leaves a ticket, by which the accounts can be removed at their servers later, from any device: see
         * [redeem]. **With the ticket one can log into the accounts**, so that it undoes a part of a panic's purpose. There is
         * none where no unlocked library of this process has the folder, or there is no account in it.
         */
        public fun panicWithTicket(folder: File, keys: KeySource? = null): TicketedPanic =
            panickedWithTicket(folder, keys)

        /**
         * Keeps this process's memory out of core dumps and from debuggers of the same user, from here on: to be called before
         * anything secret is in it. It holds for all of the process, so that it is for the app to decide. False: the platform
         * has no such thing (Linux and Android have), or has refused.
         *
         * It is done when this returns, which holds the calling thread: the first call of the library loads it, which can take a
         * tenth of a second or more. Later calls take microseconds.
         */
        public fun forbidDumps(): Boolean = ffiForbidDumps()

        /**
         * Keeps this process's memory out of swap, from here on. It holds for all of the process, so that it is for the app to
         * decide. False: the platform has no such thing (Linux and Android have), or does not let this process lock as much
         * memory as it likes.
         *
         * It holds the calling thread, as [forbidDumps] does.
         */
        public fun forbidSwap(): Boolean = ffiForbidSwap()
    }
}

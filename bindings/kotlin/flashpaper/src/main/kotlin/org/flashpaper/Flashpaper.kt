package org.flashpaper

import java.io.File
import kotlin.time.Duration
import kotlin.time.Duration.Companion.minutes
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
         * Wipe the bytes of a [Key.Passphrase] afterwards. [privateNetwork] is for tests, and refused by a library
         * that was not built for them.
         */
        public suspend fun open(folder: File, key: Key, privateNetwork: String? = null): Flashpaper =
            Flashpaper(Engine.open(Config(folder.path, key, privateNetwork), null))
    }

    /**
     * What happens from the moment that the flow is collected, in order; it completes when the library is closed. For
     * a start without a gap, begin to collect with `CoroutineStart.UNDISPATCHED` before the call that matters.
     */
    public fun events(): Flow<Event> = flow {
        engine.events().use { subscription ->
            while (true) emit(subscription.next() ?: break)
        }
    }

    /** Connects to Tor, then settles what an earlier run left behind. Called again after an error it goes on trying. */
    public suspend fun startTor(deadline: Duration = 3.minutes): Unit =
        engine.startTor(deadline.coerceAtLeast(Duration.ZERO).toJavaDuration(), null)

    /** Has another key open the folder from now on, and only that. Wipe the bytes of a [Key.Passphrase] afterwards. */
    public suspend fun changeKey(key: Key): Unit = engine.changeKey(key)

    /** What was wrong with the sealed store when it was opened: lost records are to be told to the person. */
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

    /** The recovery words of a burner as UTF-8, until they are dropped; null if it has none. Wipe them after use. */
    public fun recoveryWords(id: BurnerId): ByteArray? = engine.recoveryWords(id)

    /** Forgets the recovery words: the person has written them down, or does not want them. */
    public suspend fun dropRecoveryWords(id: BurnerId): Unit = engine.dropRecoveryWords(id)

    /**
     * Removes an account at its server, shows that it is gone, and forgets it here. Cancelling ends the wait, not the
     * burn.
     */
    public suspend fun burn(id: BurnerId): BurnReport = engine.burn(id, null)

    /** Stops the periodic network traffic until the next use or [resume]. */
    public fun suspend(): Unit = engine.suspend()

    /** Ends [suspend]. */
    public fun resume(): Unit = engine.resume()

    /**
     * Cancels creations, waits for removals up to 30 seconds, ends Tor, and lets go of the folder. Every later call
     * throws [FlashpaperException.Closed].
     */
    public suspend fun close(): Unit = engine.shutdown()
}

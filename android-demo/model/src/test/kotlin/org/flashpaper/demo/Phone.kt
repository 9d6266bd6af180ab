package org.flashpaper.demo

import java.io.File
import java.security.SecureRandom
import java.time.Clock
import javax.crypto.Cipher
import javax.crypto.SecretKey
import javax.crypto.spec.GCMParameterSpec
import javax.crypto.spec.SecretKeySpec
import kotlin.coroutines.CoroutineContext
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.TimeoutCancellationException
import kotlinx.coroutines.delay
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout
import org.flashpaper.BurnerId
import org.flashpaper.CreateOptions
import org.flashpaper.Entry
import org.flashpaper.Flashpaper
import org.flashpaper.Key
import org.flashpaper.KeySlot
import org.flashpaper.KeySource
import org.flashpaper.KeySourceException
import org.flashpaper.Lab
import org.flashpaper.PanicReport
import org.flashpaper.State

/**
 * A device with a folder and a key store of its own, and the real library on the lab.
 *
 * @param server where its burners are made; at any server, if nothing is said.
 * @param patience how long Tor has to start at most.
 */
internal class Phone(
    private val scope: CoroutineScope,
    folder: File,
    private val server: String? = null,
    private val patience: Duration = Duration.INFINITE,
) : Platform {
    override val keys = MemoryKeys()
    override val clock: Clock = Clock.systemUTC()
    override val staysConnected = false
    private val store = Store(folder, keys, Lab.facts)
    private var choices = Choices()
    var app = AppModel(scope, this)
        private set

    override suspend fun open(key: Key): Flashpaper = Drawn(store.open(key))

    /** What a draw of servers could give, and a user with little patience. */
    private inner class Drawn(private val library: Flashpaper) : Flashpaper by library {
        override suspend fun startTor(entry: Entry, deadline: Duration) = library.startTor(entry, minOf(deadline, patience))

        override fun create(options: CreateOptions) = library.create(options.copy(server = server))
    }

    override fun panic(): PanicReport = store.panic().also { forget() }

    override fun forget() {
        choices = Choices()
    }

    override fun load() = choices

    override fun save(choices: Choices) {
        this.choices = choices
    }

    override fun openLink(link: String) = Unit

    val library: Flashpaper
        get() = checkNotNull(app.session.library) { "the store is not open" }

    val now: State
        get() = library.state.value

    /** Everything of the app is gone but its folder and its keys. */
    suspend fun processEnds() {
        app.close()
        app = AppModel(scope, this)
    }

    /** Waits for a screen. */
    suspend inline fun <reified M : ScreenModel<*>> on(crossinline wanted: (M) -> Boolean = { true }): M {
        until("${M::class.simpleName}, but on ${app.state.value.screen}") { (app.shown.value as? M)?.let(wanted) == true }
        return app.shown.value as M
    }

    suspend fun until(what: String, time: Duration = 300.seconds, wanted: () -> Boolean): Unit = try {
        withTimeout(time) { while (!wanted()) delay(20.milliseconds) }
    } catch (_: TimeoutCancellationException) {
        error("it never came to $what: ${app.shown.value.state.value}")
    }

    /** Holds the button until the burn begins, and waits for its report. */
    suspend fun burn(burner: BurnerId): BurnReportModel {
        app.reset(Screen.Burners, Screen.Contacts(burner))
        on<ContactsModel>().burn()
        on<BurnModel>().holdStarted()
        return on<BurnReportModel>()
    }
}

/** A test on a phone, whose app is closed whatever happens: it holds Tor, its folder and accounts of the lab. */
internal fun onPhone(
    main: CoroutineContext,
    folder: File,
    server: String? = null,
    patience: Duration = Duration.INFINITE,
    test: suspend (Phone) -> Unit,
) = runBlocking(main) {
    val phone = Phone(this, folder, server, patience)
    try {
        test(phone)
    } finally {
        phone.app.close()
    }
}

/** A circuit may fail once more after a cut: the person touches again. */
internal suspend fun BurnReportModel.proven(): BurnReportState = reaches {
    if (it.canRetry) retry()
    it.sign.key == TextKey.REPORT_PROVEN
}

/** Waits for a state. */
internal suspend fun <S> ScreenModel<S>.reaches(wanted: (S) -> Boolean): S {
    try {
        withTimeout(300.seconds) { while (!wanted(state.value)) delay(20.milliseconds) }
    } catch (_: TimeoutCancellationException) {
        error("never reached, but ${state.value}")
    }
    return state.value
}

/** A key store in memory, with AES-GCM as Android's has it. */
internal class MemoryKeys : KeySource {
    private val keys = mutableMapOf<KeySlot, SecretKey>()

    val isEmpty: Boolean
        get() = synchronized(this) { keys.isEmpty() }

    override fun seal(slot: KeySlot, bytes: ByteArray): ByteArray = synchronized(this) {
        val key = SecretKeySpec(random(16), "AES").also { keys[slot] = it }
        val nonce = random(NONCE)
        nonce + cipher(Cipher.ENCRYPT_MODE, key, nonce).doFinal(bytes)
    }

    override fun unseal(slot: KeySlot, sealed: ByteArray): ByteArray = synchronized(this) {
        val key = keys[slot] ?: throw KeySourceException.Invalidated()
        cipher(Cipher.DECRYPT_MODE, key, sealed.copyOf(NONCE)).doFinal(sealed.drop(NONCE).toByteArray())
    }

    override fun delete(slot: KeySlot) {
        synchronized(this) { keys.remove(slot) }
    }

    private fun cipher(mode: Int, key: SecretKey, nonce: ByteArray) =
        Cipher.getInstance("AES/GCM/NoPadding").apply { init(mode, key, GCMParameterSpec(128, nonce)) }

    private fun random(size: Int) = ByteArray(size).also(SecureRandom()::nextBytes)

    private companion object {
        const val NONCE = 12
    }
}

@file:OptIn(ExperimentalCoroutinesApi::class)

package org.flashpaper.demo

import java.time.Clock
import java.time.Instant
import java.time.ZoneId
import java.time.ZoneOffset
import kotlin.time.Duration
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.ExperimentalCoroutinesApi
import kotlinx.coroutines.Job
import kotlinx.coroutines.cancel
import kotlinx.coroutines.job
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.test.TestScope
import kotlinx.coroutines.test.advanceTimeBy
import kotlinx.coroutines.test.runCurrent
import kotlinx.coroutines.test.runTest
import kotlinx.coroutines.yield
import org.flashpaper.BurnerId
import org.flashpaper.Flashpaper
import org.flashpaper.FlashpaperException
import org.flashpaper.Jid
import org.flashpaper.Key
import org.flashpaper.KeySlot
import org.flashpaper.KeySource
import org.flashpaper.Life
import org.flashpaper.NetworkKind
import org.flashpaper.PanicReport
import org.flashpaper.Tor
import org.flashpaper.testing.FakeFlashpaper
import org.flashpaper.testing.FakePeer

/** A device without a disk: its library is the double in memory. */
internal class Device(private val test: TestScope, private val network: NetworkKind = NetworkKind.PUBLIC) : Platform {
    var fake = FakeFlashpaper(test, network)
    var choices = Choices()
    var panics = 0
    var panicReport = PanicReport()
    val links = mutableListOf<String>()

    /** What is needed to open the store beside the device's key. */
    var passphrase: String? = null

    /** It empties the store, and opens it from then on. */
    var duress: String? = null

    /** The next opening throws this. */
    var openFails: FlashpaperException? = null

    /** What the app gets in the place of the double. */
    var opened: (Flashpaper) -> Flashpaper = { it }

    override val keys: KeySource = object : KeySource {
        override fun seal(slot: KeySlot, bytes: ByteArray) = bytes
        override fun unseal(slot: KeySlot, sealed: ByteArray) = sealed
        override fun delete(slot: KeySlot) = Unit
    }

    override val clock: Clock = object : Clock() {
        override fun getZone(): ZoneId = ZoneOffset.UTC
        override fun withZone(zone: ZoneId) = this
        override fun instant(): Instant = fake.now
    }

    override var staysConnected = false

    override suspend fun open(key: Key): Flashpaper {
        openFails?.let {
            openFails = null
            throw it
        }
        val typed = (key as Key.Source).passphrase?.decodeToString()
        if (typed != null && typed == duress) {
            passphrase = duress
            duress = null
            // The library that is open in this process ends with the panic, and the app hears of it.
            fake.close()
            yield()
            fake = FakeFlashpaper(test, network)
        }
        if (typed != passphrase) throw FlashpaperException.VaultLocked()
        if (fake.state.value.life == Life.CLOSED) fake = FakeFlashpaper(test, network)
        fake.unlock()
        return opened(fake)
    }

    override fun panic(): PanicReport {
        panics += 1
        // The library that is open ends with it.
        runBlocking { fake.close() }
        forget()
        return panicReport
    }

    override fun forget() {
        choices = Choices()
        staysConnected = false
    }

    override fun load(): Choices = choices

    override fun save(choices: Choices) {
        this.choices = choices
    }

    override fun openLink(link: String) {
        links += link
    }
}

/** An app on a device, and the touches of its user. */
internal class Story(private val test: TestScope, network: NetworkKind = NetworkKind.PUBLIC) {
    val device = Device(test, network)
    private var process = process()
    var app = AppModel(process, device)
    val fake
        get() = device.fake

    val screen: Screen
        get() {
            settle()
            return app.state.value.screen
        }

    fun way(): List<Screen> {
        settle()
        return app.state.value.way
    }

    init {
        settle()
    }

    /** Lets everything happen that can happen now. */
    fun settle() = test.runCurrent()

    fun pass(time: Duration) {
        test.advanceTimeBy(time)
        settle()
    }

    inline fun <reified M : ScreenModel<*>> on(): M {
        settle()
        return app.shown.value as? M ?: error("not on ${M::class.simpleName}, but on ${app.state.value.screen}")
    }

    /** The process ends and begins anew, with what the store has. */
    fun processEnds() {
        // What the library has stored is there; Tor and connections are not.
        fake.setTor(Tor.Off)
        process.cancel()
        process = process()
        app = AppModel(process, device)
        settle()
    }

    private fun process() = CoroutineScope(test.backgroundScope.coroutineContext + Job(test.backgroundScope.coroutineContext.job))

    /** The first touch, up to the contacts of a new burner. */
    fun firstBurner(): BurnerId {
        on<StartModel>().start()
        return on<ContactsModel>().run { (screen as Screen.Contacts).burner }
    }

    /** A chat with somebody who is online. */
    fun chat(with: String = "juliet@example.net"): Pair<ChatModel, FakePeer> {
        if (app.shown.value is StartModel) firstBurner()
        val peer = fake.peer(Jid(with))
        peer.comesOnline()
        on<ContactsModel>().add(with)
        return on<ChatModel>() to peer
    }
}

internal fun story(network: NetworkKind = NetworkKind.PUBLIC, body: suspend Story.() -> Unit) = runTest { Story(this, network).body() }

internal val Sign.key
    get() = text.key

internal fun ChatModel.texts() = state.value.bubbles.map { it.text.text }

internal fun ChatModel.says(text: String) {
    write(text)
    send()
}

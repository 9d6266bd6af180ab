@file:OptIn(ExperimentalCoroutinesApi::class)

package org.flashpaper.demo.ui

import androidx.compose.ui.graphics.ImageBitmap
import androidx.compose.ui.res.loadImageBitmap
import java.time.Clock
import java.time.Instant
import java.time.ZoneId
import java.time.ZoneOffset
import kotlin.time.Duration
import kotlinx.coroutines.ExperimentalCoroutinesApi
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.test.StandardTestDispatcher
import kotlinx.coroutines.test.TestScope
import kotlinx.coroutines.test.advanceTimeBy
import kotlinx.coroutines.test.runCurrent
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
import org.flashpaper.demo.AppModel
import org.flashpaper.demo.Choices
import org.flashpaper.demo.ContactsModel
import org.flashpaper.demo.Platform
import org.flashpaper.demo.Screen
import org.flashpaper.demo.ScreenModel
import org.flashpaper.demo.StartModel
import org.flashpaper.demo.deviceSettings
import org.flashpaper.testing.FakeFlashpaper
import org.flashpaper.testing.FakePeer

/** The app on a device that is not there, over the library's double: what a scene plays on. */
internal class Stage(private val test: TestScope, private val network: NetworkKind = NetworkKind.PUBLIC) : Platform, Device {
    var fake = library()
    var passphrase: String? = null
    val asked = mutableListOf<String>()

    /** What the app gets in the place of the double. */
    var opened: (Flashpaper) -> Flashpaper = { it }

    /** Every opening throws this. */
    var openFails: FlashpaperException? = null
    var panicReport = PanicReport()
    val app = AppModel(test.backgroundScope, this)

    inline fun <reified M : ScreenModel<*>> on(): M {
        settle()
        return app.shown.value as? M ?: error("on ${app.state.value.screen}")
    }

    /** Runs what is launched on it when this settles. */
    val dispatcher = StandardTestDispatcher(test.testScheduler)

    fun settle() = test.runCurrent()

    fun pass(time: Duration) {
        test.advanceTimeBy(time)
        settle()
    }

    /** The first touch, up to the contacts of a new burner. */
    fun burner(): BurnerId {
        on<StartModel>().start()
        return (on<ContactsModel>().screen as Screen.Contacts).burner
    }

    fun peer(address: String): FakePeer = fake.peer(Jid(address))

    private fun library() = FakeFlashpaper(test, network, Instant.parse("2026-11-29T14:32:00Z"))

    // Platform:

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

    override val staysConnected = true

    override suspend fun open(key: Key): Flashpaper {
        openFails?.let { throw it }
        if ((key as Key.Source).passphrase?.decodeToString() != passphrase) throw FlashpaperException.VaultLocked()
        if (fake.state.value.life == Life.CLOSED) fake = library()
        fake.unlock()
        return opened(fake)
    }

    override fun panic(): PanicReport {
        runBlocking { fake.close() }
        return panicReport
    }

    override fun forget() = Unit

    override fun load() = Choices()

    override fun save(choices: Choices) = Unit

    override fun openLink(link: String) = asked.plusAssign("open $link")

    // Device:

    override val settings = MutableStateFlow(deviceSettings(staysConnected = true, hasTrigger = false))

    override fun copy(text: String) = asked.plusAssign("copy $text")

    override fun share(text: String) = asked.plusAssign("share $text")

    override fun scan(found: (String) -> Unit) = asked.plusAssign("scan")

    override fun picture(file: ByteArray): ImageBitmap? = loadImageBitmap(file.inputStream())

    override fun stayConnected(on: Boolean) = asked.plusAssign("stay $on")

    override fun forgetTrigger() = asked.plusAssign("forget")
}

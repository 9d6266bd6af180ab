package org.flashpaper.demo

import java.io.File
import java.time.Clock
import kotlin.time.Duration
import kotlin.time.Duration.Companion.hours
import kotlin.time.Duration.Companion.minutes
import org.flashpaper.Config
import org.flashpaper.Entry
import org.flashpaper.Flashpaper
import org.flashpaper.Key
import org.flashpaper.KeySource
import org.flashpaper.PanicReport

/** What the models need of the device. */
interface Platform {
    /** The keys of the device, which seal the store. */
    val keys: KeySource

    val clock: Clock

    /** Connections are kept while the app is not in front: the user has asked for that. */
    val staysConnected: Boolean

    /** Opens the store. No network is touched. */
    suspend fun open(key: Key): Flashpaper

    /** Deletes keys, then files, and then [forget]s. From any thread. */
    fun panic(): PanicReport

    /** Forgets all that the app has kept outside of the sealed store: the device is as after the installation. */
    fun forget()

    /** What the user has chosen: kept by the app, outside of the sealed store. */
    fun load(): Choices

    fun save(choices: Choices)

    /** Hands a link to another app, outside of Tor. */
    fun openLink(link: String)
}

/** What the user has chosen for the app. Printing it shows no bridge. */
data class Choices(
    val entrance: Entrance = Entrance.DIRECT,
    /** The lines of bridges, as they were written. */
    val bridges: String = "",
    val autoLock: AutoLock = AutoLock.FIVE_MINUTES,
) {
    val entry: Entry
        get() = if (entrance == Entrance.DIRECT) Entry.Direct else Entry.Bridges(bridges.lines())

    override fun toString(): String = "Choices($entrance, $autoLock, ..)"
}

/** The store of the real library, in a folder that is the app's own. */
class Store(private val folder: File, private val keys: KeySource, private val privateNetwork: String? = null) {
    suspend fun open(key: Key): Flashpaper = Flashpaper.open(Config(folder, key, privateNetwork = privateNetwork))

    fun panic(): PanicReport = Flashpaper.panic(folder, keys)
}

internal val AutoLock.time: Duration?
    get() = when (this) {
        AutoLock.ONE_MINUTE -> 1.minutes
        AutoLock.FIVE_MINUTES -> 5.minutes
        AutoLock.ONE_HOUR -> 1.hours
        AutoLock.NEVER -> null
    }

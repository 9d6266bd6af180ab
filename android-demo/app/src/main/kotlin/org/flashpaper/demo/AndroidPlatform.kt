package org.flashpaper.demo

import android.app.NotificationManager
import android.content.ActivityNotFoundException
import android.content.Context
import android.content.Intent
import android.net.Uri
import java.io.File
import java.time.Clock
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.SharingStarted
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.asStateFlow
import kotlinx.coroutines.flow.combine
import kotlinx.coroutines.flow.stateIn
import org.flashpaper.Flashpaper
import org.flashpaper.Key
import org.flashpaper.KeySource
import org.flashpaper.PanicReport
import org.flashpaper.android.AndroidKeySource

/** What the models need of Android. */
class AndroidPlatform(
    private val application: DemoApplication,
    override val keys: KeySource = AndroidKeySource(application, alias = "flashpaper"),
    override val clock: Clock = Clock.systemDefaultZone(),
) : Platform {
    // Kept out of backups: what is burned must not come back from one.
    private val store = Store(File(application.noBackupFilesDir, "flashpaper"), keys)
    private val opened = MutableStateFlow<Flashpaper?>(null)
    private val preferences = application.getSharedPreferences("choices", Context.MODE_PRIVATE)

    val triggers = Triggers(application)

    /** The library, once the model has opened it. */
    val library: StateFlow<Flashpaper?> = opened.asStateFlow()

    private val stays = MutableStateFlow(preferences.getBoolean(STAYS, false))

    override var staysConnected: Boolean
        get() = stays.value
        set(on) {
            preferences.edit().putBoolean(STAYS, on).commit()
            stays.value = on
        }

    /** They change by other apps and by a panic, too. */
    val settings: StateFlow<DeviceSettings> = combine(stays, triggers.app) { on, trigger -> deviceSettings(on, trigger != null) }
        .stateIn(application.scope, SharingStarted.Eagerly, deviceSettings(stays.value, triggers.app.value != null))

    override suspend fun open(key: Key): Flashpaper = store.open(key).also { opened.value = it }

    /** First what is secret. */
    override fun panic(): PanicReport = try {
        store.panic()
    } finally {
        opened.value = null
        forget()
    }

    override fun forget() {
        preferences.edit().clear().commit()
        stays.value = false
        triggers.forget()
        application.clipboard.clear()
        application.service<NotificationManager>().cancelAll()
        application.stopService(Intent(application, StayConnected::class.java))
    }

    override fun load() = Choices(
        preferences.getString(ENTRANCE, null)?.let { Entrance.valueOf(it) } ?: Choices().entrance,
        preferences.getString(BRIDGES, null) ?: Choices().bridges,
        preferences.getString(AUTO_LOCK, null)?.let { AutoLock.valueOf(it) } ?: Choices().autoLock,
    )

    override fun save(choices: Choices) {
        preferences.edit()
            .putString(ENTRANCE, choices.entrance.name)
            .putString(BRIDGES, choices.bridges)
            .putString(AUTO_LOCK, choices.autoLock.name)
            .apply()
    }

    /** The user was asked before: a browser does not go through Tor. */
    override fun openLink(link: String) {
        try {
            application.startActivity(Intent(Intent.ACTION_VIEW, Uri.parse(link)).addFlags(Intent.FLAG_ACTIVITY_NEW_TASK))
        } catch (_: ActivityNotFoundException) {
            // There is no browser: nothing is opened.
        }
    }

    private companion object {
        const val STAYS = "stays connected"
        const val ENTRANCE = "entrance"
        const val BRIDGES = "bridges"
        const val AUTO_LOCK = "auto lock"
    }
}

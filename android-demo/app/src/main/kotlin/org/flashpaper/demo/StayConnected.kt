package org.flashpaper.demo

import android.content.Intent
import kotlinx.coroutines.flow.filterNotNull
import kotlinx.coroutines.flow.first
import org.flashpaper.Flashpaper
import org.flashpaper.android.FlashpaperService

/** Keeps the burners connected while nobody looks at the app: only where the user has asked for it. */
class StayConnected : FlashpaperService() {
    private val app get() = application as DemoApplication

    override val icon: Int get() = R.drawable.ic_status

    /** The library that the model has opened. */
    override suspend fun open(): Flashpaper = app.platform.library.filterNotNull().first()

    /** Android is not to start it again after the end of the process: nothing starts Tor but the user. */
    override fun onStartCommand(intent: Intent?, flags: Int, startId: Int): Int {
        super.onStartCommand(intent, flags, startId)
        return START_NOT_STICKY
    }

    /** While the user looks at the app, the library stays awake: leaving the app suspends it. */
    override suspend fun disconnect(library: Flashpaper) {
        if (!app.presence.isInFront()) super.disconnect(library)
    }
}

package org.flashpaper.android

import android.app.Notification
import android.app.NotificationChannel
import android.app.NotificationManager
import android.app.PendingIntent
import android.app.Service
import android.content.Intent
import android.content.pm.ServiceInfo
import android.os.Build
import android.os.IBinder
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Job
import kotlinx.coroutines.MainScope
import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.cancel
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.launch
import kotlinx.coroutines.withContext
import org.flashpaper.Flashpaper
import org.flashpaper.FlashpaperException
import org.flashpaper.Life

/**
 * Keeps the app's process, and so its burners' connections, while nobody looks at the app: a foreground service of the
 * type `specialUse`, as Android has no type for a messenger without a push service, and no other one lasts.
 *
 * It starts by `startForegroundService` while the app is in front, opens the library ([open]), which it gives
 * [ConnectivityHints], and has it connect ([connect]). It ends by `stopService`, with an error of [open], and when the library is
 * closed or locks itself: there is nothing to be connected then. At its end it lets the library go ([disconnect]). Android
 * starts it again after it has killed the process for want of memory.
 *
 * Its notification has the app's name and [icon], and nothing of what is going on: no account, no sender, no text. It is
 * not shown on a locked screen, nor on other devices of the user.
 *
 * The guide for Android (`core/docs/guides/android.md`) has what belongs into the app's manifest.
 */
public abstract class FlashpaperService : Service() {
    private val scope: CoroutineScope = MainScope()
    private var work: Job? = null

    /** A small picture of one colour, for the status bar: a drawable of the app's. */
    protected abstract val icon: Int

    /** Opens the library, or gives the one that is open. Called on the main thread, and cancelled when the service ends. */
    protected abstract suspend fun open(): Flashpaper

    /**
     * Brings the open library to where it is to be: [Flashpaper.resume], [Flashpaper.startTor]. Called as [open] is. An error
     * does not end the service: Tor goes on trying by itself, and [Flashpaper.state] tells how it goes.
     */
    protected open suspend fun connect(library: Flashpaper): Unit = Unit

    /**
     * The service ends, for whatever reason: suspends the library. An app overrides it to keep the library awake while the user looks
     * at the app. Called on the main thread, and not cancelled.
     */
    protected open suspend fun disconnect(library: Flashpaper): Unit = library.suspend()

    /**
     * [open] has thrown, and the service ends. After a restart by Android a key source may need the user, who is not there:
     * an app can say so by a notification that opens it.
     */
    protected open fun failed(error: FlashpaperException): Unit = Unit

    /** Not to be bound to. */
    override fun onBind(intent: Intent?): IBinder? = null

    override fun onStartCommand(intent: Intent?, flags: Int, startId: Int): Int {
        try {
            show()
        } catch (_: IllegalStateException) {
            // Not from the background: Android 12 and later.
            stopSelf()
            return START_NOT_STICKY
        }
        if (work == null) work = scope.launch { run() }
        return START_STICKY
    }

    override fun onDestroy() {
        scope.cancel()
        super.onDestroy()
    }

    private suspend fun run() {
        val flashpaper = try {
            open()
        } catch (e: FlashpaperException) {
            failed(e)
            stopSelf()
            return
        }
        try {
            ConnectivityHints(this, flashpaper).use {
                coroutineScope {
                    val connecting = launch {
                        try {
                            connect(flashpaper)
                        } catch (_: FlashpaperException) {
                            // The state tells it.
                        }
                    }
                    flashpaper.state.first { it.life == Life.CLOSED || it.life == Life.LOCKED }
                    connecting.cancel()
                }
            }
            stopSelf()
        } finally {
            withContext(NonCancellable) {
                try {
                    disconnect(flashpaper)
                } catch (_: FlashpaperException) {
                    // It is closed or locked, or it is on its way.
                }
            }
        }
    }

    private fun show() {
        val name = applicationInfo.loadLabel(packageManager)
        val channel = NotificationChannel(CHANNEL, name, NotificationManager.IMPORTANCE_LOW).apply {
            lockscreenVisibility = Notification.VISIBILITY_SECRET
            setShowBadge(false)
        }
        service<NotificationManager>().createNotificationChannel(channel)
        val notification = Notification.Builder(this, CHANNEL)
            .setSmallIcon(icon)
            .setContentTitle(name)
            .setVisibility(Notification.VISIBILITY_SECRET)
            .setShowWhen(false)
            .setLocalOnly(true)
            .setOngoing(true)
        packageManager.getLaunchIntentForPackage(packageName)?.let {
            notification.setContentIntent(PendingIntent.getActivity(this, 0, it, PendingIntent.FLAG_IMMUTABLE))
        }
        if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.UPSIDE_DOWN_CAKE) {
            startForeground(ID, notification.build(), ServiceInfo.FOREGROUND_SERVICE_TYPE_SPECIAL_USE)
        } else {
            startForeground(ID, notification.build())
        }
    }

    private companion object {
        const val CHANNEL = "org.flashpaper.connected"

        /** Of the notification, unique in the app. */
        const val ID = 0x464c5348
    }
}

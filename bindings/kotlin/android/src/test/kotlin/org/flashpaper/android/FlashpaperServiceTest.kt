package org.flashpaper.android

import android.app.Application
import android.app.Notification
import android.app.NotificationManager
import android.app.Service
import android.content.Intent
import android.content.pm.ServiceInfo
import android.net.ConnectivityManager
import android.os.Looper
import kotlinx.coroutines.CompletableDeferred
import org.flashpaper.Flashpaper
import org.flashpaper.FlashpaperException
import org.flashpaper.Life
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertNotNull
import org.junit.Assert.assertNull
import org.junit.Assert.assertTrue
import org.junit.Before
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.Robolectric
import org.robolectric.RobolectricTestRunner
import org.robolectric.RuntimeEnvironment
import org.robolectric.Shadows.shadowOf

@RunWith(RobolectricTestRunner::class)
class FlashpaperServiceTest {
    private val context: Application = RuntimeEnvironment.getApplication()
    private val notifications = context.service<NotificationManager>()
    private val controller = Robolectric.buildService(Connected::class.java)
    private val service get() = controller.get()

    @Before
    fun begins() {
        opened = CompletableDeferred()
        connected = CompletableDeferred()
        isInFront = false
        failures.clear()
        controller.create()
    }

    private fun start(): Int {
        val sticky = service.onStartCommand(Intent(), 0, 1)
        settle()
        return sticky
    }

    private fun settle() = shadowOf(Looper.getMainLooper()).idle()

    @Test
    fun `it is in the foreground before the library is open`() {
        assertEquals(Service.START_STICKY, start())
        assertNotNull(shadowOf(service).lastForegroundNotification)
        assertEquals(ServiceInfo.FOREGROUND_SERVICE_TYPE_SPECIAL_USE, service.foregroundServiceType)
    }

    @Test
    fun `its notification says nothing but the name of the app`() {
        context.applicationInfo.nonLocalizedLabel = "Sample"
        start()
        val shown = shadowOf(service).lastForegroundNotification
        val words = shown.extras.keySet().mapNotNull { shown.extras.getCharSequence(it)?.toString() }
        assertEquals(listOf("Sample"), words)
        assertNull(shown.tickerText)
        assertEquals(Notification.VISIBILITY_SECRET, shown.visibility)
        assertTrue(shown.flags and Notification.FLAG_LOCAL_ONLY != 0)
        assertFalse(shown.extras.getBoolean(Notification.EXTRA_SHOW_WHEN))
        val channel = notifications.getNotificationChannel(shown.channelId)
        assertEquals(NotificationManager.IMPORTANCE_LOW, channel.importance)
        assertEquals(Notification.VISIBILITY_SECRET, channel.lockscreenVisibility)
        assertFalse(channel.canShowBadge())
    }

    @Test
    fun `an open library gets hints, and is suspended when the service ends`() {
        val library = Recorder()
        start()
        opened.complete(library.flashpaper)
        settle()
        assertEquals(1, shadowOf(context.service<ConnectivityManager>()).networkCallbacks.size)
        library.told.clear()
        // A second start is nothing.
        start()
        assertEquals(listOf<String>(), library.told)
        controller.destroy()
        settle()
        assertEquals(listOf("suspend"), library.told)
        assertTrue(shadowOf(context.service<ConnectivityManager>()).networkCallbacks.isEmpty())
    }

    @Test
    fun `it ends with its library`() = endsAt(Life.CLOSED)

    @Test
    fun `it ends when its library locks itself`() = endsAt(Life.LOCKED)

    private fun endsAt(life: Life) {
        val library = Recorder()
        start()
        opened.complete(library.flashpaper)
        settle()
        assertFalse(shadowOf(service).isStoppedBySelf)
        library.state.value = library.state.value.copy(life = life)
        settle()
        assertTrue(shadowOf(service).isStoppedBySelf)
    }

    @Test
    fun `a library that cannot be opened ends it, and the app is told why`() {
        start()
        opened.completeExceptionally(FlashpaperException.KeyDenied())
        settle()
        assertTrue(failures.single() is FlashpaperException.KeyDenied)
        assertTrue(shadowOf(service).isStoppedBySelf)
    }

    @Test
    fun `a network that cannot be reached does not end it`() {
        val library = Recorder()
        start()
        connected.completeExceptionally(FlashpaperException.TorBlocked())
        opened.complete(library.flashpaper)
        settle()
        assertFalse(shadowOf(service).isStoppedBySelf)
        controller.destroy()
        settle()
        assertEquals("suspend", library.told.last())
    }

    @Test
    fun `a library is suspended also where the service ends while it connects`() {
        val library = Recorder()
        start()
        opened.complete(library.flashpaper)
        settle()
        assertTrue(connected.isActive)
        controller.destroy()
        settle()
        assertEquals("suspend", library.told.last())
    }

    @Test
    fun `an app may keep its library awake at the end of the service`() {
        val library = Recorder()
        isInFront = true
        start()
        opened.complete(library.flashpaper)
        settle()
        controller.destroy()
        settle()
        assertFalse("suspend" in library.told)
    }

    @Test
    fun `where Android lets nothing begin in the background it ends`() {
        shadowOf(service).setThrowInStartForeground(IllegalStateException("from the background"))
        assertEquals(Service.START_NOT_STICKY, start())
        assertTrue(shadowOf(service).isStoppedBySelf)
    }

    internal class Connected : FlashpaperService() {
        override val icon: Int get() = android.R.drawable.ic_lock_lock
        override suspend fun open(): Flashpaper = opened.await()
        override suspend fun connect(library: Flashpaper) = connected.await()
        override suspend fun disconnect(library: Flashpaper) {
            if (!isInFront) super.disconnect(library)
        }
        override fun failed(error: FlashpaperException) {
            failures += error
        }
    }

    private companion object {
        var opened = CompletableDeferred<Flashpaper>()
        var connected = CompletableDeferred<Unit>()
        var isInFront = false
        val failures = mutableListOf<FlashpaperException>()
    }
}

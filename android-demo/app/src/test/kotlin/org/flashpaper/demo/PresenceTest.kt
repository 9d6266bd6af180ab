package org.flashpaper.demo

import android.app.Activity
import android.os.Looper
import android.view.WindowManager.LayoutParams.FLAG_SECURE
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import org.flashpaper.Life
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertNull
import org.junit.Assert.assertSame
import org.junit.Assert.assertTrue
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.Robolectric
import org.robolectric.RobolectricTestRunner
import org.robolectric.RuntimeEnvironment
import org.robolectric.Shadows.shadowOf

/** The app comes and goes. */
@RunWith(RobolectricTestRunner::class)
class PresenceTest {
    private val app = RuntimeEnvironment.getApplication() as TestDemoApplication
    private val life get() = app.platform.library.value?.state?.value?.life

    @Test
    fun `every window is secure, and stays so when the screen turns`() {
        val activity = Robolectric.buildActivity(Activity::class.java).setup()
        repeat(2) {
            assertTrue(activity.get().window.attributes.flags and FLAG_SECURE != 0)
            activity.recreate()
        }
    }

    @Test
    fun `it sleeps while nobody looks, and wakes up`() {
        val activity = Robolectric.buildActivity(Activity::class.java).setup()
        until("open") { life == Life.AWAKE }
        assertFalse(app.model.state.value.covered)
        activity.pause().stop()
        until("covered") { app.model.state.value.covered }
        until("asleep") { life == Life.SUSPENDED }
        activity.restart().resume()
        until("awake") { life == Life.AWAKE && !app.model.state.value.covered }
        assertNull(shadowOf(app).nextStartedService)
    }

    @Test
    fun `an activity that another app starts opens nothing`() {
        Robolectric.buildActivity(ConnectTriggerActivity::class.java).setup()
        shadowOf(Looper.getMainLooper()).idle()
        assertFalse(app.presence.isInFront())
        assertNull(app.platform.library.value)
    }

    @Test
    fun `a turned screen is no coming or going, and finds the same model`() {
        val activity = Robolectric.buildActivity(Activity::class.java).setup()
        until("open") { life == Life.AWAKE }
        val shown = app.model.shown.value
        val covered = mutableListOf<Boolean>()
        app.scope.launch(Dispatchers.Unconfined) { app.model.state.collect { covered += it.covered } }
        activity.recreate()
        shadowOf(Looper.getMainLooper()).idle()
        assertSame(shown, app.model.shown.value)
        assertFalse(true in covered)
        activity.pause().stop()
        until("covered") { true in covered }
    }

    @Test
    fun `who wants to stay connected gets the service, and no sleep`() {
        app.platform.staysConnected = true
        val activity = Robolectric.buildActivity(Activity::class.java).setup()
        assertEquals(StayConnected::class.java.name, shadowOf(app).nextStartedService.component?.className)
        until("open") { life == Life.AWAKE }
        activity.pause().stop()
        repeat(20) {
            assertEquals(Life.AWAKE, life)
            Thread.sleep(20)
        }
    }

    @Test
    fun `the end of the service is a sleep only where nobody looks`() {
        app.platform.staysConnected = true
        val activity = Robolectric.buildActivity(Activity::class.java).setup()
        until("open") { life == Life.AWAKE }
        serve()
        repeat(20) {
            shadowOf(Looper.getMainLooper()).idle()
            assertEquals(Life.AWAKE, life)
            Thread.sleep(20)
        }
        activity.pause().stop()
        serve()
        until("asleep") { life == Life.SUSPENDED }
    }

    /** The service begins, and ends at once. */
    private fun serve() {
        val service = Robolectric.buildService(StayConnected::class.java).create().startCommand(0, 1)
        shadowOf(Looper.getMainLooper()).idle()
        service.destroy()
        shadowOf(Looper.getMainLooper()).idle()
    }

    @Test
    fun `the service that ended with a locked store begins again with it`() {
        app.platform.staysConnected = true
        Robolectric.buildActivity(Activity::class.java).setup()
        until("open") { life == Life.AWAKE }
        shadowOf(Looper.getMainLooper()).idle()
        shadowOf(app).clearStartedServices()
        runBlocking(Dispatchers.IO) { app.platform.library.value?.lock() }
        until("locked") { life == Life.LOCKED && app.model.shown.value is UnlockModel }
        assertNull(shadowOf(app).peekNextStartedService())
        (app.model.shown.value as UnlockModel).unlock()
        until("open again") { shadowOf(app).peekNextStartedService() != null }
        assertEquals(StayConnected::class.java.name, shadowOf(app).nextStartedService.component?.className)
    }
}

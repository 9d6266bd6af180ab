package org.flashpaper.android

import android.app.Activity
import android.app.ActivityManager
import android.app.ActivityManager.RunningAppProcessInfo
import android.app.Application
import android.net.ConnectivityManager
import android.net.LinkAddress
import android.net.LinkProperties
import android.net.Network
import android.os.Looper
import android.os.PowerManager
import java.net.InetAddress
import org.junit.Assert.assertEquals
import org.junit.Assert.assertTrue
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.Robolectric
import org.robolectric.RobolectricTestRunner
import org.robolectric.RuntimeEnvironment
import org.robolectric.Shadows.shadowOf
import org.robolectric.shadows.ShadowNetwork

@RunWith(RobolectricTestRunner::class)
class ConnectivityHintsTest {
    private val context: Application = RuntimeEnvironment.getApplication()
    private val connectivity = shadowOf(context.service<ConnectivityManager>())
    private val library = Recorder()

    private fun hints() = ConnectivityHints(context, library.flashpaper).also { library.told.clear() }

    private fun network(network: Network, vararg addresses: String) {
        val properties = LinkProperties()
        for (address in addresses) properties.addLinkAddress(LinkAddress(InetAddress.getByName(address), 24))
        for (callback in connectivity.networkCallbacks) callback.onLinkPropertiesChanged(network, properties)
    }

    @Test
    fun `another network and other addresses are hints, and nothing else is`() {
        hints().use {
            val (first, second) = listOf(ShadowNetwork.newInstance(1), ShadowNetwork.newInstance(2))
            network(first, "192.0.2.1")
            network(first, "192.0.2.1")
            assertEquals(listOf<String>(), library.told)
            network(first, "192.0.2.1", "2001:db8::1")
            assertEquals(1, library.told.size)
            network(second, "192.0.2.1", "2001:db8::1")
            assertEquals(2, library.told.size)
            for (callback in connectivity.networkCallbacks) callback.onLost(second)
            assertEquals(2, library.told.size)
            network(second, "192.0.2.1", "2001:db8::1")
            assertEquals(List(3) { "networkChanged" }, library.told)
        }
    }

    @Test
    fun `the first network after a start without one is a hint`() {
        connectivity.setActiveNetworkInfo(null)
        hints().use {
            network(ShadowNetwork.newInstance(1), "192.0.2.1")
            assertEquals(listOf("networkChanged"), library.told)
        }
    }

    @Test
    fun `the end of doze is a hint, and its beginning is not`() {
        hints().use {
            for (idle in listOf(true, false)) {
                shadowOf(context.service<PowerManager>()).setIsDeviceIdleMode(idle)
                shadowOf(Looper.getMainLooper()).idle()
                assertEquals(if (idle) 0 else 1, library.told.size)
            }
        }
    }

    @Test
    fun `the profile follows who looks at the app, and a turned screen changes nothing`() {
        hints().use {
            val first = Robolectric.buildActivity(Activity::class.java).setup()
            assertEquals("setProfile FOREGROUND", library.told.single())
            val second = Robolectric.buildActivity(Activity::class.java).setup()
            first.pause().stop()
            second.recreate()
            assertEquals(setOf("setProfile FOREGROUND"), library.told.toSet())
            second.pause().stop()
            assertEquals("setProfile BACKGROUND", library.told.last())
        }
    }

    @Test
    fun `at the start it asks Android who looks`() {
        for ((importance, profile) in listOf(
            RunningAppProcessInfo.IMPORTANCE_FOREGROUND to "FOREGROUND",
            RunningAppProcessInfo.IMPORTANCE_FOREGROUND_SERVICE to "BACKGROUND",
        )) {
            val process = RunningAppProcessInfo("app", android.os.Process.myPid(), arrayOf())
            process.importance = importance
            shadowOf(context.service<ActivityManager>()).setProcesses(listOf(process))
            ConnectivityHints(context, library.flashpaper).close()
            assertEquals("setProfile $profile", library.told.last())
        }
    }

    @Test
    fun `nothing is left after closing`() {
        val receivers = shadowOf(context).registeredReceivers.size
        hints().close()
        assertTrue(connectivity.networkCallbacks.isEmpty())
        assertEquals(receivers, shadowOf(context).registeredReceivers.size)
        Robolectric.buildActivity(Activity::class.java).setup()
        assertEquals(listOf<String>(), library.told)
    }
}

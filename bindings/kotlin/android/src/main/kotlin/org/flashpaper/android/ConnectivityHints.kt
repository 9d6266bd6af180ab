package org.flashpaper.android

import android.app.Activity
import android.app.ActivityManager
import android.app.ActivityManager.RunningAppProcessInfo
import android.app.Application
import android.content.BroadcastReceiver
import android.content.Context
import android.content.Intent
import android.content.IntentFilter
import android.net.ConnectivityManager
import android.net.LinkProperties
import android.net.Network
import android.os.Bundle
import android.os.PowerManager
import org.flashpaper.Flashpaper
import org.flashpaper.Profile

/**
 * Tells [flashpaper] what Android knows of the device's network and of who looks at the app, until it is closed.
 *
 * - Another network, other addresses in the same one, and the end of the device's doze become [Flashpaper.networkChanged].
 * - An activity of the app in front is [Profile.FOREGROUND], none is [Profile.BACKGROUND].
 *
 * To be made and closed on the main thread. Needs the permission `ACCESS_NETWORK_STATE`, which the manifest of this library has.
 */
public class ConnectivityHints(context: Context, private val flashpaper: Flashpaper) : AutoCloseable {
    private val application = context.applicationContext as Application
    private val connectivity = application.service<ConnectivityManager>()
    private val visible = mutableSetOf<Activity>()

    private val network = object : ConnectivityManager.NetworkCallback() {
        private var last: Place? = if (connectivity.activeNetwork == null) NOWHERE else null

        // Called once at the start, where there is a network, and then at each change. Most are of no importance: DNS servers, say.
        override fun onLinkPropertiesChanged(network: Network, properties: LinkProperties) {
            val place = Place(network, properties.linkAddresses.toSet())
            if (last != null && last != place) flashpaper.networkChanged()
            last = place
        }

        override fun onLost(network: Network) {
            // The next one is another, even if it is the same again.
            last = NOWHERE
        }
    }

    private val doze = object : BroadcastReceiver() {
        override fun onReceive(context: Context, intent: Intent) {
            if (!context.service<PowerManager>().isDeviceIdleMode) flashpaper.networkChanged()
        }
    }

    private val activities = object : Application.ActivityLifecycleCallbacks {
        // Not when it starts: one that was there before these hints is seen when it comes back to the front.
        override fun onActivityResumed(activity: Activity) {
            if (visible.add(activity)) flashpaper.setProfile(Profile.FOREGROUND)
        }

        override fun onActivityStopped(activity: Activity) {
            visible.remove(activity)
            // One that turns is back at once.
            if (visible.isEmpty() && !activity.isChangingConfigurations) flashpaper.setProfile(Profile.BACKGROUND)
        }

        override fun onActivityCreated(activity: Activity, state: Bundle?) = Unit
        override fun onActivityStarted(activity: Activity) = Unit
        override fun onActivityPaused(activity: Activity) = Unit
        override fun onActivitySaveInstanceState(activity: Activity, state: Bundle) = Unit
        override fun onActivityDestroyed(activity: Activity) = Unit
    }

    init {
        val process = RunningAppProcessInfo().also(ActivityManager::getMyMemoryState)
        val isInFront = process.importance <= RunningAppProcessInfo.IMPORTANCE_FOREGROUND
        flashpaper.setProfile(if (isInFront) Profile.FOREGROUND else Profile.BACKGROUND)
        application.registerActivityLifecycleCallbacks(activities)
        // Only the system sends it, so that it needs no word on other apps.
        application.registerReceiver(doze, IntentFilter(PowerManager.ACTION_DEVICE_IDLE_MODE_CHANGED))
        connectivity.registerDefaultNetworkCallback(network)
    }

    override fun close() {
        connectivity.unregisterNetworkCallback(network)
        application.unregisterReceiver(doze)
        application.unregisterActivityLifecycleCallbacks(activities)
    }

    /** Where the device is in the net. */
    private data class Place(val network: Network?, val addresses: Set<Any>)

    private companion object {
        val NOWHERE = Place(null, emptySet())
    }
}

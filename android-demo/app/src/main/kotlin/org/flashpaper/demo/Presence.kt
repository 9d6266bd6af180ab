package org.flashpaper.demo

import android.app.Activity
import android.app.Application
import android.content.Intent
import android.os.Bundle

/**
 * Tells the model whether the user looks at the app. An activity that is made anew, as when the screen turns, is no change, and one
 * that another app starts says nothing of the user: no app decides when a burner is online.
 */
class Presence(private val app: DemoApplication) : Watcher() {
    private val started = mutableSetOf<Activity>()
    private var turns = false

    fun isInFront(): Boolean = started.isNotEmpty()

    override fun onActivityStarted(activity: Activity) {
        if (activity is ConnectTriggerActivity) return
        started += activity
        if (started.size > 1 || turns) return
        app.model.toForeground()
        stayConnected()
    }

    /** Where the user wants it. Android lets the service begin only while the app is in front. */
    fun stayConnected() {
        if (isInFront() && app.platform.staysConnected) app.startForegroundService(Intent(app, StayConnected::class.java))
    }

    override fun onActivityStopped(activity: Activity) {
        if (!started.remove(activity)) return
        turns = activity.isChangingConfigurations
        if (started.isEmpty() && !turns) app.model.toBackground()
    }
}

/** Of an activity's life, what a subclass asks for. */
abstract class Watcher : Application.ActivityLifecycleCallbacks {
    override fun onActivityCreated(activity: Activity, state: Bundle?) = Unit
    override fun onActivityStarted(activity: Activity) = Unit
    override fun onActivityResumed(activity: Activity) = Unit
    override fun onActivityPaused(activity: Activity) = Unit
    override fun onActivityStopped(activity: Activity) = Unit
    override fun onActivitySaveInstanceState(activity: Activity, state: Bundle) = Unit
    override fun onActivityDestroyed(activity: Activity) = Unit
}

package org.flashpaper.demo

import android.app.Activity
import android.app.Application
import android.os.Bundle
import android.view.WindowManager.LayoutParams.FLAG_SECURE
import java.io.File
import kotlinx.coroutines.MainScope
import org.flashpaper.Config
import org.flashpaper.Flashpaper
import org.flashpaper.Key

/** Holds the model for as long as the process lives: a turned screen interrupts nothing. */
class DemoApplication : Application() {
    val model: BurnersModel by lazy {
        // Kept out of backups: what is burned must not come back from one.
        BurnersModel(MainScope()) { Flashpaper.open(Config(File(noBackupFilesDir, "flashpaper"), Key.File)) }
    }

    override fun onCreate() {
        super.onCreate()
        registerActivityLifecycleCallbacks(Curtain)
    }

    /** Keeps addresses out of screenshots and of the list of recent apps, whatever activity shows them. */
    private object Curtain : ActivityLifecycleCallbacks {
        override fun onActivityCreated(activity: Activity, state: Bundle?) = activity.window.addFlags(FLAG_SECURE)
        override fun onActivityStarted(activity: Activity) = Unit
        override fun onActivityResumed(activity: Activity) = Unit
        override fun onActivityPaused(activity: Activity) = Unit
        override fun onActivityStopped(activity: Activity) = Unit
        override fun onActivitySaveInstanceState(activity: Activity, state: Bundle) = Unit
        override fun onActivityDestroyed(activity: Activity) = Unit
    }
}

package org.flashpaper.demo

import android.app.Activity
import android.app.ActivityManager
import android.app.Application
import android.content.res.Configuration
import android.os.Bundle
import android.view.WindowManager.LayoutParams.FLAG_SECURE
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.ExperimentalCoroutinesApi
import kotlinx.coroutines.MainScope
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.flow.collectLatest
import kotlinx.coroutines.flow.distinctUntilChanged
import kotlinx.coroutines.flow.emptyFlow
import kotlinx.coroutines.flow.flatMapLatest
import kotlinx.coroutines.flow.map
import kotlinx.coroutines.launch
import org.flashpaper.Flashpaper
import org.flashpaper.Life
import org.flashpaper.android.ConnectivityHints

/** Holds the model for as long as the process lives: a turned screen interrupts nothing. */
open class DemoApplication : Application() {
    val scope: CoroutineScope = MainScope()
    open val platform: AndroidPlatform by lazy { AndroidPlatform(this) }
    private val lazyModel = lazy { AppModel(scope, platform) }
    val model: AppModel by lazyModel
    val clipboard: SensitiveClipboard by lazy { SensitiveClipboard(this) }
    val presence = Presence(this)
    private val newMessages by lazy { NewMessages(this, platform.library, presence::isInFront) }

    /** Who gets the text of the code that the camera has found. */
    var scanned: (String) -> Unit = {}

    @OptIn(ExperimentalCoroutinesApi::class)
    override fun onCreate() {
        super.onCreate()
        // Before anything secret is in memory.
        Flashpaper.forbidDumps()
        registerActivityLifecycleCallbacks(Curtain)
        registerActivityLifecycleCallbacks(presence)
        newMessages.watch(scope)
        scope.launch {
            // The service ends where the store locks itself: it begins anew with the store.
            platform.library.flatMapLatest { library -> library?.state?.map { it.life } ?: emptyFlow() }.distinctUntilChanged().collect {
                if (it == Life.AWAKE) presence.stayConnected()
            }
        }
        scope.launch {
            platform.library.collectLatest { library -> library?.let { ConnectivityHints(this@DemoApplication, it).use { awaitCancellation() } } }
        }
    }

    /** The user may have chosen another language, for the device or for this app. */
    override fun onConfigurationChanged(now: Configuration) {
        super.onConfigurationChanged(now)
        newMessages.nameChannel()
    }

    /** All that the two touches of the user do, at once, and then no trace of it among the recent apps. */
    fun panic() {
        if (lazyModel.isInitialized()) {
            model.panic()
            (model.shown.value as PanicModel).run {
                slide(1f)
                letGo()
            }
        } else {
            // The process was started for this. A model would open a store anew.
            platform.panic()
        }
        service<ActivityManager>().appTasks.forEach { it.finishAndRemoveTask() }
    }

    /** Keeps addresses out of screenshots and of the list of recent apps, whatever activity shows them. */
    private object Curtain : Watcher() {
        override fun onActivityCreated(activity: Activity, state: Bundle?) = activity.window.addFlags(FLAG_SECURE)
    }
}

package org.flashpaper.demo

import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Job
import kotlinx.coroutines.cancel
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.asStateFlow
import kotlinx.coroutines.isActive
import kotlinx.coroutines.job
import kotlinx.coroutines.launch
import kotlinx.coroutines.sync.Mutex
import kotlinx.coroutines.sync.withLock
import org.flashpaper.FlashpaperException

/** A screen that is on the way: it decides everything that its view shows. It lives until the screen is left, and no longer. */
sealed class ScreenModel<S>(val screen: Screen, internal val app: AppModel) {
    internal val session = app.session
    internal val scope = session.scope.let { CoroutineScope(it.coroutineContext + Job(it.coroutineContext.job)) }
    private val inOrder = Mutex()
    private val current by lazy { MutableStateFlow(now()) }

    /** All that the view shows. */
    val state: StateFlow<S> by lazy { current.asStateFlow() }

    /** What is true now. */
    internal abstract fun now(): S

    /** Called once, when the screen is shown for the first time. */
    internal open fun begin() {
        scope.launch {
            session.known.collect {
                changed()
                look()
            }
        }
    }

    /** Something has changed, in the library or in what the user has chosen. */
    internal open fun changed() = Unit

    /** The screen is shown again, after one that was on top of it. */
    internal open fun returned() = changed()

    /** Shows what is true now. */
    internal fun look() {
        current.value = now()
    }

    /** The user types. The letters of a keyboard on the screen are no touches of it, and the store must not lock itself meanwhile. */
    internal fun type(change: () -> Unit) {
        app.touch()
        change()
        look()
    }

    /**
     * Does what the user asks for: one thing after the other, in the order of the touches. It goes on where the screen is left, unless
     * it is to end with the screen ([within] its scope). A screen that was left begins nothing more.
     */
    internal fun act(
        failed: (FlashpaperException) -> Unit,
        within: CoroutineScope = session.scope,
        block: suspend () -> Unit,
    ): Job = (if (scope.isActive) within else scope).launch {
        inOrder.withLock {
            try {
                block()
            } catch (error: FlashpaperException) {
                // What ends after its screen says nothing of what the app shows now.
                if (scope.isActive && !app.takes(error)) failed(error)
            }
            look()
        }
    }

    /** The screen is left. */
    internal open fun end() = scope.cancel()
}

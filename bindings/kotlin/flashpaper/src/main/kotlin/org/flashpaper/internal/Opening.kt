package org.flashpaper.internal

import kotlin.coroutines.cancellation.CancellationException
import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.withContext
import org.flashpaper.Config
import org.flashpaper.Flashpaper
import org.flashpaper.Life
import org.flashpaper.internal.ffi.Engine

/** Opens a folder. It is apart from [Library], which is a large class to load, so that it is not loaded on the caller's thread. */
internal suspend fun opened(config: Config): Flashpaper {
    var leave: (suspend () -> Unit)? = null
    try {
        return cancellable { token ->
            var library: Library
            do library = Library.of(Engine.open(config.ffi(), token)) while (library.state.value.life == Life.CLOSED)
            library.also { leave = it::leave }
        }
    } catch (e: CancellationException) {
        withContext(NonCancellable) { leave?.invoke() }
        throw e
    }
}

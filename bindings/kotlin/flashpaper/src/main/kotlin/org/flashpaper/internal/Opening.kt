package org.flashpaper.internal

import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.withContext
import org.flashpaper.Config
import org.flashpaper.Flashpaper
import org.flashpaper.internal.ffi.Engine

/** Opens a folder. It is apart from [Library], which is a large class to load, so that it is not loaded on the caller's thread. */
internal suspend fun opened(config: Config): Flashpaper {
    var hasBegun = false
    var unwanted: Library? = null
    try {
        return cancellable { token ->
            Library.beginOpening()
            hasBegun = true
            Library.of(Engine.open(config.ffi(), token)).also { unwanted = it }
        }.also { unwanted = null }
    } finally {
        // Another dispatcher inside of what cannot be cancelled: else a cancellation would take the place of the result.
        if (hasBegun) withContext(NonCancellable) { withContext(Dispatchers.IO) { Library.endOpening(unwanted) } }
    }
}

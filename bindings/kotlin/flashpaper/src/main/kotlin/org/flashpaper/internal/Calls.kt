package org.flashpaper.internal

import kotlinx.coroutines.CoroutineStart.UNDISPATCHED
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.currentCoroutineContext
import kotlinx.coroutines.ensureActive
import kotlinx.coroutines.launch
import kotlinx.coroutines.withContext
import org.flashpaper.FlashpaperException
import org.flashpaper.internal.ffi.CancelToken

/**
 * Makes a call of the library that ends soon, off the caller's thread. A coroutine that was cancelled before makes none. One that
 * is cancelled meanwhile gets what came of it: the library does it all the same.
 */
internal suspend fun <T> call(body: suspend () -> T): T {
    currentCoroutineContext().ensureActive()
    return withContext(NonCancellable) { withContext(Dispatchers.IO) { translated { body() } } }
}

/** Makes a long call of the library, off the caller's thread. A cancelled coroutine ends it, and goes on once it has ended. */
internal suspend fun <T> cancellable(body: suspend (CancelToken) -> T): T =
    withContext(Dispatchers.IO) {
        CancelToken().use { token ->
            coroutineScope {
                val canceller = launch(start = UNDISPATCHED) {
                    try {
                        awaitCancellation()
                    } finally {
                        token.cancel()
                    }
                }
                try {
                    withContext(NonCancellable) { translated { body(token) } }
                } catch (e: FlashpaperException.Cancelled) {
                    ensureActive()
                    throw e
                } finally {
                    canceller.cancel()
                }
            }
        }
    }

package org.flashpaper.internal

import kotlin.coroutines.cancellation.CancellationException
import kotlin.time.Duration
import kotlin.time.Duration.Companion.days
import kotlinx.coroutines.CoroutineStart.UNDISPATCHED
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.ensureActive
import kotlinx.coroutines.launch
import kotlinx.coroutines.withContext
import org.flashpaper.FlashpaperException
import org.flashpaper.Input
import org.flashpaper.internal.ffi.CancelToken
import org.flashpaper.internal.ffi.FlashpaperException as FfiFlashpaperException
import org.flashpaper.internal.ffi.InternalException

/** Makes a call of the library that ends soon, off the caller's thread. */
internal suspend fun <T> call(body: suspend () -> T): T = withContext(Dispatchers.IO) { translated { body() } }

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

/** Has [body] throw the face's errors. */
internal inline fun <T> translated(body: () -> T): T =
    try {
        body()
    } catch (e: CancellationException) {
        throw e
    } catch (e: FfiFlashpaperException) {
        throw e.face()
    } catch (_: InternalException) {
        // What UniFFI throws where Rust panics.
        throw FlashpaperException.Internal()
    }

/** The longest duration that means anything. */
private val LONGEST = (30 * 365).days

/** Nothing below zero, and at most 30 years. */
internal fun Duration.checked(): Duration {
    if (isNegative()) throw FlashpaperException.InvalidInput(Input.TimeSpan)
    return coerceAtMost(LONGEST)
}

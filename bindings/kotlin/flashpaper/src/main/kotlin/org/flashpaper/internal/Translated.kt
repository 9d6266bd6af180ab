package org.flashpaper.internal

import kotlin.coroutines.cancellation.CancellationException
import org.flashpaper.FlashpaperException
import org.flashpaper.internal.ffi.FlashpaperException as FfiFlashpaperException
import org.flashpaper.internal.ffi.InternalException

/**
 * Has [body] throw the face's errors. It is apart from [call] and [cancellable]: the JVM loads what is caught here along with it, and
 * those two begin on the caller's thread.
 */
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

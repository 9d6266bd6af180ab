package org.flashpaper.demo

import android.os.Looper
import org.junit.Assert.assertTrue
import org.robolectric.Shadows.shadowOf

/** Waits for threads of the library, which answer on the main one. */
fun until(what: String, isSo: () -> Boolean) {
    val end = System.nanoTime() + 60_000_000_000
    while (!isSo() && System.nanoTime() < end) {
        shadowOf(Looper.getMainLooper()).idle()
        Thread.sleep(10)
    }
    assertTrue(what, isSo())
}

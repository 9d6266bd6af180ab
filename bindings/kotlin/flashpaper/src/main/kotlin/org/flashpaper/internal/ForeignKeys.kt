package org.flashpaper.internal

import org.flashpaper.KeySource
import org.flashpaper.KeySourceException
import org.flashpaper.internal.ffi.KeySlot as FfiKeySlot
import org.flashpaper.internal.ffi.KeySource as FfiKeySource

/** An app's key source as the library calls it. */
internal class ForeignKeys(private val keys: KeySource) : FfiKeySource {
    override fun seal(slot: FfiKeySlot, bytes: ByteArray): ByteArray = told { keys.seal(slot.face(), bytes) }

    override fun unseal(slot: FfiKeySlot, sealed: ByteArray): ByteArray = told { keys.unseal(slot.face(), sealed) }

    override fun delete(slot: FfiKeySlot): Unit = told { keys.delete(slot.face()) }

    private inline fun <T> told(body: () -> T): T =
        try {
            body()
        } catch (e: KeySourceException) {
            throw e.ffi()
        } catch (_: Throwable) {
            // An error of the app's must not reach Rust, where its text would be lost or logged.
            throw KeySourceException.Unavailable().ffi()
        }
}

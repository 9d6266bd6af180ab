package org.flashpaper.demo

import java.security.SecureRandom
import javax.crypto.Cipher
import javax.crypto.KeyGenerator
import javax.crypto.SecretKey
import javax.crypto.spec.GCMParameterSpec
import org.flashpaper.KeySlot
import org.flashpaper.KeySource
import org.flashpaper.KeySourceException

/** The app with the real library, and with keys in memory: Robolectric, which finds it by its name, has no Android Keystore. */
class TestDemoApplication : DemoApplication() {
    val keys = MemoryKeys()
    override val platform by lazy { AndroidPlatform(this, keys) }
}

class MemoryKeys : KeySource {
    private val keys = mutableMapOf<KeySlot, SecretKey>()

    val slots: Set<KeySlot> get() = synchronized(keys) { keys.keys.toSet() }

    override fun seal(slot: KeySlot, bytes: ByteArray): ByteArray = synchronized(keys) {
        val key = KeyGenerator.getInstance("AES").apply { init(256, SecureRandom()) }.generateKey()
        keys[slot] = key
        Cipher.getInstance("AES/GCM/NoPadding").run {
            init(Cipher.ENCRYPT_MODE, key)
            iv + doFinal(bytes)
        }
    }

    override fun unseal(slot: KeySlot, sealed: ByteArray): ByteArray = synchronized(keys) {
        val key = keys[slot] ?: throw KeySourceException.Invalidated()
        Cipher.getInstance("AES/GCM/NoPadding").run {
            init(Cipher.DECRYPT_MODE, key, GCMParameterSpec(128, sealed, 0, 12))
            doFinal(sealed, 12, sealed.size - 12)
        }
    }

    override fun delete(slot: KeySlot) {
        synchronized(keys) { keys.remove(slot) }
    }
}

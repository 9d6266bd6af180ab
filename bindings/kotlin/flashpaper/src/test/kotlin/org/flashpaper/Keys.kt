package org.flashpaper

import java.security.KeyStore
import javax.crypto.AEADBadTagException
import javax.crypto.Cipher
import javax.crypto.KeyGenerator
import javax.crypto.spec.GCMParameterSpec

/** A key source on a `java.security.KeyStore`; on Android it is the one named "AndroidKeyStore", which makes the keys. */
internal class Keys : KeySource {
    private val store = KeyStore.getInstance("PKCS12").apply { load(null) }
    private val password = "in memory".toCharArray()

    /** What every call throws. */
    @Volatile
    var failure: Throwable? = null

    /** The slots that have a key. */
    val slots: List<KeySlot>
        get() = KeySlot.entries.filter { store.containsAlias(it.name) }

    override fun seal(slot: KeySlot, bytes: ByteArray): ByteArray {
        failure?.let { throw it }
        val key = KeyGenerator.getInstance("AES").apply { init(256) }.generateKey()
        store.setEntry(slot.name, KeyStore.SecretKeyEntry(key), KeyStore.PasswordProtection(password))
        val cipher = Cipher.getInstance(CIPHER).apply { init(Cipher.ENCRYPT_MODE, key) }
        return (cipher.iv + cipher.doFinal(bytes)).also { bytes.fill(0) }
    }

    override fun unseal(slot: KeySlot, sealed: ByteArray): ByteArray {
        failure?.let { throw it }
        val key = store.getKey(slot.name, password) ?: throw KeySourceException.Invalidated()
        val cipher = Cipher.getInstance(CIPHER)
        cipher.init(Cipher.DECRYPT_MODE, key, GCMParameterSpec(128, sealed, 0, NONCE))
        try {
            return cipher.doFinal(sealed, NONCE, sealed.size - NONCE)
        } catch (_: AEADBadTagException) {
            throw KeySourceException.Invalidated()
        }
    }

    override fun delete(slot: KeySlot) {
        store.deleteEntry(slot.name)
    }

    private companion object {
        const val CIPHER = "AES/GCM/NoPadding"
        const val NONCE = 12
    }
}

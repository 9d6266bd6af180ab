package org.flashpaper.android

import android.security.keystore.KeyGenParameterSpec
import android.security.keystore.StrongBoxUnavailableException
import java.io.InputStream
import java.io.OutputStream
import java.security.Key
import java.security.KeyStoreSpi
import java.security.Provider
import java.security.SecureRandom
import java.security.Security
import java.security.cert.Certificate
import java.security.spec.AlgorithmParameterSpec
import java.util.Collections
import java.util.Date
import java.util.Enumeration
import javax.crypto.Cipher
import javax.crypto.CipherSpi
import javax.crypto.KeyGenerator
import javax.crypto.KeyGeneratorSpi
import javax.crypto.SecretKey
import org.flashpaper.android.Chip.At

/**
 * What a device's chip does for Android's provider "AndroidKeyStore", which Robolectric does not have: it makes and keeps real
 * AES keys, gives them out as handles alone, and fails as it is told.
 */
internal object Chip {
    val keys = mutableMapOf<String, FakeKeystore.Handle>()

    /** What each key was asked to be like, also those that were not made. */
    val asked = mutableListOf<KeyGenParameterSpec>()

    var failure: Failure? = null
    var strongBoxIsFull = false

    /** A new one, in the place of the one before. */
    fun install() {
        keys.clear()
        asked.clear()
        failure = null
        strongBoxIsFull = false
        Security.removeProvider(FakeKeystore.NAME)
        Security.insertProviderAt(FakeKeystore(), 1)
    }

    fun fail(at: At) {
        failure?.let { if (it.at == at) throw it.with }
    }

    /** When a key is read, begun with, used or deleted. */
    enum class At { READ, BEGIN, END, DELETE }

    class Failure(val at: At, val with: Exception)
}

/** The provider in front of [Chip]. */
internal class FakeKeystore : Provider(NAME, "1", "keys in memory") {
    init {
        put("KeyStore.$NAME", Store::class.java.name)
        put("KeyGenerator.AES", Generator::class.java.name)
        put("Cipher.AES/GCM/NoPadding", HandleCipher::class.java.name)
        put("Cipher.AES/GCM/NoPadding SupportedKeyClasses", Handle::class.java.name)
    }

    internal companion object {
        const val NAME = "AndroidKeyStore"
    }

    /** A key that cannot be read out. */
    internal class Handle(val key: SecretKey) : SecretKey {
        override fun getAlgorithm() = "AES"
        override fun getFormat() = null
        override fun getEncoded() = null
    }

    internal class Generator : KeyGeneratorSpi() {
        private lateinit var spec: KeyGenParameterSpec

        override fun engineInit(params: AlgorithmParameterSpec, random: SecureRandom?) {
            spec = params as KeyGenParameterSpec
        }

        override fun engineGenerateKey(): SecretKey {
            Chip.asked += spec
            if (spec.isStrongBoxBacked && Chip.strongBoxIsFull) throw StrongBoxUnavailableException()
            val key = KeyGenerator.getInstance("AES", "SunJCE").apply { init(spec.keySize) }.generateKey()
            return Handle(key).also { Chip.keys[spec.keystoreAlias] = it }
        }

        override fun engineInit(random: SecureRandom?) = throw UnsupportedOperationException()
        override fun engineInit(keysize: Int, random: SecureRandom?) = throw UnsupportedOperationException()
    }

    internal class HandleCipher : CipherSpi() {
        private val real = Cipher.getInstance("AES/GCM/NoPadding", "SunJCE")

        override fun engineInit(opmode: Int, key: Key, random: SecureRandom?) {
            Chip.fail(At.BEGIN)
            real.init(opmode, (key as Handle).key)
        }

        override fun engineInit(opmode: Int, key: Key, params: AlgorithmParameterSpec?, random: SecureRandom?) {
            Chip.fail(At.BEGIN)
            real.init(opmode, (key as Handle).key, params)
        }

        override fun engineDoFinal(input: ByteArray, offset: Int, length: Int): ByteArray {
            Chip.fail(At.END)
            return real.doFinal(input, offset, length)
        }

        override fun engineGetIV(): ByteArray = real.iv

        override fun engineInit(opmode: Int, key: Key, params: java.security.AlgorithmParameters?, random: SecureRandom?) =
            throw UnsupportedOperationException()
        override fun engineUpdate(input: ByteArray, offset: Int, length: Int) = throw UnsupportedOperationException()
        override fun engineUpdate(input: ByteArray, offset: Int, length: Int, output: ByteArray, at: Int) =
            throw UnsupportedOperationException()
        override fun engineDoFinal(input: ByteArray, offset: Int, length: Int, output: ByteArray, at: Int) =
            throw UnsupportedOperationException()
        override fun engineSetMode(mode: String) = Unit
        override fun engineSetPadding(padding: String) = Unit
        override fun engineGetBlockSize() = 16
        override fun engineGetOutputSize(length: Int) = length + 16
        override fun engineGetParameters() = throw UnsupportedOperationException()
    }

    internal class Store : KeyStoreSpi() {
        override fun engineLoad(stream: InputStream?, password: CharArray?) = Unit

        override fun engineGetKey(alias: String, password: CharArray?): Key? {
            Chip.fail(At.READ)
            return Chip.keys[alias]
        }

        override fun engineDeleteEntry(alias: String) {
            Chip.fail(At.DELETE)
            Chip.keys.remove(alias)
        }

        override fun engineAliases(): Enumeration<String> = Collections.enumeration(Chip.keys.keys)
        override fun engineContainsAlias(alias: String) = alias in Chip.keys
        override fun engineSize() = Chip.keys.size
        override fun engineIsKeyEntry(alias: String) = alias in Chip.keys
        override fun engineIsCertificateEntry(alias: String) = false
        override fun engineGetCertificateChain(alias: String): Array<Certificate>? = null
        override fun engineGetCertificate(alias: String): Certificate? = null
        override fun engineGetCertificateAlias(cert: Certificate?): String? = null
        override fun engineGetCreationDate(alias: String) = Date(0)
        override fun engineSetKeyEntry(alias: String, key: Key?, password: CharArray?, chain: Array<Certificate>?) =
            throw UnsupportedOperationException()
        override fun engineSetKeyEntry(alias: String, key: ByteArray?, chain: Array<Certificate>?) =
            throw UnsupportedOperationException()
        override fun engineSetCertificateEntry(alias: String, cert: Certificate?) = throw UnsupportedOperationException()
        override fun engineStore(stream: OutputStream?, password: CharArray?) = throw UnsupportedOperationException()
    }
}

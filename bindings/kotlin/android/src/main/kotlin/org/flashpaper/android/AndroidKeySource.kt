package org.flashpaper.android

import android.content.Context
import android.content.pm.PackageManager
import android.os.Build
import android.os.UserManager
import android.security.KeyStoreException
import android.security.keystore.KeyGenParameterSpec
import android.security.keystore.KeyPermanentlyInvalidatedException
import android.security.keystore.KeyProperties
import android.security.keystore.StrongBoxUnavailableException
import android.security.keystore.UserNotAuthenticatedException
import java.security.KeyStore
import java.security.UnrecoverableKeyException
import javax.crypto.AEADBadTagException
import javax.crypto.Cipher
import javax.crypto.KeyGenerator
import javax.crypto.SecretKey
import javax.crypto.spec.GCMParameterSpec
import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds
import org.flashpaper.KeySlot
import org.flashpaper.KeySource
import org.flashpaper.KeySourceException

/**
 * Keys in the Android Keystore: AES-256 in GCM, made and kept by the device's secure hardware, in a StrongBox where there is
 * one. They cannot be read out, by this app either.
 *
 * Each folder needs an [alias] of its own; two keys are kept under it.
 *
 * With [userAuth] the keys work for so long after the user has unlocked the device, or has identified themselves by
 * fingerprint, face or the device's PIN: whole seconds, at least one. Later calls throw [KeySourceException.NeedsUserAuth]: show
 * a `BiometricPrompt` with `BIOMETRIC_STRONG or DEVICE_CREDENTIAL` (on Android 9 and 10, which refuse the two together, with
 * `setDeviceCredentialAllowed(true)`), then call again. Such keys need a device with a screen lock, and are lost for good once the
 * user takes the screen lock away. Without [userAuth] the keys work whenever the app runs.
 *
 * What the Keystore says becomes
 *
 * | of [KeySourceException] | when |
 * |---|---|
 * | `NeedsUserAuth` | the user has not identified themselves lately enough |
 * | `LockedUntilFirstUnlock` | the device was started, and not unlocked since |
 * | `Invalidated` | the key is gone, another one, or made useless by a change of the screen lock |
 * | `Unavailable` | anything else: it may pass |
 *
 * Wipes the bytes that it is given to seal.
 */
public class AndroidKeySource(
    context: Context,
    private val alias: String,
    private val userAuth: Duration? = null,
) : KeySource {
    private val users = context.service<UserManager>()
    private val hasStrongBox = Build.VERSION.SDK_INT >= Build.VERSION_CODES.P &&
        context.packageManager.hasSystemFeature(PackageManager.FEATURE_STRONGBOX_KEYSTORE)

    init {
        require(userAuth == null || userAuth >= 1.seconds) { "less than a second" }
    }

    override fun seal(slot: KeySlot, bytes: ByteArray): ByteArray = translated {
        try {
            val cipher = Cipher.getInstance(CIPHER)
            cipher.init(Cipher.ENCRYPT_MODE, make(slot))
            cipher.iv + cipher.doFinal(bytes)
        } finally {
            bytes.fill(0)
        }
    }

    override fun unseal(slot: KeySlot, sealed: ByteArray): ByteArray = translated {
        val key = keys().getKey(name(slot), null) ?: throw KeySourceException.Invalidated()
        val cipher = Cipher.getInstance(CIPHER)
        cipher.init(Cipher.DECRYPT_MODE, key, GCMParameterSpec(TAG_BITS, sealed, 0, NONCE))
        cipher.doFinal(sealed, NONCE, sealed.size - NONCE)
    }

    override fun delete(slot: KeySlot): Unit = translated { keys().deleteEntry(name(slot)) }

    private fun make(slot: KeySlot): SecretKey =
        try {
            make(slot, hasStrongBox)
        } catch (e: RuntimeException) {
            // One that says that it is there may be full or lack AES. The class is unknown to Android 8.
            if (!hasStrongBox || e !is StrongBoxUnavailableException) throw e
            make(slot, false)
        }

    private fun make(slot: KeySlot, inStrongBox: Boolean): SecretKey {
        val spec = KeyGenParameterSpec.Builder(name(slot), KeyProperties.PURPOSE_ENCRYPT or KeyProperties.PURPOSE_DECRYPT)
            .setBlockModes(KeyProperties.BLOCK_MODE_GCM)
            .setEncryptionPaddings(KeyProperties.ENCRYPTION_PADDING_NONE)
            .setKeySize(KEY_BITS)
        if (inStrongBox) spec.setIsStrongBoxBacked(true)
        if (userAuth != null) spec.bindToUser(userAuth)
        return KeyGenerator.getInstance(KeyProperties.KEY_ALGORITHM_AES, STORE).apply { init(spec.build()) }.generateKey()
    }

    private fun KeyGenParameterSpec.Builder.bindToUser(time: Duration) {
        val seconds = time.inWholeSeconds.coerceAtMost(Int.MAX_VALUE.toLong()).toInt()
        setUserAuthenticationRequired(true)
        if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.R) {
            setUserAuthenticationParameters(
                seconds,
                KeyProperties.AUTH_BIOMETRIC_STRONG or KeyProperties.AUTH_DEVICE_CREDENTIAL,
            )
        } else {
            @Suppress("DEPRECATION")
            setUserAuthenticationValidityDurationSeconds(seconds)
        }
    }

    private fun name(slot: KeySlot): String = "$alias.${slot.name}"

    private fun keys(): KeyStore = KeyStore.getInstance(STORE).apply { load(null) }

    // Some devices say why only in the cause, and only when the operation ends.
    private fun <T> translated(block: () -> T): T =
        try {
            block()
        } catch (e: Exception) {
            throw if (users.isUserUnlocked) {
                generateSequence<Throwable>(e) { it.cause }.firstNotNullOfOrNull(::known) ?: KeySourceException.Unavailable()
            } else {
                KeySourceException.LockedUntilFirstUnlock()
            }
        }

    private fun known(e: Throwable): KeySourceException? = when {
        e is KeySourceException -> e
        e is UserNotAuthenticatedException || needsUser(e) -> KeySourceException.NeedsUserAuth()
        e is KeyPermanentlyInvalidatedException || e is AEADBadTagException -> KeySourceException.Invalidated()
        // What `getKey` makes of an invalidated key; others have a cause.
        e is UnrecoverableKeyException && e.cause == null -> KeySourceException.Invalidated()
        else -> null
    }

    private fun needsUser(e: Throwable) =
        Build.VERSION.SDK_INT >= Build.VERSION_CODES.TIRAMISU && e is KeyStoreException && e.requiresUserAuthentication()

    private companion object {
        const val STORE = "AndroidKeyStore"
        const val CIPHER = "AES/GCM/NoPadding"
        const val KEY_BITS = 256
        const val TAG_BITS = 128

        /** The Keystore draws nonces of this many bytes itself, and refuses others. */
        const val NONCE = 12
    }
}

package org.flashpaper.android

import android.app.Application
import android.content.pm.PackageManager
import android.os.Build
import android.os.UserManager
import android.security.KeyStoreException
import android.security.keystore.KeyPermanentlyInvalidatedException
import android.security.keystore.KeyProperties
import android.security.keystore.UserNotAuthenticatedException
import java.security.ProviderException
import java.security.UnrecoverableKeyException
import javax.crypto.IllegalBlockSizeException
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.minutes
import kotlin.time.Duration.Companion.seconds
import org.flashpaper.KeySlot
import org.flashpaper.KeySourceException
import org.flashpaper.android.Chip.At
import org.flashpaper.android.Chip.Failure
import org.junit.Assert.assertArrayEquals
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertThrows
import org.junit.Assert.assertTrue
import org.junit.Before
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.RuntimeEnvironment
import org.robolectric.Shadows.shadowOf
import org.robolectric.util.ReflectionHelpers

@RunWith(RobolectricTestRunner::class)
class AndroidKeySourceTest {
    private val context: Application = RuntimeEnvironment.getApplication()
    private val secret = ByteArray(72) { it.toByte() }

    @Before
    fun installs() {
        Chip.install()
    }

    @Test
    fun `what is sealed is unsealed, and nothing of it is left with the caller`() {
        val source = source()
        val given = secret.copyOf()
        val sealed = source.seal(KeySlot.FIRST, given)
        assertEquals(12 + 72 + 16, sealed.size)
        assertArrayEquals(ByteArray(72), given)
        assertArrayEquals(secret, source().unseal(KeySlot.FIRST, sealed))
    }

    @Test
    fun `each slot and each alias has a key of its own, and each sealing a new one`() {
        val source = source()
        val first = source.seal(KeySlot.FIRST, secret.copyOf())
        source.seal(KeySlot.SECOND, secret.copyOf())
        AndroidKeySource(context, "other").seal(KeySlot.FIRST, secret.copyOf())
        assertEquals(setOf("test.FIRST", "test.SECOND", "other.FIRST"), Chip.keys.keys)
        assertThrows(KeySourceException.Invalidated::class.java) { source.unseal(KeySlot.SECOND, first) }
        source.seal(KeySlot.FIRST, secret.copyOf())
        assertThrows(KeySourceException.Invalidated::class.java) { source.unseal(KeySlot.FIRST, first) }
    }

    @Test
    fun `a deleted key is lost, and deleting it again is nothing`() {
        val source = source()
        val sealed = source.seal(KeySlot.FIRST, secret.copyOf())
        source.delete(KeySlot.FIRST)
        source.delete(KeySlot.FIRST)
        assertThrows(KeySourceException.Invalidated::class.java) { source.unseal(KeySlot.FIRST, sealed) }
    }

    @Test
    fun `keys are for AES in GCM alone, and without user authentication unless it is asked for`() {
        source().seal(KeySlot.FIRST, secret.copyOf())
        with(Chip.asked.single()) {
            assertEquals(256, keySize)
            assertEquals(KeyProperties.PURPOSE_ENCRYPT or KeyProperties.PURPOSE_DECRYPT, purposes)
            assertEquals(listOf("GCM"), blockModes.toList())
            assertEquals(listOf("NoPadding"), encryptionPaddings.toList())
            assertTrue(isRandomizedEncryptionRequired)
            assertFalse(isUserAuthenticationRequired)
            assertFalse(isStrongBoxBacked)
        }
    }

    @Test
    fun `user authentication lasts for the time that is asked for`() {
        source(5.minutes).seal(KeySlot.FIRST, secret.copyOf())
        with(Chip.asked.single()) {
            assertTrue(isUserAuthenticationRequired)
            assertEquals(300, userAuthenticationValidityDurationSeconds)
            assertEquals(
                KeyProperties.AUTH_BIOMETRIC_STRONG or KeyProperties.AUTH_DEVICE_CREDENTIAL,
                userAuthenticationType,
            )
        }
        source(Duration.INFINITE).seal(KeySlot.FIRST, secret.copyOf())
        assertEquals(Int.MAX_VALUE, Chip.asked.last().userAuthenticationValidityDurationSeconds)
        for (wrong in listOf(Duration.ZERO, 999.milliseconds, (-1).seconds)) {
            assertThrows(IllegalArgumentException::class.java) { source(wrong) }
        }
    }

    @Test
    fun `before Android 11 there is another call for it`() {
        ReflectionHelpers.setStaticField(Build.VERSION::class.java, "SDK_INT", Build.VERSION_CODES.Q)
        source(5.minutes).seal(KeySlot.FIRST, secret.copyOf())
        assertEquals(300, Chip.asked.single().userAuthenticationValidityDurationSeconds)
    }

    @Test
    fun `a StrongBox is used where there is one, and done without where it has no room`() {
        shadowOf(context.packageManager).setSystemFeature(PackageManager.FEATURE_STRONGBOX_KEYSTORE, true)
        source().seal(KeySlot.FIRST, secret.copyOf())
        assertEquals(listOf(true), Chip.asked.map { it.isStrongBoxBacked })
        Chip.strongBoxIsFull = true
        val sealed = source().seal(KeySlot.FIRST, secret.copyOf())
        assertEquals(listOf(true, true, false), Chip.asked.map { it.isStrongBoxBacked })
        assertArrayEquals(secret, source().unseal(KeySlot.FIRST, sealed))
    }

    @Test
    fun `each failure of the Keystore is one of the kinds`() {
        val sealed = source().seal(KeySlot.FIRST, secret.copyOf())
        val kinds = listOf(
            Failure(At.BEGIN, UserNotAuthenticatedException()) to KeySourceException.NeedsUserAuth::class,
            Failure(At.END, late(UserNotAuthenticatedException())) to KeySourceException.NeedsUserAuth::class,
            Failure(At.END, late(KeyStoreException(-26, "not authenticated"))) to KeySourceException.NeedsUserAuth::class,
            Failure(At.BEGIN, KeyPermanentlyInvalidatedException()) to KeySourceException.Invalidated::class,
            Failure(At.READ, UnrecoverableKeyException("invalidated")) to KeySourceException.Invalidated::class,
            Failure(At.READ, UnrecoverableKeyException().apply { initCause(KeyStoreException(4, "system")) })
                to KeySourceException.Unavailable::class,
            Failure(At.END, late(KeyStoreException(-28, "too many operations"))) to KeySourceException.Unavailable::class,
            Failure(At.BEGIN, ProviderException("the chip does not answer")) to KeySourceException.Unavailable::class,
        )
        for ((failure, kind) in kinds) {
            Chip.failure = failure
            val thrown = assertThrows(KeySourceException::class.java) { source().unseal(KeySlot.FIRST, sealed) }
            assertEquals(failure.with.toString(), kind, thrown::class)
            if (failure.at == At.READ) continue
            val given = secret.copyOf()
            assertEquals(kind, assertThrows(KeySourceException::class.java) { source().seal(KeySlot.SECOND, given) }::class)
            assertArrayEquals("wiped after a failure, too", ByteArray(72), given)
        }
        Chip.failure = Failure(At.DELETE, java.security.KeyStoreException("no"))
        assertThrows(KeySourceException.Unavailable::class.java) { source().delete(KeySlot.FIRST) }
    }

    @Test
    fun `before the first unlock a failure is no loss, and keys can be deleted`() {
        val sealed = source().seal(KeySlot.FIRST, secret.copyOf())
        shadowOf(context.service<UserManager>()).setUserUnlocked(false)
        Chip.failure = Failure(At.BEGIN, UserNotAuthenticatedException())
        assertThrows(KeySourceException.LockedUntilFirstUnlock::class.java) { source().unseal(KeySlot.FIRST, sealed) }
        assertThrows(KeySourceException.LockedUntilFirstUnlock::class.java) { source().unseal(KeySlot.SECOND, sealed) }
        source().delete(KeySlot.FIRST)
        assertTrue(Chip.keys.isEmpty())
    }

    private fun source(userAuth: Duration? = null) = AndroidKeySource(context, "test", userAuth)

    /** As an operation fails that began well. */
    private fun late(cause: Exception) = IllegalBlockSizeException().apply { initCause(cause) }
}

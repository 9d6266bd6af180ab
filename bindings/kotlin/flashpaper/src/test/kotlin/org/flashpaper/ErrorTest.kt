package org.flashpaper

import java.nio.ByteBuffer
import java.time.Duration as JavaDuration
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds
import org.flashpaper.internal.face
import org.flashpaper.internal.ffi.BridgePart as FfiBridgePart
import org.flashpaper.internal.ffi.ClockError as FfiClockError
import org.flashpaper.internal.ffi.FfiConverterTypeFlashpaperError
import org.flashpaper.internal.ffi.FlashpaperException as FfiFlashpaperException
import org.flashpaper.internal.ffi.FormFault as FfiFormFault
import org.flashpaper.internal.ffi.Input as FfiInput
import org.flashpaper.internal.ffi.MeantWord as FfiMeantWord
import org.flashpaper.internal.ffi.Page as FfiPage
import org.flashpaper.internal.ffi.WordsError as FfiWordsError
import org.flashpaper.internal.ffi.errorAction
import org.flashpaper.internal.ffi.errorCode
import org.flashpaper.internal.ffi.errorRetryable
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.assertThrows

/** The constants of errors against the library's own. */
class ErrorTest {
    /** One of each kind that has no details, by its class. */
    private val plain: List<FfiFlashpaperException> =
        FfiFlashpaperException::class.java.declaredClasses
            .filter { FfiFlashpaperException::class.java.isAssignableFrom(it) }
            .mapNotNull { kind -> kind.constructors.firstOrNull { it.parameterCount == 0 } }
            .map { it.newInstance() as FfiFlashpaperException }

    private val detailed: List<FfiFlashpaperException> =
        FfiFormFault.entries.map { FfiFlashpaperException.Unanswerable(it) } + listOf(
            FfiFlashpaperException.ClockWrong(null),
            FfiFlashpaperException.ClockWrong(FfiClockError.Slow(JavaDuration.ofMinutes(1))),
            FfiFlashpaperException.ClockWrong(FfiClockError.Fast(JavaDuration.ofMinutes(1))),
            FfiFlashpaperException.NeedsWeb(FfiPage("https://burner.test/secret")),
            FfiFlashpaperException.RateLimited(null),
            FfiFlashpaperException.RateLimited(JavaDuration.ofMinutes(1)),
            FfiFlashpaperException.InvalidInput(FfiInput.Server),
        )

    @Test
    fun everyKindHasTheLibrarysCodeAndAction() {
        for (error in plain + detailed) {
            val face = error.face()
            assertEquals(errorCode(error), face.code)
            assertEquals(errorAction(error).name, face.action.name, face.code)
            assertEquals(errorRetryable(error), face.retryable, face.code)
            assertEquals(error::class.simpleName, face::class.simpleName)
            assertEquals("${face::class.java.name}: ${face.code}", "$face")
        }
    }

    @Test
    fun noKindIsMissingAbove() {
        val written = (plain + detailed).map { error ->
            val bytes = ByteBuffer.allocate(1000)
            FfiConverterTypeFlashpaperError.write(error, bytes)
            bytes.getInt(0)
        }.toSet()
        assertEquals((1..written.size).toSet(), written)
        val next = ByteBuffer.allocate(4).putInt(written.size + 1).rewind()
        assertThrows<RuntimeException>("the library has a kind more") { FfiConverterTypeFlashpaperError.read(next) }
    }

    @Test
    fun aDetailOfAnErrorCrosses() {
        fun face(input: FfiInput) = (FfiFlashpaperException.InvalidInput(input).face() as FlashpaperException.InvalidInput).input
        val word = FfiInput.Words(FfiWordsError.Unknown(3u, FfiMeantWord("abandon")))
        assertEquals(Input.Words(WordsError.Unknown(3, MeantWord("abandon"))), face(word))
        assertEquals(Input.Bridge(2, BridgePart.ARGUMENT), face(FfiInput.Bridge(2u, FfiBridgePart.ARGUMENT)))
        val fast = FfiFlashpaperException.ClockWrong(FfiClockError.Fast(JavaDuration.ofSeconds(90)))
        assertEquals(FlashpaperException.ClockWrong(ClockError.Fast(90.seconds)), fast.face())
        val limited = FfiFlashpaperException.RateLimited(JavaDuration.ofMillis(1500))
        assertEquals(FlashpaperException.RateLimited(1500.milliseconds), limited.face())
    }
}

package org.flashpaper

import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout
import org.flashpaper.internal.Library
import org.flashpaper.internal.face
import org.flashpaper.internal.ffi.Burner as FfiBurner
import org.flashpaper.internal.ffi.BurnerState as FfiBurnerState
import org.flashpaper.internal.ffi.CancelToken
import org.flashpaper.internal.ffi.CreateOptions as FfiCreateOptions
import org.flashpaper.internal.ffi.Creation as FfiCreation
import org.flashpaper.internal.ffi.Engine
import org.flashpaper.internal.ffi.FlashpaperException as FfiFlashpaperException
import org.flashpaper.internal.ffi.Life as FfiLife
import org.flashpaper.internal.ffi.NetworkKind as FfiNetworkKind
import org.flashpaper.internal.ffi.NoHandle
import org.flashpaper.internal.ffi.Progress as FfiProgress
import org.flashpaper.internal.ffi.Route as FfiRoute
import org.flashpaper.internal.ffi.Snapshot
import org.flashpaper.internal.ffi.States
import org.flashpaper.internal.ffi.VaultReport as FfiVaultReport
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Test

/** What comes at an unlucky moment, without the native library: a test says what an engine gives and when. */
class LibraryTest {
    private val states = Channel<Snapshot>(Channel.UNLIMITED)
    private var present: Snapshot? = null

    private val library = snapshot(1, FfiLife.AWAKE).let { first ->
        Library(
            object : Engine(NoHandle) {
                override suspend fun snapshot(): Snapshot = present ?: throw FfiFlashpaperException.Closed()

                override fun create(options: FfiCreateOptions): FfiCreation = object : FfiCreation(NoHandle) {
                    override suspend fun progress(): FfiProgress? = null

                    override suspend fun burner(cancel: CancelToken?) =
                        FfiBurner("1f", "someone@burner.test", FfiRoute.EXIT, FfiBurnerState.ACTIVE, java.time.Instant.EPOCH)
                }
            },
            object : States(NoHandle) {
                override suspend fun next(): Snapshot? = states.receiveCatching().getOrNull()
            },
            first.face(),
        )
    }

    @Test
    fun aLibraryThatIsClosedJustThenTakesNoResultBack() = runBlocking {
        assertEquals("done", library.change { "done" })
        val burner = withTimeout(5.seconds) { library.create().await() }
        assertEquals(BurnerId("1f"), burner.id)
    }

    @Test
    fun anOlderStateThatComesLateIsDropped() = runBlocking {
        present = snapshot(3, FfiLife.SUSPENDED)
        library.look()
        present = snapshot(2, FfiLife.AWAKE)
        library.look()
        assertEquals(Life.SUSPENDED, library.state.value.life)
    }

    @Test
    fun closedIsTheEnd() = runBlocking {
        states.close()
        library.state.reaches { it.life == Life.CLOSED }
        present = snapshot(9, FfiLife.AWAKE)
        library.look()
        assertEquals(Life.CLOSED, library.state.value.life)
    }

    private fun snapshot(revision: Int, life: FfiLife) = Snapshot(
        sequence = 1u,
        revision = revision.toULong(),
        life = life,
        network = FfiNetworkKind.PUBLIC,
        tor = null,
        vault = FfiVaultReport(0u, false, false),
        burners = emptyList(),
        questions = emptyList(),
    )
}

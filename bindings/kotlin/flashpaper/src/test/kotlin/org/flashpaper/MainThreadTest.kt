package org.flashpaper

import java.io.File
import java.lang.management.ManagementFactory
import java.util.concurrent.Executors
import java.util.concurrent.TimeUnit.MINUTES
import kotlin.time.Duration
import kotlin.time.Duration.Companion.microseconds
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.nanoseconds
import kotlin.time.Duration.Companion.seconds
import kotlin.time.TimeSource
import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.Runnable
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withContext
import kotlin.coroutines.CoroutineContext
import org.junit.jupiter.api.Assertions.assertNotNull
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.Timeout

/** That no call holds the thread that makes it: an app's main thread, which has other work. */
@Timeout(5, unit = MINUTES)
class MainThreadTest {
    private val limit = 4.milliseconds

    @Test
    fun aCallThatHoldsTheThreadIsFound() = runBlocking {
        assertTrue(checkNotNull(tooLong { longest { Thread.sleep(20) } }).last() >= 20.milliseconds)
        assertNull(tooLong { longest {} })
        var calls = 0
        assertNotNull(tooLong { longest { if (++calls % 6 == 0) Thread.sleep(5) } }, "one call in six is not found")
    }

    @Test
    fun theFirstCallOfAProcessDoesNotHoldTheMainThread() = runBlocking {
        val held = tooLong(5) {
            val home = Home()
            OtherProcess(home.folder, "open").use { checkNotNull(it.says()).toLong().microseconds }.also { home.folder.deleteRecursively() }
        }
        assertNull(held, "the first open holds its thread")
    }

    @Test
    fun noCallHoldsTheMainThread() = Home().with { library ->
        library.startTor()
        val burner = library.create(CreateOptions("burner.test", recoverable = true)).await()
        val chat = burner.add("nobody-at-all@burner.test")
        val message = chat.send("first")
        val key = checkNotNull(Fingerprint.parse("0".repeat(40)))
        val none = BurnerId("none")
        val other = Home()
        val calls = mapOf<String, suspend () -> Any?>(
            "state" to { listOf(library.state.value, burner.state.value, chat.state.value, chat.state.first()) },
            "events" to { library.events() },
            "first event" to { library.events(0).first() },
            "burner" to { library.burner(burner.id) },
            "chat" to { burner.chat(chat.peer) },
            "timeline" to { chat.timeline().first() },
            "create" to { library.create(CreateOptions("127.0.0.1")).run { cancel(); progress.value } },
            "await" to { library.create(CreateOptions("127.0.0.1")).await() },
            "answer a question" to { library.create(CreateOptions("127.0.0.1")).answer(Question.Id(7), Answer.GiveUp) },
            "touch" to { library.touch() },
            "networkChanged" to { library.networkChanged() },
            "setProfile" to { library.setProfile(Profile.FOREGROUND) },
            "setSpread" to { library.setSpread(Spread.Within(Duration.ZERO)) },
            "startTor" to { library.startTor() },
            "checkOptions" to { library.checkOptions(BURNER_TEST) },
            "restore" to { library.restore("two words".toByteArray(), "burner.test") },
            "burn none" to { library.burn(none) },
            "pendingRemovals" to { library.pendingRemovals() },
            "redeem" to { library.redeem("none".toByteArray()) },
            "setAutoLock" to { library.setAutoLock(null) },
            "changeKey" to { library.changeKey(Key.File) },
            "setDuress" to { library.setDuress(null) },
            "updateDirectory" to { library.updateDirectory("none".toByteArray()) },
            "setOwnServers" to { library.setOwnServers(null) },
            "diagnostics" to { library.diagnostics() },
            "connect" to { burner.connect() },
            "disconnect" to { burner.disconnect() },
            "add" to { burner.add("somebody@burner.test") },
            "expectKey" to { burner.expectKey("somebody@burner.test") },
            "all messages" to { burner.messages() },
            "link" to { burner.link() },
            "fingerprint" to { burner.fingerprint() },
            "label" to { burner.setLabel("a name") },
            "setHistory" to { burner.setHistory(History.UntilBurn) },
            "setExpiry" to { burner.setExpiry(null) },
            "setIdleTimeout" to { burner.setIdleTimeout(60.seconds) },
            "setVersion2" to { burner.setVersion2(true) },
            "importFingerprints" to { burner.importFingerprints("") },
            "words" to { burner.wordsLeft() to burner.recoveryWords() },
            "message" to { chat.message(message) },
            "before" to { chat.before(message) },
            "send" to { chat.send("hello") },
            "retry" to { chat.retry(message) },
            "delete" to { chat.delete(chat.send("gone")) },
            "read" to { chat.read(message) },
            "taken" to { chat.taken(message) },
            "accept" to { chat.accept() },
            "a peer's label" to { chat.setLabel("somebody") },
            "setTimer" to { chat.setTimer(60.seconds) },
            "startPrivate" to { chat.startPrivate() },
            "endPrivate" to { chat.endPrivate() },
            "acceptKey" to { chat.acceptKey(key) },
            "setVerified" to { chat.setVerified(key, true) },
            "compare" to { chat.compare("secret") },
            "answer" to { chat.answer("secret", null) },
            "abortComparison" to { chat.abortComparison() },
            "setBlocked" to { chat.setBlocked(true); chat.setBlocked(false) },
            "stopTor" to { library.stopTor() },
            "suspend" to { library.suspend(); library.resume() },
            "sync" to { library.sync(10.seconds); library.resume() },
            "open" to { other.open().close() },
            "burnAll" to { library.burnAll() },
            "lock" to { library.lock() },
            "close" to { library.close() },
        )
        coroutineScope {
            val writing = launch(Dispatchers.IO) {
                try {
                    while (true) chat.delete(chat.send("written meanwhile"))
                } catch (_: FlashpaperException) {
                    // It sleeps, or is gone.
                }
            }
            for ((name, call) in calls) {
                // The first one may load a class.
                longest(call)
                assertNull(tooLong { longest(call) }, "$name holds its thread")
            }
            writing.cancel()
        }
    }

    /**
     * The times for which calls held their thread, if more than one in [calls] was long. One may be: a call waits for a lock now and
     * then, and a machine stands still. If there are more, four times as many calls decide, by the same rate: a coincidence does not
     * last, a fault does.
     */
    private suspend fun tooLong(calls: Int = 12, held: suspend () -> Duration): List<Duration>? {
        val times = mutableListOf<Duration>()
        fun areTooMany() = times.count { it >= limit } > times.size / calls
        repeat(calls) { times += held() }
        if (areTooMany()) repeat(3 * calls) { times += held() }
        return times.sorted().takeIf { areTooMany() }
    }
}

/** For how long a call holds the thread that makes it, at most. */
internal suspend fun longest(call: suspend () -> Any?): Duration {
    val main = Main()
    withContext(main) {
        try {
            call()
        } catch (_: FlashpaperException) {
            // It is about the thread.
        }
    }
    main.end()
    return main.longest
}

/** One thread, that measures how long each thing holds it. */
private class Main : CoroutineDispatcher() {
    private val executor = Executors.newSingleThreadExecutor { Thread(it, "main").apply { isDaemon = true } }

    @Volatile
    var longest = Duration.ZERO

    override fun dispatch(context: CoroutineContext, block: Runnable) = executor.execute {
        // The clock is read first and last: what is taken away is within the time from which it is taken.
        val (collections, began, robbed) = Triple(collections(), TimeSource.Monotonic.markNow(), robbed())
        block.run()
        val robbedMeanwhile = robbed() - robbed
        val held = began.elapsedNow() - robbedMeanwhile
        if (collections() == collections) longest = maxOf(longest, held)
    }

    /** Ends the thread once all is measured: what it ran has gone on with its caller before it was over itself. */
    fun end() {
        executor.submit {}.get()
        executor.shutdown()
    }

    /** For how long this thread could have run, but others had the processor: no call is to blame for that. */
    private fun robbed() = File("/proc/thread-self/schedstat").readText().split(' ')[1].toLong().nanoseconds

    /** A collection of garbage stops every thread. */
    private fun collections() = ManagementFactory.getGarbageCollectorMXBeans().sumOf { it.collectionCount }
}

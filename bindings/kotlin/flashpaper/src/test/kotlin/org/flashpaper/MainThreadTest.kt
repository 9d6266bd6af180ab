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
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.Timeout

/** That no call holds the thread that makes it: an app's main thread, which has other work. */
@Timeout(5, unit = MINUTES)
class MainThreadTest {
    private val limit = 4.milliseconds

    @Test
    fun aCallThatHoldsTheThreadIsFound() = runBlocking {
        assertTrue(longest { Thread.sleep(20) } >= 20.milliseconds)
        assertTrue(longest {} < limit)
    }

    @Test
    fun theFirstCallOfAProcessDoesNotHoldTheMainThread() {
        // Nearly each time is to be short, as below.
        val held = List(5) {
            val home = Home()
            OtherProcess(home.folder, "open").use { checkNotNull(it.says()).toLong().microseconds }.also { home.folder.deleteRecursively() }
        }.sorted()
        assertTrue(held[held.size - 2] < limit, "the first open holds its thread: $held")
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
            for ((name, call) in calls) assertShort(name, call)
            writing.cancel()
        }
    }

    /**
     * Nearly each time is to be short: a call that waits for a lock does so now and then. The first one may load a class; one more
     * may be the machine's.
     */
    private suspend fun assertShort(name: String, call: suspend () -> Any?) {
        longest(call)
        val held = List(12) { longest(call) }.sorted()
        assertTrue(held[held.size - 2] < limit, "$name holds its thread: $held")
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
        val (collections, robbed, began) = Triple(collections(), robbed(), TimeSource.Monotonic.markNow())
        block.run()
        val held = began.elapsedNow() - (robbed() - robbed)
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

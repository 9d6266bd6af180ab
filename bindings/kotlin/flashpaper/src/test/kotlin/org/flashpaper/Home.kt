package org.flashpaper

import java.io.File
import java.nio.file.Files
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout

/** A folder of its own, on the lab. */
internal class Home {
    val folder: File = Files.createTempDirectory("flashpaper").toFile()

    suspend fun open(key: Key = Key.File, facts: String = Lab.facts): Flashpaper =
        Flashpaper.open(Config(folder, key, privateNetwork = facts))

    /** Closes the library whatever happens, so that the next test has its Tor client. */
    fun with(key: Key = Key.File, facts: String = Lab.facts, body: suspend (Flashpaper) -> Unit): Unit =
        runBlocking { use(key, facts, body) }

    suspend fun use(key: Key = Key.File, facts: String = Lab.facts, body: suspend (Flashpaper) -> Unit) {
        val library = open(key, facts)
        try {
            body(library)
        } finally {
            library.close()
        }
        folder.deleteRecursively()
    }
}

internal val BURNER_TEST = CreateOptions("burner.test")

/** Waits for a value. */
internal suspend fun <T> Flow<T>.reaches(wanted: suspend (T) -> Boolean): T = withTimeout(300.seconds) { first(wanted) }

/** How many threads and open files this process has. */
internal fun threadsAndFiles(): Pair<Int, Int> {
    fun count(kind: String) = checkNotNull(File("/proc/self/$kind").list()).size
    return count("task") to count("fd")
}

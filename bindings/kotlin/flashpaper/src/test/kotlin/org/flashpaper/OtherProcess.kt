package org.flashpaper

import java.io.File
import kotlin.time.Duration.Companion.minutes
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.delay
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withContext

/** Another JVM, that makes a burner in this folder with a text that waits, says `ready`, and lives on until it is killed. */
internal fun Home.otherProcess(): OtherProcess = OtherProcess(folder, "burner")

/** Another JVM, that does one of the [tasks] in this folder. */
internal class OtherProcess(folder: File, task: String) : AutoCloseable {
    private val process = ProcessBuilder(
        System.getProperty("java.home") + "/bin/java",
        "-cp", System.getProperty("java.class.path"),
        "-Djna.library.path=" + System.getProperty("jna.library.path"),
        "org.flashpaper.OtherProcessKt", task, folder.path,
    ).redirectError(ProcessBuilder.Redirect.DISCARD).start()

    fun says(): String? = process.inputReader().readLine()

    /** Kills it. */
    override fun close() {
        process.destroyForcibly().waitFor()
    }
}

internal fun main(arguments: Array<String>): Unit = runBlocking { tasks.getValue(arguments[0])(File(arguments[1])) }

private val tasks: Map<String, suspend (File) -> Unit> = mapOf("burner" to ::makeBurner, "open" to ::openFirst)

/** Opens the folder as the first call of the library, and says for how many microseconds that held the main thread. */
private suspend fun openFirst(folder: File) {
    // What coroutines load, and the measuring, is not the library's.
    repeat(2) { longest { withContext(Dispatchers.IO) { delay(1) } } }
    var opened: Flashpaper? = null
    val held = longest { opened = Flashpaper.open(Config(folder, Key.File)) }
    println(if (opened == null) "not opened" else "${held.inWholeMicroseconds}")
}

private suspend fun makeBurner(folder: File) {
    val library = Flashpaper.open(Config(folder, Key.File, privateNetwork = Lab.facts))
    library.startTor()
    val burner = library.create(BURNER_TEST).await()
    burner.setLabel("before")
    burner.connect()
    burner.add("nobody-at-all@burner.test").send("from before")
    println("ready")
    // Where nobody kills it, it ends by itself.
    delay(5.minutes)
}

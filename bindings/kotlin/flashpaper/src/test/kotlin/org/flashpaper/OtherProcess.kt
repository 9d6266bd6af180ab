package org.flashpaper

import java.io.File
import kotlin.time.Duration.Companion.minutes
import kotlinx.coroutines.delay
import kotlinx.coroutines.runBlocking

/** Another JVM, that makes a burner in this folder with a text that waits, says `ready`, and lives on until it is killed. */
internal fun Home.otherProcess(): OtherProcess = OtherProcess(folder)

internal class OtherProcess(folder: File) : AutoCloseable {
    private val process = ProcessBuilder(
        System.getProperty("java.home") + "/bin/java",
        "-cp", System.getProperty("java.class.path"),
        "-Djna.library.path=" + System.getProperty("jna.library.path"),
        "org.flashpaper.OtherProcessKt", folder.path,
    ).redirectError(ProcessBuilder.Redirect.DISCARD).start()

    fun says(): String? = process.inputReader().readLine()

    /** Kills it. */
    override fun close() {
        process.destroyForcibly().waitFor()
    }
}

internal fun main(arguments: Array<String>): Unit = runBlocking {
    val library = Flashpaper.open(Config(File(arguments[0]), Key.File, privateNetwork = Lab.facts))
    library.startTor()
    val burner = library.create(BURNER_TEST).await()
    burner.setLabel("before")
    burner.connect()
    burner.add("nobody-at-all@burner.test").send("from before")
    println("ready")
    // Where nobody kills it, it ends by itself.
    delay(5.minutes)
}

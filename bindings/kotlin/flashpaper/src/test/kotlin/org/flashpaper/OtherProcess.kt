package org.flashpaper

import java.io.File
import kotlinx.coroutines.runBlocking

/** Opens a folder, says how it is, and keeps it open until the process is killed. */
internal fun main(arguments: Array<String>): Unit = runBlocking {
    val library = Flashpaper.open(Config(File(arguments[0]), Key.File, privateNetwork = Lab.facts))
    println(library.state.value.life)
    Thread.sleep(Long.MAX_VALUE)
}

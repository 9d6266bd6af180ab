package org.flashpaper.android

import java.lang.reflect.Proxy
import kotlinx.coroutines.flow.MutableStateFlow
import org.flashpaper.Flashpaper
import org.flashpaper.Life
import org.flashpaper.NetworkKind
import org.flashpaper.State
import org.flashpaper.Tor
import org.flashpaper.VaultReport

/** Stands for a library that is open: has a state, and writes down what it is told. */
internal class Recorder {
    val told = mutableListOf<String>()
    val state = MutableStateFlow(State(1, Life.AWAKE, NetworkKind.PUBLIC, Tor.Off, emptyList(), VaultReport()))

    val flashpaper: Flashpaper =
        Proxy.newProxyInstance(javaClass.classLoader, arrayOf(Flashpaper::class.java)) { _, method, arguments ->
            if (method.name == "getState") return@newProxyInstance state
            // Names of calls with durations have an ending that is Kotlin's own.
            told += (listOf(method.name.substringBefore('-')) + arguments.orEmpty().filterIsInstance<Enum<*>>()).joinToString(" ")
        } as Flashpaper
}

package org.flashpaper.internal

import java.util.Collections
import java.util.WeakHashMap
import kotlin.coroutines.cancellation.CancellationException
import kotlinx.coroutines.ExperimentalForInheritanceCoroutinesApi
import kotlinx.coroutines.flow.FlowCollector
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.asStateFlow
import kotlinx.coroutines.flow.distinctUntilChanged
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.flow.map
import org.flashpaper.BurnerId
import org.flashpaper.BurnerState
import org.flashpaper.ChatState
import org.flashpaper.Jid
import org.flashpaper.Progress
import org.flashpaper.State

/** The library's present state, and the parts of it that burners and chats show. */
internal class Present(first: State) {
    private val whole = MutableStateFlow(first)

    // Weak: a burner that nobody holds any more is not kept here.
    private val parts = Collections.newSetFromMap(WeakHashMap<Watched<*>, Boolean>())

    val state: StateFlow<State> = whole.asStateFlow()

    var value: State
        get() = whole.value
        set(next) = synchronized(this) {
            whole.value = next
            // A part that nobody reads has to see each state, too, or its last value would be an old one.
            parts.forEach { it.value }
        }

    fun burner(first: BurnerState): StateFlow<BurnerState> = part(first) { it.burner(first.id) }

    fun chat(burner: BurnerId, first: ChatState): StateFlow<ChatState> = part(first) { it.chat(burner, first.peer) }

    private fun <Part : Any> part(first: Part, find: (State) -> Part?): StateFlow<Part> = synchronized(this) {
        Watched(first, whole, find).also { it.value }.also(parts::add)
    }
}

/** A part of the library's state, that keeps its last value when the whole has it no more. */
@OptIn(ExperimentalForInheritanceCoroutinesApi::class)
private class Watched<Part : Any>(
    private var last: Part,
    private val whole: StateFlow<State>,
    private val find: (State) -> Part?,
) : StateFlow<Part> {
    override val value: Part
        get() = synchronized(this) { find(whole.value)?.also { last = it } ?: last }

    override val replayCache: List<Part>
        get() = listOf(value)

    override suspend fun collect(collector: FlowCollector<Part>): Nothing {
        whole.map { value }.distinctUntilChanged().collect(collector)
        error("a StateFlow does not end")
    }
}

internal fun State.burner(id: BurnerId): BurnerState? = burners.firstOrNull { it.id == id }

internal fun State.chat(burner: BurnerId, peer: Jid): ChatState? = burner(burner)?.chat(peer)

/** Waits for the end of a creation. Where the waiting coroutine is cancelled, [orCancel] is called. */
internal suspend fun StateFlow<Progress>.end(orCancel: () -> Unit): BurnerId =
    try {
        when (val end = first { it is Progress.Done || it is Progress.Failed }) {
            is Progress.Done -> end.burner
            is Progress.Failed -> throw end.error
            Progress.Starting, is Progress.Working, is Progress.Asks -> error("not its end")
        }
    } catch (e: CancellationException) {
        orCancel()
        throw e
    }

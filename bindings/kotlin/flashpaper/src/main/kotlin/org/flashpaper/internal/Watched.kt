package org.flashpaper.internal

import kotlin.coroutines.cancellation.CancellationException
import kotlinx.coroutines.ExperimentalForInheritanceCoroutinesApi
import kotlinx.coroutines.flow.FlowCollector
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.distinctUntilChanged
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.flow.map
import org.flashpaper.BurnerId
import org.flashpaper.BurnerState
import org.flashpaper.ChatState
import org.flashpaper.Jid
import org.flashpaper.Progress
import org.flashpaper.State

/** A part of the library's state, that keeps its last value when the whole has it no more. */
@OptIn(ExperimentalForInheritanceCoroutinesApi::class)
internal class Watched<Part : Any>(
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

internal fun StateFlow<State>.burner(first: BurnerState): StateFlow<BurnerState> = Watched(first, this) { it.burner(first.id) }

internal fun StateFlow<State>.chat(burner: BurnerId, first: ChatState): StateFlow<ChatState> =
    Watched(first, this) { it.chat(burner, first.peer) }

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

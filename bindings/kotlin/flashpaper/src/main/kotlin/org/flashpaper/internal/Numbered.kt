package org.flashpaper.internal

import java.util.concurrent.atomic.AtomicBoolean
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.FlowCollector
import kotlinx.coroutines.flow.flow
import kotlinx.coroutines.withContext
import org.flashpaper.Numbered
import org.flashpaper.internal.ffi.Engine

/** The events of an engine from this call on. A collection goes on where the one before has ended. */
internal fun numbered(engine: Engine, since: Long?): Flow<Numbered> {
    // No event is in the future: a number may be of an earlier process.
    var last = engine.sequence().let { minOf(since?.toULong() ?: it, it) }
    return forOneCollector {
        engine.events(last).use { events ->
            while (true) {
                // What was read, but did not come to a collector that was cancelled, is read again.
                val next = withContext(Dispatchers.IO) { events.next()?.face() } ?: break
                last = next.number.toULong()
                emit(next)
            }
        }
    }
}

/** Events for one collector at a time. */
internal fun forOneCollector(collect: suspend FlowCollector<Numbered>.() -> Unit): Flow<Numbered> {
    val busy = AtomicBoolean()
    return flow {
        check(busy.compareAndSet(false, true)) { "these events have a collector: ask for others" }
        try {
            collect()
        } finally {
            busy.set(false)
        }
    }
}

package org.flashpaper.internal

import java.util.concurrent.atomic.AtomicBoolean
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.FlowCollector
import kotlinx.coroutines.flow.flow
import kotlinx.coroutines.withContext
import org.flashpaper.Numbered
import org.flashpaper.internal.ffi.Engine
import org.flashpaper.internal.ffi.Events

/** The events of an engine from this call on. A collection goes on where the one before has ended. */
internal fun numbered(engine: Engine, since: Long?): Flow<Numbered> {
    // Until an event was read this alone knows where it begins.
    var begun: Events? = engine.events(since?.toULong())
    var last = since
    return forOneCollector {
        val events = begun ?: engine.events(last?.toULong())
        try {
            while (true) {
                val next = withContext(Dispatchers.IO) {
                    // What was read, but did not come to a collector that was cancelled, is read again.
                    events.next()?.face()?.also { if (last == null) last = it.number - 1 }
                } ?: break
                last = next.number
                emit(next)
            }
        } finally {
            if (last != null) {
                events.close()
                begun = null
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

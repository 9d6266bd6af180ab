package org.flashpaper.internal

import java.io.File
import org.flashpaper.KeySource
import org.flashpaper.PanicReport
import org.flashpaper.TicketedPanic
import org.flashpaper.internal.ffi.panic
import org.flashpaper.internal.ffi.panicWithTicket

// Apart from the companion of Flashpaper, which is loaded on the thread that opens: see [translated].

internal fun panicked(folder: File, keys: KeySource?): PanicReport =
    translated { panic(folder.path, keys?.let(::ForeignKeys)).face() }

internal fun panickedWithTicket(folder: File, keys: KeySource?): TicketedPanic =
    translated { panicWithTicket(folder.path, keys?.let(::ForeignKeys)).face() }

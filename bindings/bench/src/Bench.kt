import com.sun.jna.Library
import com.sun.jna.Native
import kotlinx.coroutines.runBlocking
import org.flashpaper.internal.ffi.Config
import org.flashpaper.internal.ffi.Engine
import org.flashpaper.internal.ffi.Event
import org.flashpaper.internal.ffi.FlashpaperException
import org.flashpaper.internal.ffi.Key
import org.flashpaper.internal.ffi.errorCode

private const val CALLS = 20_000
private const val EVENTS = 200

/** C's own library: to load it by JNA takes what JNA takes. */
private interface C : Library {
    fun getpid(): Int
}

/** Prints numbers for `cargo xtask bench bindings`, as one line of JSON. The folder is a new one for an engine. */
fun main(args: Array<String>) {
    val (what, folder) = args
    println(if (what == "load") load() else costs(folder))
}

/** What a process that has loaded nothing waits for. */
private fun load(): String {
    val jna = milliseconds { check(Native.load("c", C::class.java).getpid() > 0) }
    val library = milliseconds { call() }
    return """{"jna_load_ms": $jna, "load_to_first_call_ms": $library}"""
}

/** What it costs once it runs. */
private fun costs(folder: String): String = runBlocking {
    repeat(CALLS) { call() }
    val call = median(List(CALLS) { 1000 * milliseconds(::call) })
    val config = Config(home = folder, key = Key.File)
    val engine = Engine.open(config, null)
    val events = engine.events(null)
    val taken = List(EVENTS) {
        // The one event that needs no network.
        engine.lock()
        val start = System.nanoTime()
        val event = events.next()?.event
        val end = System.nanoTime()
        check(event == Event.Locked) { "$event" }
        Engine.open(config, null)
        (end - start) / 1e3
    }
    engine.shutdown()
    """{"call_us": $call, "event_us": ${median(taken)}}"""
}

/** An error goes in, a text comes out. */
private fun call() = check(errorCode(FlashpaperException.Offline()) == "offline")

private fun milliseconds(work: () -> Unit): Double {
    val start = System.nanoTime()
    work()
    return (System.nanoTime() - start) / 1e6
}

private fun median(values: List<Double>) = values.sorted()[values.size / 2]

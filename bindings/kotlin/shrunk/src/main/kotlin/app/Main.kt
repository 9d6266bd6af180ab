// What an app does on its first day, without a network. Each line that it prints is one thing that worked.

package app

import java.io.File
import java.util.concurrent.ConcurrentHashMap
import kotlinx.coroutines.runBlocking
import org.flashpaper.Config
import org.flashpaper.Flashpaper
import org.flashpaper.FlashpaperException
import org.flashpaper.Key
import org.flashpaper.KeySlot
import org.flashpaper.KeySource
import org.flashpaper.KeySourceException

fun main(args: Array<String>): Unit = runBlocking {
    val folder = File(args.single())
    val keys = Memory()
    val library = Flashpaper.open(Config(folder, Key.Source(keys)))
    println("opened: ${library.state.value.life}, ${library.state.value.burners.size} burners")
    try {
        library.create().await()
    } catch (e: FlashpaperException) {
        println("create: ${e.code}")
    }
    library.lock()
    keys.denies = true
    try {
        Flashpaper.open(Config(folder, Key.Source(keys)))
    } catch (e: FlashpaperException.KeyDenied) {
        println("open: ${e.code}")
    }
    Flashpaper.panic(folder, keys)
    println("left: ${folder.list().orEmpty().size} files, ${keys.kept.size} keys")
}

/** Keeps what it is to seal: this is about calls in both directions, not about secrets. */
private class Memory : KeySource {
    val kept = ConcurrentHashMap<KeySlot, ByteArray>()

    @Volatile
    var denies = false

    override fun seal(slot: KeySlot, bytes: ByteArray): ByteArray {
        kept[slot] = bytes
        return slot.name.toByteArray()
    }

    override fun unseal(slot: KeySlot, sealed: ByteArray): ByteArray {
        if (denies) throw KeySourceException.NeedsUserAuth()
        return kept.getValue(slot)
    }

    override fun delete(slot: KeySlot) {
        kept.remove(slot)
    }
}

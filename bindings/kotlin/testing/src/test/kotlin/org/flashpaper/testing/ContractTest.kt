package org.flashpaper.testing

import java.nio.file.Files
import java.util.concurrent.TimeUnit.MINUTES
import java.util.concurrent.TimeUnit.SECONDS
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.test.runTest
import org.flashpaper.Config
import org.flashpaper.Flashpaper
import org.flashpaper.Key
import org.flashpaper.Lab
import org.junit.jupiter.api.Timeout

/** Without the native library. */
@Timeout(5, unit = SECONDS)
class FakeContractTest : FlashpaperContract() {
    override fun run(test: suspend (Flashpaper) -> Unit) = runTest { test(FakeFlashpaper(this)) }
}

/** In the lab. */
@Timeout(5, unit = MINUTES)
class LibraryContractTest : FlashpaperContract() {
    override val server = "burner.test"

    override fun run(test: suspend (Flashpaper) -> Unit) = runBlocking {
        val folder = Files.createTempDirectory("flashpaper").toFile()
        test(Flashpaper.open(Config(folder, Key.File, privateNetwork = Lab.facts)))
        check(folder.deleteRecursively())
    }
}

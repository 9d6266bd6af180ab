package org.flashpaper.testing

import java.io.File
import java.util.concurrent.TimeUnit.MINUTES
import kotlin.io.path.createTempDirectory
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.test.runTest
import org.flashpaper.BurnOutcome
import org.flashpaper.BurnReport
import org.flashpaper.Config
import org.flashpaper.CreateOptions
import org.flashpaper.Flashpaper
import org.flashpaper.Jid
import org.flashpaper.Key
import org.flashpaper.Lab
import org.flashpaper.Security
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.Timeout

/** The examples of `README.md`, run, and compared with what stands there. */
class ReadmeTest {
    @Test
    @Timeout(5, unit = MINUTES)
    fun theStart() = runBlocking {
        val peer = Lab.peer()
        val folder = createTempDirectory("flashpaper").toFile()
        val answering = launch(Dispatchers.IO) {
            peer.hears("hello")
            peer.tells("smp_asked", "Where did we meet?")
            peer.does("answer Paris")
        }
        val report = start(Config(folder, Key.File, privateNetwork = Lab.facts), CreateOptions("burner.test"), peer.jid)
        assertEquals(BurnOutcome.PROVEN, report.outcome)
        answering.join()
        peer.end()
        assertTrue(folder.deleteRecursively())
    }

    // The example has a folder and a key: the lab's network has to come with them.
    private suspend fun start(config: Config, options: CreateOptions, friend: String): BurnReport {
        val flashpaper = Flashpaper.open(config)
        flashpaper.startTor()
        val creation = flashpaper.create(options)
        val burner = creation.await()
        burner.connect()
        val chat = burner.add(friend)
        chat.send("hello")
        chat.state.first { it.outbox == 0 }
        chat.compare("Paris", "Where did we meet?")
        chat.state.first { it.security == Security.VERIFIED }
        val report = burner.burn()
        flashpaper.close()
        return report
    }

    @Test
    fun `a text waits for its peer`() = runTest {
        val fake = FakeFlashpaper(this)
        fake.startTor()
        val burner = fake.create().await()
        burner.connect()
        val friend = fake.peer(Jid("friend@example.org"))
        burner.add(friend.jid.value).send("hello")
        friend.comesOnline()
        assertEquals(listOf("hello"), friend.heard)
    }

    @Test
    fun theExamplesAreThoseAbove() {
        val lines = { file: File -> file.readLines().map { it.substringBefore("//").trim() } }
        val here = lines(File("src/test/kotlin/org/flashpaper/testing/ReadmeTest.kt")).toSet() +
            "val flashpaper = Flashpaper.open(Config(folder, key))" + "@Test fun `a text waits for its peer`() = runTest {"
        val examples = lines(File("../README.md")).let { all ->
            val fences = all.indices.filter { all[it].startsWith("```") }
            fences.chunked(2).flatMap { (from, to) -> all.subList(from + 1, to) }
        }
        assertTrue(examples.size > 15)
        assertEquals(emptyList<String>(), examples.filter { it !in here })
    }
}

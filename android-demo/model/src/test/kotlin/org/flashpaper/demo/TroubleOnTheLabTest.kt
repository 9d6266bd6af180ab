package org.flashpaper.demo

import java.io.File
import java.util.concurrent.Executors
import java.util.concurrent.TimeUnit.MINUTES
import kotlin.system.exitProcess
import kotlinx.coroutines.asCoroutineDispatcher
import org.flashpaper.Lab
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.Timeout
import org.junit.jupiter.api.io.TempDir

/** Servers that refuse something, and a device with a wrong clock, with the real library. */
@Timeout(5, unit = MINUTES)
class TroubleOnTheLabTest {
    @Test
    fun `a server that takes nobody, and one that lets its users talk to nobody, are told and leave nothing`(@TempDir folder: File) {
        val words = mapOf("closed" to TextKey.PROBLEM_SERVER_REFUSED, "quarantine" to TextKey.PROBLEM_QUARANTINED)
        for ((server, word) in words) {
            at(server, File(folder, server)) { phone ->
                phone.on<StartModel> { it.state.value.canStart }.start()
                phone.on<CreatingModel> { it.state.value.problem?.sign?.key == word }.cancel()
                phone.on<BurnersModel>().reaches { it.rows.isEmpty() && it.removals.isEmpty() }
            }
        }
    }

    @Test
    fun `a server that removes nothing is told at the burn, and not asked again`(@TempDir folder: File) = at("undeletable", folder) { phone ->
        phone.on<StartModel> { it.state.value.canStart }.start()
        val burner = (phone.on<ContactsModel>().screen as Screen.Contacts).burner
        val report = phone.burn(burner).reaches { it.sign.key == TextKey.REPORT_DISABLED }
        assertFalse(report.canRetry)
    }

    @Test
    fun `a network that is lost is told, and what was written meanwhile leaves once it is back`(@TempDir folder: File) = onPhone(mainThread(), folder) { phone ->
        phone.on<StartModel> { it.state.value.canStart }.start()
        val contacts = phone.on<ContactsModel>()
        contacts.reaches { it.connection.key == TextKey.BURNER_ONLINE }
        val peer = Lab.peer()
        contacts.add(peer.jid)
        val chat = phone.on<ChatModel>()
        try {
            for (relay in List(3) { "auth$it" } + List(4) { "exit$it" }) Lab.order("stop $relay")
            chat.reaches { it.offline?.key == TextKey.BURNER_WAITING }
            chat.says("when it is back")
            chat.reaches { it.canWrite && it.bubbles.singleOrNull()?.sign?.key == TextKey.MESSAGE_QUEUED }
        } finally {
            Lab.order("reset")
        }
        phone.app.networkChanged()
        peer.hears("when it is back")
        phone.burn((contacts.screen as Screen.Contacts).burner).proven()
        peer.end()
    }

    @Test
    fun `a clock that is wrong is told, with how far`(@TempDir folder: File) {
        for ((wrong, told) in mapOf("+1d" to TextKey.PROBLEM_CLOCK_FAST, "-1d" to TextKey.PROBLEM_CLOCK_SLOW)) {
            val minutes = underClock(wrong, File(folder, wrong)).removePrefix("PROBLEM_CLOCK $told ").toInt()
            // The network's own time is known to some hours.
            assertEquals(24.0, minutes / 60.0, 6.0)
        }
    }

    private fun at(server: String, folder: File, test: suspend (Phone) -> Unit) {
        Lab.order("serve $server")
        try {
            onPhone(mainThread(), folder, "$server.lab.test", test = test)
        } finally {
            Lab.order("stop $server")
        }
    }

    /** What [WrongClock] prints. The clock that only counts is left alone: a wrong time of day does not make time pass. */
    private fun underClock(offset: String, folder: File): String {
        val process = ProcessBuilder(
            "faketime", "-f", offset,
            System.getProperty("java.home") + "/bin/java",
            "-cp", System.getProperty("java.class.path"),
            "-Djna.library.path=" + System.getProperty("jna.library.path"),
            WrongClock::class.java.name, folder.path,
        ).redirectError(ProcessBuilder.Redirect.INHERIT)
        process.environment()["FAKETIME_DONT_FAKE_MONOTONIC"] = "1"
        return process.start().inputReader().use { it.readLine() }
    }
}

/** A process of its own, as its clock is: makes a first burner, and prints what stands in the way. */
internal object WrongClock {
    @JvmStatic
    fun main(arguments: Array<String>) {
        onPhone(mainThread(), File(arguments[0])) { phone ->
            phone.on<StartModel> { it.state.value.canStart }.start()
            val problem = checkNotNull(phone.on<CreatingModel> { it.state.value.problem != null }.state.value.problem)
            println("${problem.sign.key} ${problem.advice.key} ${(problem.advice.args.single() as Number).value}")
        }
        exitProcess(0)
    }
}

/** Stands for an app's main thread. */
private fun mainThread() = Executors.newSingleThreadExecutor().asCoroutineDispatcher()

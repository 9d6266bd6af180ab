package org.flashpaper.demo

import java.io.File
import java.util.concurrent.Executors
import java.util.concurrent.TimeUnit.MINUTES
import kotlinx.coroutines.asCoroutineDispatcher
import org.flashpaper.Lab
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertNotEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.Timeout
import org.junit.jupiter.api.io.TempDir

/** How burners are made, with the real library and a real server: given up, with the server away, and asked something. */
@Timeout(5, unit = MINUTES)
class CreatingOnTheLabTest {
    // Stands for an app's main thread.
    private val main = Executors.newSingleThreadExecutor().asCoroutineDispatcher()

    @Test
    fun `what is given up leaves nothing, and a server that is away is told`(@TempDir folder: File) = onPhone(main, folder) { phone ->
        val before = Lab.accounts()
        phone.on<StartModel> { it.state.value.canStart }.start()
        val first = (phone.on<ContactsModel>().screen as Screen.Contacts).burner
        phone.app.reset(Screen.Burners)

        for (step in listOf(TextKey.STEP_REGISTERED, TextKey.STEP_SEALED)) {
            phone.on<BurnersModel>().create()
            phone.on<CreatingModel> { model -> model.state.value.steps.any { it.key == step } }.cancel()
            assertEquals(listOf(first), phone.on<BurnersModel>().state.value.rows.filter { it.canOpen }.map { it.badge.burner })
            // What the server has made is removed in the background, for which the server is needed.
            phone.until("this burner alone") { phone.now.burners.map { it.id } == listOf(first) }
        }

        Lab.without("prosody") {
            phone.on<BurnersModel>().create()
            phone.on<CreatingModel> { it.state.value.problem?.sign?.key == TextKey.PROBLEM_SERVER_AWAY }
        }
        phone.on<CreatingModel>().retry()
        val second = (phone.on<ContactsModel>().screen as Screen.Contacts).burner
        assertNotEquals(first, second)
        phone.burn(second).proven()
        phone.burn(first).proven()
        assertEquals(before, Lab.accounts())
    }

    @Test
    fun `a server's picture is answered by a person`(@TempDir folder: File) = onPhone(main, folder, server = "captcha.lab.test") { phone ->
        Lab.order("serve captcha")
        try {
            answered(phone)
        } finally {
            Lab.order("stop captcha")
        }
    }

    private suspend fun answered(phone: Phone) {
        phone.on<StartModel> { it.state.value.canStart }.start()
        val asked = phone.on<CreatingModel> { it.state.value.question != null }
        val first = checkNotNull(asked.state.value.question)
        val place = first.fields.indexOfFirst { it.picture != null }
        asked.setYes(place, true)
        asked.send()
        asked.reaches { it.question?.fields?.get(place)?.fault?.key == TextKey.CREATING_UNFIT }

        asked.askAnew()
        asked.reaches { it.question != null && it.question.fields[place].picture != first.fields[place].picture }
        asked.write(place, Lab.order("captcha captcha"))
        asked.send()
        // Twice is once.
        asked.send()
        val burner = (phone.on<ContactsModel>().screen as Screen.Contacts).burner
        assertTrue(phone.now.burners.single().jid.value.endsWith("@captcha.lab.test"))

        phone.app.reset(Screen.Burners)
        phone.on<BurnersModel>().create()
        phone.on<CreatingModel> { it.state.value.question != null }.decline()
        phone.on<CreatingModel> { it.state.value.problem?.sign?.key == TextKey.PROBLEM_DECLINED }.cancel()
        phone.burn(burner).proven()
        assertEquals(emptyList<Any>(), phone.now.burners)
    }
}

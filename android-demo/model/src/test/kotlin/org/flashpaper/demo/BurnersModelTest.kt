package org.flashpaper.demo

import java.io.File
import java.util.concurrent.Executors
import java.util.concurrent.TimeUnit.MINUTES
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.asCoroutineDispatcher
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withContext
import kotlinx.coroutines.withTimeout
import org.flashpaper.AnswerFault
import org.flashpaper.BurnOutcome
import org.flashpaper.Config
import org.flashpaper.CreateOptions
import org.flashpaper.FieldAnswer
import org.flashpaper.Flashpaper
import org.flashpaper.FlashpaperException
import org.flashpaper.Input
import org.flashpaper.Key
import org.flashpaper.Lab
import org.flashpaper.Phase
import org.flashpaper.Step
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.Timeout
import org.junit.jupiter.api.io.TempDir

/** The first screen's story, on the lab. */
@Timeout(5, unit = MINUTES)
class BurnersModelTest {
    // Stands for an app's main thread.
    private val main = Executors.newSingleThreadExecutor().asCoroutineDispatcher()

    @Test
    fun oneTap(@TempDir folder: File) = runBlocking(main) {
        val before = Lab.accounts()
        val model = BurnersModel(this) { Flashpaper.open(Config(folder, Key.File, privateNetwork = Lab.facts)) }
        assertEquals(BurnersState(), model.state.value)
        model.create()
        assertEquals(Work.Idle, model.state.value.work, "there is no Tor to make a burner over")

        model.start()
        model.start()
        model.reaches { it.canCreate }
        assertTrue(model.state.value.privateNetwork)

        model.create()
        model.create()
        assertTrue(model.reaches { it.work is Work.Creating && Step.Registered in it.work.steps }.burners.isEmpty())
        val made = model.reaches { it.work == Work.Idle && it.burners.any { made -> made.phase == Phase.ACTIVE } }
        assertEquals(null, made.notice)
        val burner = made.burners.single()
        assertEquals(Phase.ACTIVE, burner.phase)

        model.create()
        model.reaches { it.work is Work.Creating && Step.Registered in it.work.steps }
        model.cancel()
        assertEquals(null, model.reaches { it.work == Work.Idle }.notice)
        assertEquals(listOf(burner), model.reaches { it.burners.size == 1 }.burners)

        model.create()
        model.reaches { it.work is Work.Creating && it.work.steps.isNotEmpty() }
        model.cancel()
        model.reaches { it.work == Work.Idle && it.burners == listOf(burner) }

        Lab.without("prosody") {
            model.create()
            val failed = model.reaches { it.work == Work.Idle }.notice as Notice.Failed
            assertTrue(failed.error is FlashpaperException.ServerUnreachable, "${failed.error}")
        }
        model.dismiss()
        assertEquals(null, model.state.value.notice)

        model.burn(burner.id)
        model.reaches { it.work is Work.Burning && Step.Removed in it.work.steps }
        val burned = model.reaches { it.work == Work.Idle && it.burners.isEmpty() }
        assertEquals(Notice.Burned(BurnOutcome.PROVEN), burned.notice)
        assertEquals(before, Lab.accounts())

        model.close()
        assertEquals(BurnersState(privateNetwork = true), model.state.value)
        model.start()
        model.reaches { it.canCreate }
        model.close()
    }

    @Test
    fun aServersQuestionIsPartOfTheState(@TempDir folder: File) = runBlocking(main) {
        Lab.order("serve captcha")
        val model = BurnersModel(this, CreateOptions("captcha.lab.test")) { Flashpaper.open(Config(folder, Key.File, privateNetwork = Lab.facts)) }
        model.decline()
        model.start()
        model.reaches { it.canCreate }
        model.create()
        val first = checkNotNull(model.reaches { it.question != null }.question)
        val place = first.form.fields.indexOfFirst { it.picture != null }
        model.answer(mapOf(place to FieldAnswer.YesNo(true)))
        val unfit = model.reaches { it.notice != null }.notice as Notice.Failed
        assertEquals(Input.Answer(AnswerFault.Unfit(place)), (unfit.error as FlashpaperException.InvalidInput).input)
        assertEquals(first.id, model.state.value.question?.id)

        model.askAnew()
        model.reaches { it.question != null && it.question.id != first.id }
        assertEquals(null, model.state.value.notice)
        model.answer(mapOf(place to FieldAnswer.Text(Lab.order("captcha captcha"))))
        // Twice is once.
        model.answer(mapOf(place to FieldAnswer.Text("too late")))
        val made = model.reaches { it.work == Work.Idle && it.burners.any { made -> made.phase == Phase.ACTIVE } }
        assertEquals(null to null, made.notice to made.question)
        val burner = made.burners.single()
        assertTrue(burner.jid.value.endsWith("@captcha.lab.test"))

        model.create()
        model.reaches { it.question != null }
        model.decline()
        val declined = model.reaches { it.work == Work.Idle && it.question == null }
        assertTrue((declined.notice as Notice.Failed).error is FlashpaperException.Declined)

        model.burn(burner.id)
        model.reaches { it.work == Work.Idle && it.burners.isEmpty() }
        model.close()
        Lab.order("stop captcha")
        Unit
    }

    @Test
    fun aFolderThatCannotBeOpenedIsANotice(@TempDir folder: File) = runBlocking(main) {
        val model = BurnersModel(this) { Flashpaper.open(Config(folder, Key.Passphrase(ByteArray(0)), privateNetwork = Lab.facts)) }
        model.start()
        val notice = model.reaches { it.notice != null }.notice as Notice.Failed
        assertTrue(notice.error is FlashpaperException.InvalidInput)
        model.close()
    }

    private suspend fun BurnersModel.reaches(wanted: (BurnersState) -> Boolean): BurnersState =
        withTimeout(90.seconds) { state.first(wanted) }
}

package org.flashpaper.internal

import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.asStateFlow
import kotlinx.coroutines.launch
import org.flashpaper.Answer
import org.flashpaper.Burner
import org.flashpaper.BurnerId
import org.flashpaper.Creation
import org.flashpaper.FlashpaperException
import org.flashpaper.Progress
import org.flashpaper.Question
import org.flashpaper.internal.ffi.Creation as FfiCreation

/** An account that the real library makes. */
internal class LibraryCreation(private val library: Library, private val creation: FfiCreation) : Creation {
    private val present = MutableStateFlow<Progress>(Progress.Starting)
    private val engine = library.engine

    init {
        library.scope.launch {
            present.value =
                try {
                    translated {
                        while (true) present.value = (creation.progress() ?: break).face()
                        val made = creation.burner(null)
                        // An app that reads this finds it in the state.
                        library.look()
                        Progress.Done(BurnerId(made.id))
                    }
                } catch (e: FlashpaperException) {
                    Progress.Failed(e)
                }
        }
    }

    override val progress: StateFlow<Progress> = present.asStateFlow()

    override suspend fun answer(question: Question.Id, answer: Answer) {
        val id = question.value.toULong()
        call {
            when (answer) {
                is Answer.Fields -> engine.answer(id, answer.answers.ffi())
                Answer.AnotherPicture -> engine.askAnew(id)
                Answer.GiveUp -> engine.decline(id)
            }
        }
    }

    override suspend fun await(): Burner {
        present.end(orCancel = ::cancel)
        return library.handle(call { creation.burner(null) })
    }

    override fun cancel(): Unit = creation.cancel()
}

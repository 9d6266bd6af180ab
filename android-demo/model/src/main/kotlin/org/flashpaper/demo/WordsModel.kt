package org.flashpaper.demo

import org.flashpaper.Burner
import org.flashpaper.FlashpaperException
import org.flashpaper.demo.TextKey.*

/** A burner's recovery words: shown once, then forgotten. */
class WordsModel internal constructor(screen: Screen.Words, private val burner: Burner, app: AppModel) :
    ScreenModel<WordsState>(screen, app), WordsActions {
    private var words: List<Verbatim>? = null
    private var areThere = true
    private var asks = false
    private var note: Note? = null

    override fun now() = WordsState(
        badge = badge(burner.state.value),
        words = words,
        server = Verbatim(burner.state.value.jid.value.substringAfter('@')),
        canShow = areThere && words == null,
        canFinish = areThere && words != null,
        canDecline = areThere,
        confirmation = if (asks) SURE else null,
        gone = if (areThere) null else Text(WORDS_GONE),
        note = note,
    )

    override fun begin() {
        super.begin()
        act(::failed) { areThere = burner.wordsLeft() }
    }

    private fun failed(error: FlashpaperException) {
        note = note(error)
    }

    override fun show() {
        act(::failed) {
            val bytes = burner.recoveryWords()
            areThere = bytes != null
            words = bytes?.decodeToString()?.split(' ')?.map(::Verbatim)
            bytes?.fill(0)
        }
    }

    override fun finish() = ask(now().canFinish)

    override fun decline() = ask(now().canDecline)

    private fun ask(can: Boolean) {
        asks = can
        look()
    }

    override fun confirm() {
        if (!asks) return
        asks = false
        act(::failed) {
            burner.dropRecoveryWords()
            words = null
            areThere = false
            app.leave(this)
        }
    }

    override fun cancel() {
        asks = false
        look()
    }

    override fun dismiss() {
        note = null
        look()
    }
}

private val SURE = Confirmation(Text(WORDS_SURE), Text(WORDS_SURE_TEXT), Text(WORDS_FORGET), Text(WORDS_KEEP), Tone.CAUTION)

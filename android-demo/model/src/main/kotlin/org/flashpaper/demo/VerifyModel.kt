package org.flashpaper.demo

import kotlinx.coroutines.launch
import org.flashpaper.Burner
import org.flashpaper.Chat
import org.flashpaper.Comparison
import org.flashpaper.Event
import org.flashpaper.Fingerprint
import org.flashpaper.FlashpaperException
import org.flashpaper.demo.TextKey.*

/** Shows that a contact is who they say: by a secret, or by the digits of both keys. */
class VerifyModel internal constructor(private val verify: Screen.Verify, private val burner: Burner, private val chat: Chat, app: AppModel) :
    ScreenModel<VerifyState>(verify, app), VerifyActions {
    private var way = VerifyWay.SECRET
    private var question = ""
    private var secret = ""
    private var fault: Text? = null
    private var result: Comparison? = null
    private var own: Fingerprint? = null
    private var note: Note? = null

    private val isPrivate
        get() = chat.state.value.security.isPrivate

    /** It goes on where the screen is left, and is there again on the way back. */
    private var waits: Boolean
        get() = verify in session.comparing
        set(new) {
            if (new) session.comparing += verify else session.comparing -= verify
        }

    private val asked: Comparison.Asked?
        get() = chat.state.value.question as? Comparison.Asked

    override fun now(): VerifyState {
        val (now, talk) = burner.state.value to chat.state.value
        val key = talk.key.takeIf { isPrivate }
        val isVerified = talk.keys.any { it.fingerprint == key && it.verified }
        val asked = asked
        val isDigits = way == VerifyWay.DIGITS
        return VerifyState(
            badge = badge(now),
            name = name(talk.label, talk.peer),
            lock = lock(mode(now, talk)),
            ways = listOf(
                Option(VerifyWay.SECRET, Text(VERIFY_SECRET), !isDigits),
                Option(VerifyWay.DIGITS, Text(VERIFY_DIGITS), isDigits),
            ),
            explanation = Text(
                when {
                    !isPrivate -> VERIFY_NOT_PRIVATE
                    isDigits -> VERIFY_DIGITS_EXPLANATION
                    asked == null -> VERIFY_SECRET_EXPLANATION
                    asked.question == null -> VERIFY_ASKED_PLAIN_EXPLANATION
                    else -> VERIFY_ASKED_EXPLANATION
                },
            ),
            asked = asked?.let { Asked(it.question?.let(::Verbatim)) },
            question = Field(Verbatim(question), enabled = isPrivate && !waits && asked == null),
            secret = Field(Verbatim(secret), fault, enabled = isPrivate && !waits),
            button = Text(if (asked == null) VERIFY_COMPARE else VERIFY_ANSWER),
            canCompare = isPrivate && !waits && secret.isNotEmpty(),
            waits = if (waits) Text(VERIFY_WAITS) else null,
            canAbort = waits || asked != null,
            result = result?.let(::result),
            resultText = if (result == Comparison.Different) Text(VERIFY_DIFFERENT_TEXT) else null,
            own = own?.let(::groups),
            theirs = key?.let(::groups),
            canConfirmDigits = key != null && own != null && !isVerified,
            canTakeBack = isVerified,
            note = note,
        )
    }

    override fun begin() {
        super.begin()
        act(::failed) { own = burner.fingerprint() }
        scope.launch { session.events.collect { if (it is Event.Comparison) seen(it) } }
    }

    private fun seen(event: Event.Comparison) {
        if (event.burner != burner.id || event.peer != chat.peer) return
        val comparison = event.comparison
        if (comparison is Comparison.Asked) {
            result = null
        } else {
            result = comparison
            // It is seen here.
            session.dismiss(burner.id, chat.peer)
        }
        look()
    }

    private fun failed(error: FlashpaperException) {
        note = note(error)
    }

    override fun choose(way: VerifyWay) {
        this.way = way
        look()
    }

    override fun writeQuestion(question: String) = type { this.question = question }

    override fun writeSecret(secret: String) = type {
        this.secret = secret
        fault = null
    }

    override fun compare() {
        if (!now().canCompare) return
        val typed = normalised(secret)
        if (typed.isEmpty()) {
            fault = Text(VERIFY_EMPTY)
            look()
            return
        }
        val asked = asked
        val ours = question.trim().ifEmpty { null }
        waits = true
        result = null
        note = null
        look()
        act(::failed) {
            try {
                if (asked == null) chat.compare(typed, ours) else chat.answer(typed, asked.question)
            } catch (error: FlashpaperException) {
                waits = false
                throw error
            }
            secret = ""
        }
    }

    override fun abort() {
        if (!now().canAbort) return
        act(::failed) {
            chat.abortComparison()
            waits = false
        }
    }

    // The digits that are on the screen, not those of a key that comes meanwhile.
    private val shownKey: Fingerprint?
        get() = state.value.theirs?.joinToString("") { it.text }?.let(Fingerprint::parse)

    override fun confirmDigits() = setVerified(state.value.canConfirmDigits, true)

    override fun takeBack() = setVerified(state.value.canTakeBack, false)

    private fun setVerified(can: Boolean, verified: Boolean) {
        val key = shownKey ?: return
        if (can) act(::failed) { chat.setVerified(key, verified) }
    }

    override fun dismiss() {
        note = null
        result = null
        look()
    }
}

package org.flashpaper.demo

import kotlinx.coroutines.Job
import kotlinx.coroutines.launch
import org.flashpaper.Event
import org.flashpaper.FlashpaperException
import org.flashpaper.Input
import org.flashpaper.Step
import org.flashpaper.Tor
import org.flashpaper.WordsError
import org.flashpaper.demo.TextKey.*

/** Brings a burner back from its words. */
class RestoreModel internal constructor(app: AppModel) : ScreenModel<RestoreState>(Screen.Restore, app), RestoreActions {
    private var words = ""
    private var server = ""
    private var restoring: Job? = null
    private var step: Step? = null
    private var failed: FlashpaperException? = null

    private val isBusy
        get() = restoring?.isActive == true

    override fun now(): RestoreState {
        val known = session.known.value
        val isReady = known.tor == Tor.Ready
        val input = (failed as? FlashpaperException.InvalidInput)?.input
        val wordsFault = (input as? Input.Words)?.let { fault(it.fault) }
        val serverFault = Text(RESTORE_BAD_SERVER).takeIf { input == Input.Server }
        val isFault = wordsFault != null || serverFault != null
        return RestoreState(
            words = Field(Verbatim(words), wordsFault, enabled = !isBusy),
            server = Field(Verbatim(server), serverFault, enabled = !isBusy),
            canRestore = !isBusy && words.isNotBlank() && server.isNotBlank(),
            first = if (isReady || isBusy) null else Text(RESTORE_CONNECTS),
            isBusy = isBusy,
            step = if (isBusy) step(known.tor) else null,
            problem = if (isFault) null else (failed ?: known.torProblem.takeIf { isBusy })?.let(::told),
        )
    }

    private fun told(error: FlashpaperException): Problem = when (error) {
        is FlashpaperException.NoSuchBurner ->
            Problem(Sign(Mark.FAILED, Text(RESTORE_NONE), Tone.CAUTION), Text(PROBLEM_INPUT_ADVICE), canRetry = false)
        is FlashpaperException.AlreadyHere ->
            Problem(Sign(Mark.INFO, Text(RESTORE_HERE), Tone.QUIET), Text(PROBLEM_GONE_ADVICE), canRetry = false)
        else -> problem(error)
    }

    private fun step(tor: Tor): Text =
        if (tor == Tor.Ready) step?.let { sign(it).text } ?: Text(RESTORE_BUSY) else sign(tor).text

    private fun fault(fault: WordsError): Text = when (fault) {
        is WordsError.Count -> Text(RESTORE_COUNT, Number(fault.words))
        is WordsError.Unknown -> Text(RESTORE_UNKNOWN, Number(fault.at), Verbatim(fault.nearest.word))
        WordsError.Checksum -> Text(RESTORE_CHECKSUM)
    }

    override fun begin() {
        super.begin()
        scope.launch {
            session.events.collect {
                if (it is Event.Restoring) step = it.step
                look()
            }
        }
    }

    override fun writeWords(words: String) = edit { this.words = words }

    override fun writeServer(server: String) = edit { this.server = server }

    private fun edit(change: () -> Unit) = type {
        if (isBusy) return@type
        change()
        failed = null
    }

    override fun restore() {
        if (!now().canRestore) return
        failed = null
        step = null
        // The way to connect was chosen on the first screen; this touch is the other yes.
        if (session.known.value.tor != Tor.Ready) session.connect()
        restoring = act(failed = { failed = it }, within = scope) {
            val typed = words.lowercase().split(Regex("\\s+")).filter(String::isNotEmpty).joinToString(" ").encodeToByteArray()
            try {
                val burner = session.ready().restore(typed, server.trim())
                app.made(burner.id, withWords = false)
            } finally {
                typed.fill(0)
            }
        }
        restoring?.invokeOnCompletion { look() }
        look()
    }

    override fun cancel() {
        if (isBusy) restoring?.cancel() else app.back()
    }
}

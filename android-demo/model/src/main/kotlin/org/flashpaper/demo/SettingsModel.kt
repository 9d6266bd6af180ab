package org.flashpaper.demo

import java.time.Instant
import kotlin.time.Duration
import kotlin.time.Duration.Companion.days
import kotlin.time.Duration.Companion.hours
import kotlin.time.toJavaDuration
import kotlinx.coroutines.flow.update
import org.flashpaper.Burner
import org.flashpaper.FlashpaperException
import org.flashpaper.History
import org.flashpaper.Input
import org.flashpaper.Key
import org.flashpaper.Phase
import org.flashpaper.demo.TextKey.*

/** The app's settings, and those of a burner where the screen belongs to one. */
class SettingsModel internal constructor(screen: Screen.Settings, private val burner: Burner?, app: AppModel) :
    ScreenModel<SettingsState>(screen, app), SettingsActions {
    /** What the user is asked once more. */
    private sealed interface Ask {
        data class Keep(val history: HistoryChoice) : Ask
        data class BurnAt(val time: Instant) : Ask
        data object NoPassphrase : Ask
        data object NoDuress : Ask
    }

    private var label = burner?.state?.value?.label.orEmpty()
    private val passphrase = NewPassphrase()
    private val duress = NewPassphrase()
    private var isBusy = false
    private var ask: Ask? = null
    private var note: Note? = null

    override fun now(): SettingsState {
        val known = session.known.value
        return SettingsState(
            burner = burner?.let(::burner),
            entrances = entrances(known.choices),
            bridges = bridges(known),
            autoLock = AutoLock.entries.map { Option(it, words(it), it == known.choices.autoLock) },
            passphrase = passphrase(known.hasPassphrase),
            licences = LICENCES,
            confirmation = ask?.let(::confirmation),
            note = note,
        )
    }

    private fun burner(burner: Burner): BurnerSettings {
        val now = burner.state.value
        val expiresAt = now.expiresAt
        return BurnerSettings(
            badge = badge(now),
            label = Field(Verbatim(label), enabled = now.phase == Phase.ACTIVE),
            history = HistoryChoice.entries.map { Option(it, words(it), it.history == now.history) },
            expiry = ExpiryChoice.entries.map { Option(it, words(it), chosen = it == ExpiryChoice.NEVER && expiresAt == null) },
            expiresAt = if (expiresAt == null) Text(EXPIRY_NONE) else Text(EXPIRY_AT, moment(expiresAt, session.platform.clock)),
            enabled = now.phase == Phase.ACTIVE,
        )
    }

    private fun confirmation(ask: Ask): Confirmation = when (ask) {
        is Ask.Keep -> sure(HISTORY_SURE, Text(HISTORY_SURE_TEXT), HISTORY_SURE_YES)
        is Ask.BurnAt -> sure(EXPIRY_SURE, Text(EXPIRY_SURE_TEXT, moment(ask.time, session.platform.clock)), EXPIRY_SURE_YES)
        Ask.NoPassphrase -> sure(PASSPHRASE_REMOVE_SURE, Text(PASSPHRASE_REMOVE_TEXT), REMOVE)
        Ask.NoDuress -> sure(DURESS_REMOVE_SURE, Text(DURESS_REMOVE_TEXT), REMOVE)
    }

    private fun passphrase(isSet: Boolean) = PassphraseState(
        sign = if (isSet) Sign(Mark.LOCK, Text(PASSPHRASE_SET), Tone.GOOD) else Sign(Mark.INFO, Text(PASSPHRASE_NONE), Tone.QUIET),
        passphrase = passphrase.field(!isBusy),
        again = passphrase.second(!isBusy),
        canSet = !isBusy && passphrase.isComplete,
        canRemove = !isBusy && isSet,
        duress = duress.field(!isBusy && isSet),
        duressAgain = duress.second(!isBusy && isSet),
        duressExplanation = Text(if (isSet) DURESS_EXPLANATION else DURESS_NEEDS_PASSPHRASE),
        canSetDuress = !isBusy && isSet && duress.isComplete,
        canRemoveDuress = !isBusy && isSet,
        isBusy = isBusy,
    )

    override fun writeLabel(label: String) = type {
        this.label = label
        burner?.let { act(::failed) { it.setLabel(label.trim()) } }
    }

    override fun setHistory(history: HistoryChoice) {
        val now = burner?.state?.value?.history ?: return
        if (history.history.kept < now.kept) ask(Ask.Keep(history)) else keep(history)
    }

    override fun setExpiry(expiry: ExpiryChoice) {
        if (burner == null) return
        val time = expiry.time
        if (time == null) change { it.setExpiry(null) } else ask(Ask.BurnAt(session.platform.clock.instant() + time.toJavaDuration()))
    }

    private fun ask(ask: Ask) {
        this.ask = ask
        look()
    }

    override fun confirm() {
        when (val asked = ask) {
            is Ask.Keep -> keep(asked.history)
            // The time that the user has said yes to.
            is Ask.BurnAt -> change { it.setExpiry(asked.time) }
            Ask.NoPassphrase -> if (now().passphrase.canRemove) changeKey(null, PASSPHRASE_REMOVED)
            Ask.NoDuress -> if (now().passphrase.canRemoveDuress) changeDuress(null, DURESS_REMOVED)
            null -> {}
        }
        ask = null
        look()
    }

    private fun keep(history: HistoryChoice) = change { it.setHistory(history.history) }

    private fun change(block: suspend (Burner) -> Unit) {
        val burner = burner ?: return
        act(::failed) {
            block(burner)
            note = Note(Text(SETTINGS_SAVED), Tone.QUIET)
        }
    }

    private fun failed(error: FlashpaperException) {
        note = note(error)
    }

    override fun setEntrance(entrance: Entrance) {
        session.choose(entrance)
        note = Note(Text(SETTINGS_CONNECTION_NEXT), Tone.QUIET)
        look()
    }

    override fun writeBridges(lines: String) = type { session.writeBridges(lines) }

    override fun setAutoLock(after: AutoLock) {
        session.choose { it.copy(autoLock = after) }
        act(::failed) { session.library?.setAutoLock(after.time) }
        look()
    }

    override fun writePassphrase(passphrase: String) = type { this.passphrase.write(passphrase) }

    override fun writeAgain(passphrase: String) = type { this.passphrase.writeAgain(passphrase) }

    override fun setPassphrase() {
        if (now().passphrase.canSet) passphrase.typed()?.let { changeKey(it, PASSPHRASE_SAVED) }
        look()
    }

    override fun removePassphrase() {
        if (now().passphrase.canRemove) ask(Ask.NoPassphrase)
    }

    private fun changeKey(to: String?, done: TextKey) = seal(to, passphrase) { typed ->
        session.library?.changeKey(Key.Source(session.platform.keys, typed))
        session.known.update { it.copy(hasPassphrase = typed != null) }
        passphrase.clear()
        note = Note(Text(done), Tone.QUIET)
    }

    override fun writeDuress(passphrase: String) = type { duress.write(passphrase) }

    override fun writeDuressAgain(passphrase: String) = type { duress.writeAgain(passphrase) }

    override fun setDuress() {
        if (now().passphrase.canSetDuress) duress.typed()?.let { changeDuress(it, DURESS_SAVED) }
        look()
    }

    override fun removeDuress() {
        if (now().passphrase.canRemoveDuress) ask(Ask.NoDuress)
    }

    private fun changeDuress(to: String?, done: TextKey) = seal(to, duress) { typed ->
        session.library?.setDuress(typed)
        duress.clear()
        note = Note(Text(done), Tone.QUIET)
    }

    /** The bytes of a passphrase are wiped whatever happens. */
    private fun seal(passphrase: String?, new: NewPassphrase, block: suspend (ByteArray?) -> Unit) {
        isBusy = true
        note = null
        look()
        val same = FlashpaperException.InvalidInput(Input.SamePassphrase)
        act(failed = { if (it == same) new.fault = Text(PASSPHRASE_SAME) else failed(it) }) {
            val typed = passphrase?.encodeToByteArray()
            try {
                block(typed)
            } finally {
                typed?.fill(0)
                isBusy = false
            }
        }
    }

    override fun cancel() {
        ask = null
        look()
    }

    override fun dismiss() {
        note = null
        look()
    }
}

private val HistoryChoice.history: History
    get() = when (this) {
        HistoryChoice.NONE -> History.None
        HistoryChoice.ONE_DAY -> History.Expire(1.days)
        HistoryChoice.ONE_WEEK -> History.Expire(7.days)
        HistoryChoice.UNTIL_BURN -> History.UntilBurn
    }

/** So long a message is kept once it is read or delivered. */
private val History.kept: Duration
    get() = when (this) {
        History.None -> Duration.ZERO
        is History.Expire -> after
        History.UntilBurn -> Duration.INFINITE
    }

private val ExpiryChoice.time: Duration?
    get() = when (this) {
        ExpiryChoice.NEVER -> null
        ExpiryChoice.ONE_HOUR -> 1.hours
        ExpiryChoice.ONE_DAY -> 1.days
        ExpiryChoice.ONE_WEEK -> 7.days
        ExpiryChoice.ONE_MONTH -> 30.days
    }

private fun words(history: HistoryChoice) = Text(
    when (history) {
        HistoryChoice.NONE -> HISTORY_NONE
        HistoryChoice.ONE_DAY -> HISTORY_DAY
        HistoryChoice.ONE_WEEK -> HISTORY_WEEK
        HistoryChoice.UNTIL_BURN -> HISTORY_UNTIL_BURN
    },
)

private fun words(expiry: ExpiryChoice) = Text(
    when (expiry) {
        ExpiryChoice.NEVER -> EXPIRY_NEVER
        ExpiryChoice.ONE_HOUR -> EXPIRY_HOUR
        ExpiryChoice.ONE_DAY -> EXPIRY_DAY
        ExpiryChoice.ONE_WEEK -> EXPIRY_WEEK
        ExpiryChoice.ONE_MONTH -> EXPIRY_MONTH
    },
)

private fun words(after: AutoLock) = Text(
    when (after) {
        AutoLock.ONE_MINUTE -> AUTO_LOCK_MINUTE
        AutoLock.FIVE_MINUTES -> AUTO_LOCK_FIVE
        AutoLock.ONE_HOUR -> AUTO_LOCK_HOUR
        AutoLock.NEVER -> AUTO_LOCK_NEVER
    },
)

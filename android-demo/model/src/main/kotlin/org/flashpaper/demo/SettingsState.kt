package org.flashpaper.demo

/** Which texts a burner keeps once they are read or delivered. */
enum class HistoryChoice { NONE, ONE_DAY, ONE_WEEK, UNTIL_BURN }

/** When a burner is burnt by itself. */
enum class ExpiryChoice { NEVER, ONE_HOUR, ONE_DAY, ONE_WEEK, ONE_MONTH }

/** After how much rest the store locks itself. */
enum class AutoLock { ONE_MINUTE, FIVE_MINUTES, ONE_HOUR, NEVER }

/** The app's settings. */
data class SettingsState(
    /** A burner's own, where the screen belongs to one. */
    val burner: BurnerSettings?,
    val entrances: List<Option<Entrance>>,
    val bridges: Field?,
    val autoLock: List<Option<AutoLock>>,
    val passphrase: PassphraseState,
    val licences: List<Licence>,
    /** Asks before something of a burner is deleted, now or later. */
    val confirmation: Confirmation?,
    val note: Note?,
)

data class BurnerSettings(
    val badge: BurnerBadge,
    val label: Field,
    val history: List<Option<HistoryChoice>>,
    val expiry: List<Option<ExpiryChoice>>,
    /** When it is burnt by itself. */
    val expiresAt: Text,
    val enabled: Boolean,
)

/** The passphrase in addition to the device's key, and the duress passphrase, which does a panic. */
data class PassphraseState(
    val sign: Sign,
    val passphrase: Field,
    /** The same once more: nobody can read what is typed. */
    val again: Field,
    val canSet: Boolean,
    val canRemove: Boolean,
    val duress: Field,
    val duressAgain: Field,
    /** What it does, or why there can be none. */
    val duressExplanation: Text,
    val canSetDuress: Boolean,
    val canRemoveDuress: Boolean,
    val isBusy: Boolean,
)

/** A part of the app that others have made. */
data class Licence(val name: Verbatim, val licence: Verbatim)

interface SettingsActions {
    fun writeLabel(label: String)

    /** One that keeps less than now asks first. */
    fun setHistory(history: HistoryChoice)

    /** Any time asks first. */
    fun setExpiry(expiry: ExpiryChoice)

    fun setEntrance(entrance: Entrance)

    fun writeBridges(lines: String)

    fun setAutoLock(after: AutoLock)

    fun writePassphrase(passphrase: String)

    fun writeAgain(passphrase: String)

    /** Changes nothing where the two are not the same. */
    fun setPassphrase()

    /** Asks first. */
    fun removePassphrase()

    fun writeDuress(passphrase: String)

    fun writeDuressAgain(passphrase: String)

    fun setDuress()

    /** Asks first. */
    fun removeDuress()

    fun confirm()

    /** No to what is asked. */
    fun cancel()

    /** The note was read. */
    fun dismiss()
}

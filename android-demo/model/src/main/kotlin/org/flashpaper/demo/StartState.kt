package org.flashpaper.demo

/** How the Tor network is entered. */
enum class Entrance {
    /** By its public relays. */
    DIRECT,
    /** By bridges, which the user has got from somebody. */
    BRIDGES,
}

/** The first screen. Nothing touches a network before its button. */
data class StartState(
    val entrances: List<Option<Entrance>>,
    /** What the chosen entrance means. */
    val explanation: Text,
    /** The lines of bridges; null where none are needed. */
    val bridges: Field?,
    /** The one button: makes the first burner, or connects. */
    val button: Text,
    val canStart: Boolean,
    /** Tor or the store is being started. */
    val isBusy: Boolean,
    /** There are burners to look at without a network. */
    val canLook: Boolean,
    val canRestore: Boolean,
    val problem: Problem?,
)

interface StartActions {
    fun choose(entrance: Entrance)

    fun writeBridges(lines: String)

    /** The one button. */
    fun start()

    /** Shows the burners without connecting. */
    fun showBurners()

    fun restore()
}

/** A burner that is being made. */
data class CreatingState(
    /** What goes on, in one line. */
    val title: Text,
    /** 0 to 1; null where nobody can tell. */
    val fraction: Float?,
    /** What is done, and what goes on, in order. */
    val steps: List<Sign>,
    /** What the server says to its new user, word by word. */
    val serverSays: Verbatim?,
    /** What the server asks; the creation waits for an answer. */
    val question: QuestionState?,
    /** The server makes accounts on a web page only: its address, to be copied, and why it is not opened. */
    val page: PageState?,
    val problem: Problem?,
    val canRetry: Boolean,
)

data class PageState(val address: Verbatim, val warning: Text)

/** A server's question. All its words are the server's. */
data class QuestionState(
    val server: Text,
    val title: Verbatim?,
    val instructions: Verbatim?,
    val fields: List<QuestionField>,
    val fault: Text?,
    val canSend: Boolean,
    val canAskAnew: Boolean,
)

/** How one thing is answered. */
enum class FieldMode { LINE, SECRET, LINES, YES_NO, ONE, SOME }

data class QuestionField(
    /** Names it in the actions. */
    val place: Int,
    val label: Verbatim,
    val mode: FieldMode,
    val required: Boolean,
    val isChallenge: Boolean,
    /** For the modes that are written. */
    val text: Verbatim,
    /** For [FieldMode.YES_NO]. */
    val yes: Boolean,
    /** For [FieldMode.ONE] and [FieldMode.SOME]. */
    val options: List<QuestionOption>,
    val picture: QuestionPicture?,
    val fault: Text?,
)

data class QuestionOption(val place: Int, val label: Verbatim, val chosen: Boolean)

/** A PNG or JPEG file. Printing one does not show it. */
class QuestionPicture(val bytes: ByteArray, val width: Int, val height: Int) {
    override fun equals(other: Any?): Boolean = other is QuestionPicture && bytes.contentEquals(other.bytes)

    override fun hashCode(): Int = bytes.contentHashCode()

    override fun toString(): String = "QuestionPicture(..)"
}

interface CreatingActions {
    /** Ends the creation; what the server may have made is removed. */
    fun cancel()

    fun retry()

    fun write(place: Int, text: String)

    fun setYes(place: Int, yes: Boolean)

    /** Chooses an option, or with [FieldMode.SOME] takes it back. */
    fun choose(place: Int, option: Int)

    fun send()

    /** Has the server ask anew, with another picture. */
    fun askAnew()

    /** Does not answer: another server is tried. */
    fun decline()
}

// What all screens are made of. Each value says how something is to look; a view has a picture or a colour for each, and decides
// nothing.

package org.flashpaper.demo

import org.flashpaper.BurnerId

/** A small picture beside a word, never in its place. */
enum class Mark {
    /** An open lock. */
    OPEN,
    /** A clock: something waits. */
    WAITING,
    /** A closed lock. */
    LOCK,
    /** A closed lock with a person: only the other side has verified. */
    LOCK_HALF,
    /** A shield with a tick. */
    SHIELD,
    /** A key with an exclamation mark. */
    KEY_CHANGED,
    /** A closed lock that is struck through. */
    ENDED,
    /** A circle that is struck through. */
    BLOCKED,
    /** A person with a question mark. */
    STRANGER,
    /** A hand that stops: a server holds messages back. */
    HELD,
    /** A flame. */
    FIRE,
    /** A tick. */
    TICK,
    /** A tick in a circle: a server has it. */
    AT_SERVER,
    /** Two ticks. */
    TICKS,
    /** An exclamation mark in a circle. */
    FAILED,
    /** A cloud that is struck through: not connected. */
    OFFLINE,
    /** Two arrows in a circle: it is connecting. */
    CONNECTING,
    /** A dot in a circle: connected. */
    ONLINE,
    /** An onion: Tor. */
    TOR,
    /** A letter i in a circle. */
    INFO,
    /** A triangle with an exclamation mark. */
    WARNING,
    /** A clock with a wrong hand. */
    CLOCK,
    /** A server. */
    SERVER,
    /** An hour glass. */
    EXPIRY,
}

/** How serious something is. A view has one colour for each, in light and in dark. */
enum class Tone {
    /** Grey: nothing to know. */
    QUIET,
    /** Blue: goes on, or is good in part. */
    CALM,
    /** Green: as it should be. */
    GOOD,
    /** Amber: look at it. */
    CAUTION,
    /** Red: dangerous, or failed. */
    DANGER,
}

/** Word, icon and colour together: none of the three stands alone. */
data class Sign(val mark: Mark, val text: Text, val tone: Tone)

/** Something that does not work, and what to do about it. */
data class Problem(
    val sign: Sign,
    val advice: Text,
    /** To try again may help. */
    val canRetry: Boolean,
)

/** What is told once, until it is dismissed or replaced. */
data class Note(val text: Text, val tone: Tone)

/** A button: [act] is handed back when it is touched. */
data class Button<A>(val act: A, val text: Text, val tone: Tone = Tone.CALM)

/** One of several things to choose from. */
data class Option<A>(val value: A, val text: Text, val chosen: Boolean)

/** Asks once more before something that cannot be taken back. */
data class Confirmation(val title: Text, val text: Text, val yes: Text, val no: Text, val tone: Tone)

/** A field that a person writes in. Printing one does not show it. */
data class Field(val text: Verbatim = Verbatim(""), val fault: Text? = null, val enabled: Boolean = true)

/** Who speaks. It is on each screen that belongs to a burner. */
data class BurnerBadge(
    val burner: BurnerId,
    /** The user's name for it, or else its address. */
    val label: Verbatim,
    val color: BurnerColor,
    /** The picture is drawn from its bits. */
    val seed: Long,
)

/** A burner's colour. Each has a light and a dark shade; none is a colour of a [Tone]. */
enum class BurnerColor { TEAL, INDIGO, VIOLET, PINK, BROWN, OLIVE, SLATE, PLUM }

package org.flashpaper.demo

import java.time.Instant

/** What can be put into a [Text]. */
sealed interface Arg

/**
 * Words of the app in the language of its user: [key] names them in the app's strings, and [args] take the places `%1$s`, `%2$s`
 * and so on. Printing one shows nothing of them.
 */
data class Text(val key: TextKey, val args: List<Arg>) : Arg {
    constructor(key: TextKey, vararg args: Arg) : this(key, args.toList())

    init {
        require(args.size == key.places) { "$key has ${key.places} places" }
    }
}

/**
 * Shown as it is, in every language: an address, a name, what somebody has written. In a sentence it keeps its own direction.
 * Printing one does not show it.
 */
@JvmInline
value class Verbatim(val text: String) : Arg {
    override fun toString(): String = "Verbatim(..)"
}

/** A number, in the user's digits. */
@JvmInline
value class Number(val value: Int) : Arg

/** A time, in the user's way to write it; [withDay]: not of today, so its day is needed, too. */
data class Moment(val at: Instant, val withDay: Boolean) : Arg

package org.flashpaper

/** A burner's name within this installation. It says nothing about the account. */
@JvmInline
public value class BurnerId(public val value: String)

/** The address of an account or a server, as XMPP writes it. Any text will do; a call that needs another throws [Input.Address]. */
@JvmInline
public value class Jid(public val value: String) {
    override fun toString(): String = "Jid(..)"
}

/** A message's name within its burner. It rises in the order in which messages came or were written. */
@JvmInline
public value class MessageId(public val value: Long) : Comparable<MessageId> {
    override fun compareTo(other: MessageId): Int = value.compareTo(other.value)
}

/**
 * The fingerprint of an OTR key. Printing one does not show it.
 *
 * @property digits 40 hexadecimal digits in capitals, in five groups of eight, as people compare them.
 */
@JvmInline
public value class Fingerprint private constructor(public val digits: String) {
    override fun toString(): String = "Fingerprint(..)"

    public companion object {
        /** Reads 40 hexadecimal digits, of either case, with blanks anywhere; null if [text] is something else. */
        public fun parse(text: String): Fingerprint? {
            val digits = text.filterNot(Char::isWhitespace)
            if (digits.length != 40 || !digits.all { it in '0'..'9' || it in 'A'..'F' || it in 'a'..'f' }) return null
            return Fingerprint(digits.uppercase().chunked(8).joinToString(" "))
        }
    }
}

package org.flashpaper

/** Which input is invalid. */
public sealed interface Input {
    /** Not the name of a public server. */
    public data object Server : Input

    /** An onion route to a server without a known onion address. */
    public data object Onion : Input

    /** Not the file of a private network. */
    public data object Network : Input

    /** An empty passphrase. */
    public data object Passphrase : Input

    /** A passphrase that is the duress passphrase, too, or the other way round: another one will do. */
    public data object SamePassphrase : Input

    /** A duress passphrase, where no passphrase opens the folder: that has to be set first. */
    public data object NoPassphrase : Input

    /** Not an address (a bare JID). */
    public data object Address : Input

    /** A text that cannot be sent, or a secret that is blank. */
    public data class Text(public val fault: TextFault) : Input

    /** Not a fingerprint, or not a file of them. */
    public data object Fingerprints : Input

    /** An update of the server directory that is not taken. */
    public data class Directory(public val fault: DirectoryFault) : Input

    /** Not a bridge line; the first line is 1. Where there is none at all, the first lacks its address. */
    public data class Bridge(public val line: Int, public val part: BridgePart) : Input

    /** A transport with a malformed name, or with an address that is not this device's own. */
    public data object Transport : Input

    /** A DNS server's address that is not of the public network. */
    public data object Resolver : Input

    /** Not a link of an invitation to a server, or one to another server. */
    public data object Invitation : Input

    /** Recovery words that are none. */
    public data class Words(public val fault: WordsError) : Input

    /** Recovery words, with an invitation that reserves a name: they would lead to another account. */
    public data object ReservedName : Input

    /** A time of expiry that is past. */
    public data object Expiry : Input

    /** A time of no length, after which the library is to lock itself. */
    public data object AutoLock : Input

    /** Not a ticket of a panic, or a damaged one, or one of a later version. */
    public data object Ticket : Input

    /** A timer of a conversation of less than a second, or of more than 366 days. */
    public data object Timer : Input

    /** A negative duration. Only this face of the library has this case: nothing was called. */
    public data object TimeSpan : Input

    /** Answers that do not fit a question. */
    public data class Answer(public val fault: AnswerFault) : Input
}

/** Why a text cannot be sent. */
public sealed interface TextFault {
    /** There is nothing in it; in a secret: nothing that a user could see. */
    public data object Empty : TextFault

    /** It is too long, in bytes of UTF-8. */
    public data class TooLong(public val bytes: Long, public val limit: Long) : TextFault

    /**
     * It has a character that XML cannot carry (XML 1.0 section 2.2): its number in Unicode, and where it stands in characters;
     * the first is 1.
     */
    public data class Character(public val code: Int, public val at: Long) : TextFault
}

/** What of a bridge line is wrong or missing. */
public enum class BridgePart {
    /** Where the bridge is. */
    ADDRESS,
    /** By which keys the bridge is known: it needs that of its RSA key, and no key twice. */
    FINGERPRINT,
    /** The name of the transport: malformed, or no transport of that name runs. */
    TRANSPORT,
    /** An argument of the transport, as `key=value`. */
    ARGUMENT,
}

/** Why answers do not fit a question. The places of fields begin with 0. */
public sealed interface AnswerFault {
    /** A field that is required has no answer. */
    public data class Missing(public val field: Int) : AnswerFault

    /** An answer is of another kind than its field, too long, or of something that is not there. */
    public data class Unfit(public val field: Int) : AnswerFault

    /** Fewer of the challenges are answered than have to be. */
    public data object TooFew : AnswerFault
}

/** Why an update of the server directory is not taken. Nothing has changed. */
public sealed interface DirectoryFault {
    /** It is larger than 256 KiB, or has more than 1000 servers. */
    public data object TooLarge : DirectoryFault

    /** It is none, or not signed by those who make this library, or was changed since. */
    public data object Signature : DirectoryFault

    /** It is older than the last one that was taken. */
    public data object TooOld : DirectoryFault

    /** A line is wrong; the first is 1. */
    public data class Malformed(public val line: Long, public val fault: RowFault) : DirectoryFault
}

/** What is wrong with a line of the server directory. */
public enum class RowFault {
    /** The columns' names are other ones. */
    HEADER,
    /** It is no row of as many columns as have names. */
    COLUMNS,
    /** Not the domain of a public server. */
    DOMAIN,
    /** Not an onion address of version 3. */
    ONION,
    /** Not two ports. */
    PORTS,
    /** None of the kinds of registration. */
    REGISTRATION,
    /** None of the words for a server's stance on Tor. */
    TOR,
    /** A note or source is too long, or has characters that steer, or there is no source. */
    TEXT,
    /** Not a day, or one after that of the update. */
    SEEN,
    /** Another line has the same domain. */
    TWICE,
}

/** What is wrong with typed recovery words. */
public sealed interface WordsError {
    /** Not twelve, but so many. */
    public data class Count(public val words: Int) : WordsError

    /** A word is not in the list: which, counted from 1, and the word of the list that is most like it. */
    public data class Unknown(public val at: Int, public val nearest: MeantWord) : WordsError

    /** All are in the list, but not together: one is mistyped, or two are swapped. */
    public data object Checksum : WordsError
}

/** A word of the list of recovery words, nearly always one of the user's own. Printing it does not show it. */
public data class MeantWord(
    /** The word, to show to the user who types. */
    public val word: String,
) {
    override fun toString(): String = "MeantWord(..)"
}

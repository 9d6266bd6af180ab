package org.flashpaper

import java.time.Instant

/** An event with its number. */
public data class Numbered(
    /** It rises by one from event to event. [Flashpaper.events] goes on behind it. */
    public val number: Long,
    /** What happened. */
    public val event: Event,
)

/** One event. Printing one shows no address and nobody's words. */
public sealed interface Event {
    /** Not the public Tor network: nothing here is private. Reported once, when Tor is started. */
    public data object PrivateNetwork : Event

    /** From here on there is network traffic. */
    public data object TorStarting : Event

    /** Tor's status: 0 to 1, its step, whether streams can be opened, and the error that a call would give. */
    public data class Tor(public val fraction: Float, public val stage: Stage, public val ready: Boolean, public val blocked: FlashpaperException?) : Event

    /** A creation has done a step. */
    public data class Creating(public val burner: BurnerId, public val step: Step) : Event

    /** A server asks something of the user before it makes an account: see [Creation.progress]. */
    public data class Question(public val burner: BurnerId, public val question: org.flashpaper.Question.Id) : Event

    /** A question is not open any more. */
    public data class QuestionEnded(public val burner: BurnerId, public val question: org.flashpaper.Question.Id, public val end: QuestionEnd) : Event

    /** A burn has done a step. */
    public data class Burning(public val burner: BurnerId, public val step: Step) : Event

    /** A restore of a burner has done a step. */
    public data class Restoring(public val burner: BurnerId, public val step: Step) : Event

    /** Something that an earlier run, an attempt that failed or an expiry left behind was looked at. */
    public data class Settled(public val burner: BurnerId, public val outcome: Settlement) : Event

    /**
     * A burner expires soon: an hour before, or when a tenth of its time is left where that is less. Reported once, also where
     * nobody listens: [BurnerState.expiresAt] has the time as well.
     */
    public data class Expiring(public val burner: BurnerId, public val at: Instant) : Event

    /**
     * A burner has expired: it can be used no more, and is burnt as soon as there is a network. [Settled] tells how that ended.
     */
    public data class Expired(public val burner: BurnerId) : Event

    /** A burner's connection to its server has changed. */
    public data class Connection(public val burner: BurnerId, public val connection: org.flashpaper.Connection) : Event

    /**
     * A burner that is to be connected takes another route: its server's onion service does not answer, and no route was chosen
     * for it.
     */
    public data class OtherRoute(public val burner: BurnerId, public val via: Route) : Event

    /** A message came, or is in another state: [Chat.message] has it, unless it is done and nobody wanted it kept. */
    public data class Message(public val burner: BurnerId, public val message: MessageId, public val state: MessageState) : Event

    /** A conversation has changed: how private it is, its keys, who the peer is to the burner, whether it is there. */
    public data class Conversation(public val burner: BurnerId, public val peer: Jid) : Event

    /** News of a comparison of secrets. */
    public data class Comparison(public val burner: BurnerId, public val peer: Jid, public val comparison: org.flashpaper.Comparison) : Event

    /** Something that a user in a conversation should know of. */
    public data class Notice(public val burner: BurnerId, public val peer: Jid, public val notice: org.flashpaper.Notice) : Event

    /**
     * The library is locked, by [Flashpaper.lock] or by itself ([Flashpaper.setAutoLock]): nothing can be done or seen until it
     * is opened with the key. What was reported before and is not read yet is lost.
     */
    public data object Locked : Event

    /**
     * So many events were lost because this reader was too slow. Its number is that of the last one: the reader goes on behind
     * it, and [Flashpaper.state] has the present.
     */
    public data class Lagged(public val lost: Long) : Event
}

/** A step of a creation, restore or burn that is done. Printing one shows no address and nobody's words. */
public sealed interface Step {
    /** The identity is drawn and sealed; the server does not know of it yet. */
    public data class Sealed(public val server: Jid, public val via: Route) : Step

    /** The server's onion service does not answer, and no route was chosen: another is taken. */
    public data class OtherRoute(public val via: Route) : Step

    /**
     * The server has refused, or cannot be used: the identity is given up, and the creation goes on with another one, there or
     * elsewhere.
     */
    public data class MovingOn(public val from: Jid, public val why: FlashpaperException) : Step

    /** The server wants a proof of work (XEP-0158): how far the search is, of the effort that is expected. It can need more. */
    public data class Working(public val percent: Int) : Step

    /** The server says something to the new account, also to one that a crash has left. */
    public data class ServerSays(public val words: ServerWords) : Step

    /**
     * A stream through Tor is open, or, by an exit, on its way: that nothing listens there shows in the next step. The
     * circuit's name in this process is for comparing only.
     */
    public data class Connected(public val circuit: String?) : Step

    /** TLS is up and the certificate is the domain's. */
    public data object Secured : Step

    /** The server has made the account. */
    public data object Registered : Step

    /** SASL succeeded and a resource is bound. */
    public data object LoggedIn : Step

    /** A ping to the own address came back (XEP-0199): the account can be reached. */
    public data object Reachable : Step

    /** The server has confirmed the removal. */
    public data object Removed : Step

    /** The server removes no accounts: it has taken a password that nobody keeps. */
    public data object Disabled : Step

    /** The server has refused the same credentials on a new stream. */
    public data object ProvenGone : Step
}

/** A text of a server's, cleaned of characters that could steer a screen. Printing one does not show it. */
public data class ServerWords(
    /** The text, in lines. */
    public val text: String,
) {
    override fun toString(): String = "ServerWords(..)"
}

/** What became of an account that an earlier run left behind, or that has expired. */
public enum class Settlement {
    /** It exists and is a burner now. */
    KEPT,
    /** It was removed at the server. */
    REMOVED,
    /** Its server removes no accounts: nobody has its password any more. */
    DISABLED,
    /** The server does not know it. */
    ABSENT,
    /** Nothing could be learnt; it is looked at again. */
    UNKNOWN,
    /** Its removal has waited for its server for 30 days, and is given up: the account may be there for good. */
    DROPPED,
}

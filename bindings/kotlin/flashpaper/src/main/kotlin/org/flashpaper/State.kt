package org.flashpaper

import java.time.Instant
import kotlin.time.Duration

/** Everything that a screen shows, at one moment. Printing it shows nobody's address or name. */
public data class State(
    /** The number of the last event that is surely in it: [Flashpaper.events] goes on from there. */
    public val number: Long,
    /** Whether the library works, sleeps, is locked or closed. */
    public val life: Life,
    /** Which Tor network it is for. */
    public val network: NetworkKind,
    /** How far Tor is. */
    public val tor: Tor,
    /** All burners, in the order of their creation. None while the library is locked. */
    public val burners: List<BurnerState>,
    /** What is wrong with the sealed store. A user should be told of all that is not as by default. */
    public val vault: VaultReport,
)

/** Whether the library works. */
public enum class Life {
    /** It works. */
    AWAKE,
    /** It has let go of the network and the folder: [Flashpaper.resume]. */
    SUSPENDED,
    /** No key is in memory: it is to be opened again. */
    LOCKED,
    /** It was closed, or a panic has ended it. */
    CLOSED,
}

/** Which Tor network is used. */
public enum class NetworkKind {
    /** The Tor network. */
    PUBLIC,
    /** A network of a lab, for tests: **nothing here is private**. A screen should say so all the time. */
    PRIVATE,
}

/** How far Tor is. */
public sealed interface Tor {
    /** It was not started, or has ended. */
    public data object Off : Tor

    /** So far of the way, 0 to 1, at this step. It may fall back. */
    public data class Connecting(public val fraction: Float, public val stage: Stage) : Tor

    /** Streams can be opened. */
    public data object Ready : Tor

    /** The error that a call would give. It goes on trying by itself. */
    public data class Blocked(public val why: FlashpaperException) : Tor
}

/** The steps of Tor's start, in order. */
public enum class Stage {
    /** Looking for a relay that answers. */
    CONNECTING,
    /** Fetching the consensus and the relays' descriptors. */
    DIRECTORY,
    /** Streams can be opened. */
    READY,
    /** Ended; only a new start helps. */
    STOPPED,
}

/** A burner account and how it is. Printing one shows nobody's address or name. */
public data class BurnerState(
    /** Its name within this installation. */
    public val id: BurnerId,
    /** Its bare JID. */
    public val jid: Jid,
    /** How its server is reached. */
    public val via: Route,
    /** How far it is. */
    public val phase: Phase,
    /** When it was made, by the device's clock. */
    public val created: Instant,
    /** The user's name for it. */
    public val label: String?,
    /** How it is connected. */
    public val connection: Connection,
    /** Which of its messages that are done are kept. */
    public val history: History,
    /** When it is burnt by itself. */
    public val expiresAt: Instant?,
    /** Conversations with strangers, who wait for an answer ([Chat.accept]), in the order in which they began. */
    public val requests: List<ChatState>,
    /** All other conversations, in the order in which they began. */
    public val chats: List<ChatState>,
    /** Why its conversations cannot be read: there are none here then. The burner can be burnt. */
    public val unreadable: FlashpaperException?,
) {
    /** The conversation with this peer, a stranger's or another. */
    public fun chat(peer: Jid): ChatState? = (chats + requests).firstOrNull { it.peer == peer }

    override fun toString(): String =
        "BurnerState(${id.value}, $phase, $connection, chats: ${chats.size}, requests: ${requests.size}, ..)"
}

/** How far a burner is. */
public enum class Phase {
    /** Its creation was not finished; the next start settles it. */
    PENDING,
    /** It can be used. */
    ACTIVE,
    /** Its removal was not finished; the next start goes on. */
    BURNING,
}

/** How a server is reached. */
public enum class Route {
    /** By its onion address: no exit, and no name to resolve. */
    ONION,
    /** By its domain, through an exit relay. */
    EXIT,
}

/** How a burner is connected to its server. */
public sealed interface Connection {
    /** Not, and it does not try: nobody asked for it, or the library is suspended. */
    public data object Offline : Connection

    /** Not yet. */
    public data object Connecting : Connection

    /** It is: messages come and go. */
    public data object Online : Connection

    /**
     * It is, but its server lets it talk to nobody: what went to two other servers was forbidden, and nobody has ever answered.
     * A burner at another server is the way on.
     */
    public data object Quarantined : Connection

    /** Not now; it tries again by itself. */
    public data class Waiting(public val why: FlashpaperException) : Connection

    /** Not, and to try again would not help. */
    public data class Ended(public val why: FlashpaperException) : Connection
}

/** How soon a dead connection has to be noticed: that is how often the phone wakes up for it. */
public enum class Profile {
    /** A user looks at the app: after a minute of silence the server is asked, and has half a minute. */
    FOREGROUND,
    /** Nobody looks: after five minutes the server is asked, and has a minute. */
    BACKGROUND,
}

/** How far apart the connections of several burners are kept. */
public sealed interface Spread {
    /**
     * Coming back by itself (after a sleep, a cut or another network) happens to each burner at a random moment within this
     * time, at most ten minutes. Zero: at once, for all of them, which links them.
     */
    public data class Within(public val time: Duration) : Spread

    /** Never two at one time. One that is asked for while another is connected has that end first. */
    public data object OneAtATime : Spread
}

/** What was wrong with the sealed store when it was opened, and with all that was read since: nothing, by default. */
public data class VaultReport(
    /**
     * Records that can never be read again: changed, or moved, by a failing device or by somebody. Where one is an account's
     * own, the rest of that account goes with the next burn. Of history, which is read when it is asked for, it says that some
     * are lost, not how many.
     */
    public val lost: Int = 0,
    /**
     * Records were removed or replaced by older ones, or the last ones written are not there. Only somebody with access to the
     * folder can do that, or a device that fails. The rest may be out of date. Private conversations may begin anew.
     */
    public val incomplete: Boolean = false,
    /**
     * The key of the store could not be changed at the opening, as each one does, or an old one not be deleted: older records
     * may be readable. It is tried again at the next opening.
     */
    public val oldKeyKept: Boolean = false,
)

/** The result of [Flashpaper.sync]. */
public data class SyncReport(
    /** Messages of all burners that came, now or before, and were not read. */
    public val unread: Int,
    /** Messages of all burners that their servers do not have yet. */
    public val outbox: Int,
    /** Every burner was connected, and nothing is left to come or go but what waits for a peer. */
    public val complete: Boolean,
)

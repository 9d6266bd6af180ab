// What comes from the library, and goes to it. Each `when` names every case, so that a new one does not compile before it has its place.

package org.flashpaper.internal

import java.time.Instant
import kotlin.time.Duration
import kotlin.time.toJavaDuration
import kotlin.time.toKotlinDuration
import org.flashpaper.BurnOutcome
import org.flashpaper.BurnReport
import org.flashpaper.Burned
import org.flashpaper.BurnerId
import org.flashpaper.BurnerState
import org.flashpaper.ChatState
import org.flashpaper.Comparison
import org.flashpaper.Config
import org.flashpaper.Connection
import org.flashpaper.Entry
import org.flashpaper.FailReason
import org.flashpaper.Fingerprint
import org.flashpaper.History
import org.flashpaper.Imported
import org.flashpaper.Jid
import org.flashpaper.Key
import org.flashpaper.KeySlot
import org.flashpaper.Life
import org.flashpaper.Message
import org.flashpaper.MessageId
import org.flashpaper.MessageState
import org.flashpaper.NetworkKind
import org.flashpaper.Notice
import org.flashpaper.PanicReport
import org.flashpaper.PeerKey
import org.flashpaper.PendingRemoval
import org.flashpaper.Phase
import org.flashpaper.Profile
import org.flashpaper.Relationship
import org.flashpaper.Route
import org.flashpaper.Security
import org.flashpaper.Spread
import org.flashpaper.Stage
import org.flashpaper.State
import org.flashpaper.SyncReport
import org.flashpaper.TicketedPanic
import org.flashpaper.Tor
import org.flashpaper.VaultReport
import org.flashpaper.internal.ffi.BurnOutcome as FfiBurnOutcome
import org.flashpaper.internal.ffi.BurnReport as FfiBurnReport
import org.flashpaper.internal.ffi.Burned as FfiBurned
import org.flashpaper.internal.ffi.BurnerState as FfiBurnerState
import org.flashpaper.internal.ffi.BurnerStatus as FfiBurnerStatus
import org.flashpaper.internal.ffi.Burner as FfiBurner
import org.flashpaper.internal.ffi.Comparison as FfiComparison
import org.flashpaper.internal.ffi.Config as FfiConfig
import org.flashpaper.internal.ffi.Connection as FfiConnection
import org.flashpaper.internal.ffi.Conversation as FfiConversation
import org.flashpaper.internal.ffi.FailReason as FfiFailReason
import org.flashpaper.internal.ffi.History as FfiHistory
import org.flashpaper.internal.ffi.Imported as FfiImported
import org.flashpaper.internal.ffi.KeySlot as FfiKeySlot
import org.flashpaper.internal.ffi.Key as FfiKey
import org.flashpaper.internal.ffi.Life as FfiLife
import org.flashpaper.internal.ffi.MessageState as FfiMessageState
import org.flashpaper.internal.ffi.Message as FfiMessage
import org.flashpaper.internal.ffi.NetworkKind as FfiNetworkKind
import org.flashpaper.internal.ffi.Notice as FfiNotice
import org.flashpaper.internal.ffi.PanicReport as FfiPanicReport
import org.flashpaper.internal.ffi.PeerKey as FfiPeerKey
import org.flashpaper.internal.ffi.PendingRemoval as FfiPendingRemoval
import org.flashpaper.internal.ffi.Profile as FfiProfile
import org.flashpaper.internal.ffi.Relationship as FfiRelationship
import org.flashpaper.internal.ffi.Route as FfiRoute
import org.flashpaper.internal.ffi.Security as FfiSecurity
import org.flashpaper.internal.ffi.Snapshot as FfiSnapshot
import org.flashpaper.internal.ffi.Spread as FfiSpread
import org.flashpaper.internal.ffi.SyncReport as FfiSyncReport
import org.flashpaper.internal.ffi.TicketedPanic as FfiTicketedPanic
import org.flashpaper.internal.ffi.TorAccess as FfiTorAccess
import org.flashpaper.internal.ffi.TorStage as FfiTorStage
import org.flashpaper.internal.ffi.TorStatus as FfiTorStatus
import org.flashpaper.internal.ffi.Transport as FfiTransport
import org.flashpaper.internal.ffi.VaultReport as FfiVaultReport

internal fun FfiSnapshot.face(): State =
    State(
        number = sequence.toLong(),
        life = life.face(),
        network = network.face(),
        tor = tor?.face() ?: Tor.Off,
        burners = burners.map { it.face() },
        vault = vault.face(),
    )

internal fun FfiLife.face(): Life =
    when (this) {
        FfiLife.AWAKE -> Life.AWAKE
        FfiLife.SUSPENDED -> Life.SUSPENDED
        FfiLife.LOCKED -> Life.LOCKED
        FfiLife.CLOSED -> Life.CLOSED
    }

internal fun FfiNetworkKind.face(): NetworkKind =
    when (this) {
        FfiNetworkKind.PUBLIC -> NetworkKind.PUBLIC
        FfiNetworkKind.PRIVATE -> NetworkKind.PRIVATE
    }

internal fun FfiTorStatus.face(): Tor {
    if (ready) return Tor.Ready
    blocked?.let { return Tor.Blocked(it.face()) }
    return if (stage == FfiTorStage.STOPPED) Tor.Off else Tor.Connecting(fraction, stage.face())
}

internal fun FfiTorStage.face(): Stage =
    when (this) {
        FfiTorStage.CONNECTING -> Stage.CONNECTING
        FfiTorStage.DIRECTORY -> Stage.DIRECTORY
        FfiTorStage.READY -> Stage.READY
        FfiTorStage.STOPPED -> Stage.STOPPED
    }

internal fun FfiVaultReport.face(): VaultReport = VaultReport(lost.toInt(), incomplete, oldKeyKept)

internal fun FfiBurnerStatus.face(): BurnerState {
    val (requests, chats) = conversations.map { it.face() }.partition { it.relationship == Relationship.STRANGER }
    return burner.face().copy(
        label = label,
        connection = connection.face(),
        history = history.face(),
        expiresAt = expiresAt,
        requests = requests,
        chats = chats,
        unreadable = unreadable?.face(),
    )
}

/** One that the state does not have, any more or yet. */
internal fun FfiBurner.face(): BurnerState =
    BurnerState(
        id = BurnerId(id),
        jid = Jid(jid),
        via = via.face(),
        phase = state.face(),
        created = created,
        label = null,
        connection = Connection.Offline,
        history = History.None,
        expiresAt = null,
        requests = emptyList(),
        chats = emptyList(),
        unreadable = null,
    )

internal fun FfiBurnerState.face(): Phase =
    when (this) {
        FfiBurnerState.PENDING -> Phase.PENDING
        FfiBurnerState.ACTIVE -> Phase.ACTIVE
        FfiBurnerState.BURNING -> Phase.BURNING
    }

internal fun FfiRoute.face(): Route =
    when (this) {
        FfiRoute.ONION -> Route.ONION
        FfiRoute.EXIT -> Route.EXIT
    }

internal fun Route.ffi(): FfiRoute =
    when (this) {
        Route.ONION -> FfiRoute.ONION
        Route.EXIT -> FfiRoute.EXIT
    }

internal fun FfiConnection.face(): Connection =
    when (this) {
        FfiConnection.Offline -> Connection.Offline
        FfiConnection.Connecting -> Connection.Connecting
        FfiConnection.Online -> Connection.Online
        FfiConnection.Quarantined -> Connection.Quarantined
        is FfiConnection.Waiting -> Connection.Waiting(why.face())
        is FfiConnection.Ended -> Connection.Ended(why.face())
    }

internal fun FfiHistory.face(): History =
    when (this) {
        FfiHistory.None -> History.None
        FfiHistory.UntilBurn -> History.UntilBurn
        is FfiHistory.Expire -> History.Expire(after.toKotlinDuration())
    }

internal fun History.ffi(): FfiHistory =
    when (this) {
        History.None -> FfiHistory.None
        History.UntilBurn -> FfiHistory.UntilBurn
        is History.Expire -> FfiHistory.Expire(after.ffi())
    }

internal fun Profile.ffi(): FfiProfile =
    when (this) {
        Profile.FOREGROUND -> FfiProfile.FOREGROUND
        Profile.BACKGROUND -> FfiProfile.BACKGROUND
    }

internal fun Spread.ffi(): FfiSpread =
    when (this) {
        is Spread.Within -> FfiSpread.Within(time.ffi())
        Spread.OneAtATime -> FfiSpread.OneAtATime
    }

internal fun FfiSyncReport.face(): SyncReport = SyncReport(unread.toInt(), outbox.toInt(), complete)

internal fun FfiConversation.face(): ChatState =
    ChatState(
        peer = Jid(peer),
        label = label,
        relationship = relationship.face(),
        security = security.face(),
        version = version?.toInt(),
        key = key?.let(Fingerprint::parse),
        keys = keys.mapNotNull { it.face() },
        expected = expected?.let(Fingerprint::parse),
        present = present,
        question = question?.face(),
        timer = timer?.toKotlinDuration(),
        timerIsShared = timerIsShared,
        unread = unread.toInt(),
        outbox = outbox.toInt(),
    )

internal fun FfiRelationship.face(): Relationship =
    when (this) {
        FfiRelationship.STRANGER -> Relationship.STRANGER
        FfiRelationship.CONTACT -> Relationship.CONTACT
        FfiRelationship.BLOCKED -> Relationship.BLOCKED
    }

internal fun FfiSecurity.face(): Security =
    when (this) {
        FfiSecurity.PLAINTEXT -> Security.PLAINTEXT
        FfiSecurity.PRIVATE -> Security.PRIVATE
        FfiSecurity.VERIFIED -> Security.VERIFIED
        FfiSecurity.FINISHED -> Security.FINISHED
        FfiSecurity.KEY_CHANGED -> Security.KEY_CHANGED
    }

internal fun FfiPeerKey.face(): PeerKey? =
    Fingerprint.parse(fingerprint)?.let { PeerKey(it, verified, verifiedUs, accepted) }

internal fun FfiComparison.face(): Comparison =
    when (this) {
        is FfiComparison.Asked -> Comparison.Asked(question)
        FfiComparison.Verified -> Comparison.Verified
        FfiComparison.VerifiedUs -> Comparison.VerifiedUs
        FfiComparison.Different -> Comparison.Different
        FfiComparison.Aborted -> Comparison.Aborted
    }

internal fun FfiNotice.face(): Notice =
    when (this) {
        FfiNotice.Unreadable -> Notice.Unreadable
        is FfiNotice.PeerError -> Notice.PeerError(text)
        FfiNotice.OtherVersion -> Notice.OtherVersion
        FfiNotice.Mirror -> Notice.Mirror
        FfiNotice.Malformed -> Notice.Malformed
        FfiNotice.OtherKey -> Notice.OtherKey
        FfiNotice.InboxFull -> Notice.InboxFull
        FfiNotice.TimerChanged -> Notice.TimerChanged
        FfiNotice.StrangerForgotten -> Notice.StrangerForgotten
    }

internal fun FfiMessage.face(): Message =
    Message(MessageId(id.toLong()), Jid(peer), text, at, state.face(), security.face(), maybeTwice)

internal fun FfiMessageState.face(): MessageState =
    when (this) {
        FfiMessageState.Received -> MessageState.Received
        FfiMessageState.Taken -> MessageState.Taken
        FfiMessageState.Queued -> MessageState.Queued
        FfiMessageState.WaitingForPeer -> MessageState.WaitingForPeer
        FfiMessageState.Sent -> MessageState.Sent
        FfiMessageState.Acked -> MessageState.Acked
        FfiMessageState.Reported -> MessageState.Reported
        FfiMessageState.Delivered -> MessageState.Delivered
        is FfiMessageState.Failed -> MessageState.Failed(reason.face())
    }

internal fun FfiFailReason.face(): FailReason =
    when (this) {
        FfiFailReason.REFUSED -> FailReason.REFUSED
        FfiFailReason.UNREACHABLE -> FailReason.UNREACHABLE
        FfiFailReason.ADDRESS_LOST -> FailReason.ADDRESS_LOST
        FfiFailReason.UNREAD -> FailReason.UNREAD
        FfiFailReason.OTHER_KEY -> FailReason.OTHER_KEY
        FfiFailReason.NO_ANSWER -> FailReason.NO_ANSWER
        FfiFailReason.TOO_LONG -> FailReason.TOO_LONG
        FfiFailReason.BLOCKED -> FailReason.BLOCKED
    }

internal fun FfiImported.face(): Imported = Imported(keys.toInt(), unreadLines.map { it.toInt() })

internal fun FfiBurnReport.face(): BurnReport = BurnReport(outcome.face(), reason?.face())

internal fun FfiBurnOutcome.face(): BurnOutcome =
    when (this) {
        FfiBurnOutcome.PROVEN -> BurnOutcome.PROVEN
        FfiBurnOutcome.DISABLED -> BurnOutcome.DISABLED
        FfiBurnOutcome.ALREADY_GONE -> BurnOutcome.ALREADY_GONE
        FfiBurnOutcome.UNPROVEN -> BurnOutcome.UNPROVEN
        FfiBurnOutcome.QUEUED -> BurnOutcome.QUEUED
    }

internal fun FfiBurned.face(): Burned = Burned(BurnerId(burner), report?.face(), failed?.face())

internal fun FfiPendingRemoval.face(): PendingRemoval = PendingRemoval(BurnerId(burner), Jid(jid), since, until, confirmed)

internal fun FfiPanicReport.face(): PanicReport = PanicReport(keyKept?.face(), filesLeft?.face())

internal fun FfiTicketedPanic.face(): TicketedPanic = TicketedPanic(report.face(), ticket)

internal fun Config.ffi(): FfiConfig = FfiConfig(folder.path, key.ffi(), resolvers, privateNetwork)

internal fun Key.ffi(): FfiKey =
    when (this) {
        Key.File -> FfiKey.File
        is Key.Passphrase -> FfiKey.Passphrase(utf8)
        is Key.Source -> FfiKey.Source(ForeignKeys(keys), passphrase)
    }

internal fun FfiKeySlot.face(): KeySlot =
    when (this) {
        FfiKeySlot.FIRST -> KeySlot.FIRST
        FfiKeySlot.SECOND -> KeySlot.SECOND
    }

internal fun Entry.ffi(): FfiTorAccess =
    when (this) {
        Entry.Direct -> FfiTorAccess.Direct
        is Entry.Bridges -> FfiTorAccess.Bridges(lines, transports.map { FfiTransport(it.name, it.address) })
    }

internal fun Duration.ffi(): java.time.Duration = checked().toJavaDuration()

/** A time that UniFFI can carry. */
internal fun Instant.ffi(): Instant = coerceIn(Instant.EPOCH, Instant.ofEpochSecond(253_402_300_799))

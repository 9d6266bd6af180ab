package org.flashpaper.demo

import kotlinx.coroutines.flow.distinctUntilChanged
import kotlinx.coroutines.flow.map
import kotlinx.coroutines.launch
import org.flashpaper.BurnerId
import org.flashpaper.BurnerState
import org.flashpaper.Event
import org.flashpaper.FlashpaperException
import org.flashpaper.PendingRemoval
import org.flashpaper.Phase
import org.flashpaper.Tor
import org.flashpaper.demo.TextKey.*

/** All burners, and the removals that wait for their servers. */
class BurnersModel internal constructor(app: AppModel) : ScreenModel<BurnersState>(Screen.Burners, app), BurnersActions {
    private var removals = emptyList<PendingRemoval>()
    private var removing: BurnerId? = null
    private var note: Note? = null

    override fun now(): BurnersState {
        val known = session.known.value
        val tor = known.tor
        val isReady = tor == Tor.Ready
        val burners = known.library?.burners.orEmpty()
        return BurnersState(
            tor = if (known.isConnecting && tor == Tor.Off) Sign(Mark.CONNECTING, Text(TOR_CONNECTING), Tone.CALM) else sign(tor),
            fraction = (tor as? Tor.Connecting)?.fraction,
            problem = known.torProblem?.let(::problem),
            canConnect = !isReady && !known.isConnecting,
            rows = burners.map(::row),
            empty = if (burners.isEmpty()) Text(BURNERS_EMPTY) else null,
            removals = removals.map(::row),
            canCreate = isReady,
            whyNot = if (isReady) null else Text(BURNERS_NOT_CONNECTED),
            recoverable = known.recoverable,
            note = note,
        )
    }

    private fun row(burner: BurnerState) = BurnerRow(
        badge = badge(burner),
        address = Verbatim(burner.jid.value),
        sign = sign(burner),
        expiry = expiry(burner, session.platform.clock),
        unread = (burner.chats + burner.requests).sumOf { it.unread },
        canOpen = burner.phase == Phase.ACTIVE,
    )

    private fun row(removal: PendingRemoval) = RemovalRow(
        burner = removal.burner,
        address = Verbatim(removal.jid.value),
        sign = Sign(Mark.WAITING, Text(BURNERS_REMOVAL, moment(removal.until, session.platform.clock)), Tone.CAUTION),
        canRetry = session.known.value.tor == Tor.Ready && removing == null,
    )

    override fun begin() {
        super.begin()
        scope.launch { session.known.map { it.library }.distinctUntilChanged().collect { readRemovals() } }
        scope.launch { session.events.collect { if (it is Event.Settled) readRemovals() } }
    }

    private suspend fun readRemovals() {
        try {
            removals = session.library?.pendingRemovals().orEmpty()
        } catch (error: FlashpaperException) {
            // What they are is asked again once anything has changed.
            app.takes(error)
        }
        look()
    }

    override fun create() {
        if (now().canCreate) app.go(Screen.Creating)
    }

    override fun setRecoverable(recoverable: Boolean) {
        session.known.value = session.known.value.copy(recoverable = recoverable)
        look()
    }

    override fun restore() = app.go(Screen.Restore)

    override fun connect() = app.go(Screen.Start)

    override fun retryTor() {
        if (now().problem != null) session.connect()
    }

    override fun open(burner: BurnerId) {
        if (now().rows.any { it.badge.burner == burner && it.canOpen }) app.go(Screen.Contacts(burner))
    }

    override fun removeNow(burner: BurnerId) {
        val row = now().removals.find { it.burner == burner && it.canRetry } ?: return
        removing = burner
        note = null
        look()
        act(failed = { note = note(it) }) {
            try {
                val report = checkNotNull(session.library).burn(burner)
                session.burnt[burner] = Burnt(badge(burner, row.address.text), report)
                readRemovals()
                app.burnt(burner)
            } catch (_: FlashpaperException.NoSuchBurner) {
                // It went by itself at this moment.
                readRemovals()
            } finally {
                removing = null
            }
        }
    }

    override fun dismiss() {
        note = null
        look()
    }
}

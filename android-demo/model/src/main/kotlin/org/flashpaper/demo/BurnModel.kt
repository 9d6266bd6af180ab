package org.flashpaper.demo

import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.Job
import kotlinx.coroutines.delay
import kotlinx.coroutines.launch
import org.flashpaper.BurnOutcome
import org.flashpaper.BurnReport
import org.flashpaper.Burner
import org.flashpaper.Event
import org.flashpaper.FlashpaperException
import org.flashpaper.Step
import org.flashpaper.Tor
import org.flashpaper.demo.TextKey.*

/** So long the button is held. */
private val HOLD = 1.5.seconds

/** So often the screen shows how far it is. */
private val TICK = 50.milliseconds

/** Burns a burner: by holding, so that no slip of a finger does it. With Tor or without. */
class BurnModel internal constructor(screen: Screen.Burn, private val burner: Burner, app: AppModel) :
    ScreenModel<BurnState>(screen, app), BurnActions {
    private var holding: Job? = null
    private var held = 0f
    private var isSure = false
    private var isBurning = false
    private var steps = emptyList<Step>()
    private var failed: FlashpaperException? = null

    override fun now(): BurnState {
        val now = burner.state.value
        val isReady = session.known.value.tor == Tor.Ready
        return BurnState(
            badge = badge(now),
            address = Verbatim(now.jid.value),
            explanation = Text(if (isReady) BURN_EXPLANATION else BURN_EXPLANATION_OFFLINE),
            held = held,
            canHold = !isBurning,
            button = Text(if (isBurning) BURN_BUSY else if (held > 0) BURN_HOLDING else BURN_HOLD),
            action = Text(if (isSure) BURN_ACCESSIBLE_AGAIN else BURN_ACCESSIBLE),
            isBurning = isBurning,
            steps = steps.map(::sign),
            // To hold the button once more is the way to try again.
            problem = failed?.let(::problem)?.copy(canRetry = false),
        )
    }

    override fun begin() {
        super.begin()
        scope.launch {
            session.events.collect {
                if (it is Event.Burning && it.burner == burner.id) steps = steps + it.step
                look()
            }
        }
    }

    override fun holdStarted() {
        if (isBurning || holding?.isActive == true) return
        failed = null
        look()
        holding = scope.launch {
            var time = 0.seconds
            while (time < HOLD) {
                delay(TICK)
                time += TICK
                held = (time / HOLD).toFloat().coerceAtMost(1f)
                look()
            }
            burn()
        }
    }

    override fun holdEnded() {
        holding?.cancel()
        if (isBurning) return
        held = 0f
        look()
    }

    /** Nobody holds what nobody sees. */
    override fun changed() {
        if (session.known.value.covered) holdEnded()
    }

    override fun burnWithoutHolding() {
        if (isBurning) return
        if (isSure) burn()
        isSure = true
        look()
    }

    /** It goes on where the screen is left: a burn that has begun is not taken back. */
    private fun burn() {
        isBurning = true
        look()
        val badge = badge(burner.state.value)
        session.scope.launch {
            try {
                session.burnt[burner.id] = Burnt(badge, burner.burn())
                // Also where the user has left: it is theirs to know, and beneath a panic.
                app.burnt(burner.id)
            } catch (error: FlashpaperException) {
                if (!app.takes(error)) failed = error
            }
            isBurning = false
            isSure = false
            held = 0f
            look()
        }
    }
}

/** How a burn went. */
class BurnReportModel internal constructor(screen: Screen.BurnReport, private var burnt: Burnt, app: AppModel) :
    ScreenModel<BurnReportState>(screen, app), BurnReportActions {
    private val burner = screen.burner
    private var isBusy = false

    override fun now(): BurnReportState {
        val (sign, explanation) = signs(burnt.report.outcome)
        val reason = burnt.report.reason?.takeUnless { it is FlashpaperException.TorNotStarted }
        return BurnReportState(
            badge = burnt.badge,
            sign = sign,
            explanation = explanation,
            reason = reason?.let { Text(REPORT_REASON, problem(it).sign.text) },
            canRetry = !burnt.report.isFinal && !isBusy && session.known.value.tor == Tor.Ready,
            isBusy = isBusy,
        )
    }

    override fun retry() {
        if (!now().canRetry) return
        isBusy = true
        look()
        act(failed = { burnt = burnt.copy(report = burnt.report.copy(reason = it)) }) {
            try {
                burnt = burnt.copy(report = checkNotNull(session.library).burn(burner))
                session.burnt[burner] = burnt
            } finally {
                isBusy = false
            }
        }
    }

    override fun close() {
        session.burnt.remove(burner)
        app.leave(this)
        if (session.known.value.library?.burners.isNullOrEmpty() && app.state.value.screen == Screen.Burners) app.home()
    }
}

/** Nothing is left to be done at the server. */
private val BurnReport.isFinal: Boolean
    get() = when (outcome) {
        BurnOutcome.PROVEN, BurnOutcome.DISABLED, BurnOutcome.ALREADY_GONE -> true
        BurnOutcome.UNPROVEN, BurnOutcome.QUEUED -> false
    }

package org.flashpaper.demo

import org.flashpaper.BridgePart
import org.flashpaper.demo.TextKey.*

/** Direct or bridges, and one button: nothing but the button starts Tor. */
class StartModel internal constructor(app: AppModel) : ScreenModel<StartState>(Screen.Start, app), StartActions {
    private val choices
        get() = session.known.value.choices

    override fun now(): StartState {
        val known = session.known.value
        val burners = known.library?.burners.orEmpty()
        val isDirect = choices.entrance == Entrance.DIRECT
        // Where something stands in the way another way can be taken at once.
        val isBusy = known.isOpening || known.isConnecting && known.torProblem == null
        return StartState(
            entrances = entrances(choices),
            explanation = Text(if (isDirect) START_DIRECT_EXPLANATION else START_BRIDGES_EXPLANATION),
            bridges = bridges(known),
            button = Text(if (isBusy) START_BUSY else if (burners.isEmpty()) START_MAKE else START_CONNECT),
            canStart = !isBusy && (isDirect || choices.bridges.isNotBlank()),
            isBusy = isBusy,
            canLook = burners.isNotEmpty(),
            canRestore = !isBusy,
            problem = if (known.bridgeFault == null) known.torProblem?.let(::problem) else null,
        )
    }

    override fun choose(entrance: Entrance) = session.choose(entrance).also { look() }

    override fun writeBridges(lines: String) = type { session.writeBridges(lines) }

    override fun start() {
        if (!now().canStart) return
        session.connect()
        val isFirst = session.known.value.library?.burners.isNullOrEmpty()
        if (isFirst) app.reset(Screen.Burners, Screen.Creating) else app.reset(Screen.Burners)
    }

    override fun showBurners() {
        if (now().canLook) app.reset(Screen.Burners)
    }

    override fun restore() {
        if (now().canRestore) app.go(Screen.Restore)
    }
}

internal fun entrances(choices: Choices): List<Option<Entrance>> = listOf(
    Option(Entrance.DIRECT, Text(START_DIRECT), choices.entrance == Entrance.DIRECT),
    Option(Entrance.BRIDGES, Text(START_BRIDGES), choices.entrance == Entrance.BRIDGES),
)

/** The field for the lines of bridges, where some are needed. */
internal fun bridges(known: Known): Field? {
    if (known.choices.entrance == Entrance.DIRECT) return null
    val fault = known.bridgeFault
    val told = when {
        known.choices.bridges.isBlank() -> Text(START_BRIDGES_MISSING)
        fault == null -> null
        fault.part == BridgePart.TRANSPORT -> Text(START_BRIDGES_TRANSPORT, Number(fault.line))
        else -> Text(START_BRIDGES_FAULT, Number(fault.line))
    }
    return Field(Verbatim(known.choices.bridges), told)
}

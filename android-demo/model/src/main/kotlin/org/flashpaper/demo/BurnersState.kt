package org.flashpaper.demo

import org.flashpaper.BurnOutcome
import org.flashpaper.BurnerId
import org.flashpaper.BurnerState
import org.flashpaper.FlashpaperException
import org.flashpaper.Question
import org.flashpaper.Step
import org.flashpaper.VaultReport

/** All that the first screen shows. */
data class BurnersState(
    val tor: TorState = TorState.Off,
    /** This is not the public Tor network: nothing on the screen is private. Once set it stays. */
    val privateNetwork: Boolean = false,
    /** What is wrong with the sealed store; nothing by default. */
    val vault: VaultReport = VaultReport(),
    val burners: List<BurnerState> = emptyList(),
    val work: Work = Work.Idle,
    /** What the server asks the user before it makes the burner; [work] waits for an answer. */
    val question: Question? = null,
    val notice: Notice? = null,
) {
    /** Whether the button makes a burner now. */
    val canCreate: Boolean
        get() = tor == TorState.Ready && work == Work.Idle
}

/** How far Tor is. */
sealed interface TorState {
    data object Off : TorState

    /** [fraction] of the way, 0 to 1; it may fall back. */
    data class Connecting(val fraction: Float) : TorState

    data object Ready : TorState

    /** It goes on trying by itself; [canRetry]: the user may do more, having mended something. */
    data class Blocked(val error: FlashpaperException, val canRetry: Boolean) : TorState
}

/** What is being done for the user, one thing at a time, with the steps that are behind. */
sealed interface Work {
    data object Idle : Work

    data class Creating(val steps: List<Step>) : Work

    data class Burning(val burner: BurnerId, val steps: List<Step>) : Work
}

/** What the user is told until it is dismissed or replaced. */
sealed interface Notice {
    data class Failed(val error: FlashpaperException) : Notice

    data class Burned(val outcome: BurnOutcome) : Notice
}

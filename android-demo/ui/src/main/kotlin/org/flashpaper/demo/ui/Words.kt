// The app's words for what the library tells. One sentence each.

package org.flashpaper.demo.ui

import org.flashpaper.Action
import org.flashpaper.BurnOutcome
import org.flashpaper.Burner
import org.flashpaper.BurnerState
import org.flashpaper.FlashpaperException
import org.flashpaper.Route
import org.flashpaper.Step
import org.flashpaper.action
import org.flashpaper.code

internal fun words(error: FlashpaperException): String = when (error) {
    is FlashpaperException.Auth -> "The server does not accept the login."
    is FlashpaperException.NoSuchBurner -> "This burner is not here any more."
    else -> words(error.action, error.code)
}

private fun words(action: Action, code: String): String = when (action) {
    Action.CHECK_NETWORK -> "Tor cannot be reached. Check the network."
    Action.SET_CLOCK -> "The clock is wrong. Set it, then try again."
    Action.UPDATE_APP -> "This app is too old for the Tor network. Update it."
    Action.TRY_LATER -> "The server does not answer or asks to wait. Try again later."
    Action.CHOOSE_SERVER -> "This server cannot be used. Try again: another may be drawn."
    Action.UNLOCK -> "The passphrase is wrong."
    Action.FREE_SPACE -> "The device is full. Free some space."
    Action.CLOSE_OTHER -> "Another app or window uses this folder. Close it."
    Action.CORRECT_INPUT -> "This input cannot be used."
    Action.REPORT -> "Something is broken. Please report it: $code."
    Action.NOTHING -> "It has ended."
}

internal fun words(outcome: BurnOutcome): String = when (outcome) {
    BurnOutcome.PROVEN -> "Burned: the server refuses the login."
    BurnOutcome.ALREADY_GONE -> "Burned: the server did not know it any more."
    BurnOutcome.UNPROVEN -> "Removed, but not yet proven. It will be tried again."
    BurnOutcome.QUEUED -> "The server could not be asked yet. It will be tried again."
}

internal fun words(step: Step): String = when (step) {
    is Step.Sealed -> "Identity drawn and sealed"
    is Step.Connected -> "Connected through Tor"
    Step.Secured -> "Server's certificate checked"
    Step.Registered -> "Registered"
    Step.LoggedIn -> "Logged in"
    Step.Reachable -> "Can be reached"
    Step.Removed -> "Removed at the server"
    Step.ProvenGone -> "Shown to be gone"
}

internal fun words(burner: Burner): String {
    val route = if (burner.via == Route.ONION) "by onion service" else "through an exit"
    return when (burner.state) {
        BurnerState.PENDING -> "Not finished, $route"
        BurnerState.ACTIVE -> "Active, $route"
        BurnerState.BURNING -> "Being removed, $route"
    }
}

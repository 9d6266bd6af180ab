package org.flashpaper.demo

/** Burns a burner, by a button that has to be held. */
data class BurnState(
    val badge: BurnerBadge,
    val address: Verbatim,
    /** What will happen: with Tor, or without. */
    val explanation: Text,
    /** 0 to 1: how long the button was held, of the time that is needed. */
    val held: Float,
    val canHold: Boolean,
    val button: Text,
    /** For people who cannot hold: the name of a screen reader's action, which asks once more. */
    val action: Text,
    val isBurning: Boolean,
    /** The steps that are done. */
    val steps: List<Sign>,
    val problem: Problem?,
)

interface BurnActions {
    fun holdStarted()

    fun holdEnded()

    /** Done twice it burns. */
    fun burnWithoutHolding()
}

/** How a burn went. */
data class BurnReportState(
    /** The burner that was. */
    val badge: BurnerBadge,
    val sign: Sign,
    /** What it means. */
    val explanation: Text,
    /** What stood in the way. */
    val reason: Text?,
    val canRetry: Boolean,
    val isBusy: Boolean,
)

interface BurnReportActions {
    /** Asks the server once more. */
    fun retry()

    fun close()
}

/** Ends everything on this device. The second touch is a slide. */
data class PanicState(
    /** 0 to 1: how far the slider is. */
    val slid: Float,
    val canSlide: Boolean,
    /** What it does. */
    val explanation: Text,
    /** For people who cannot slide: the name of a screen reader's action, which asks once more. */
    val action: Text,
    /** It is done: nothing is left here. */
    val done: Sign?,
    /** It is done, but for this. */
    val problem: Problem?,
    /** It is done, with or without remains: an empty app is next. */
    val canClose: Boolean,
)

interface PanicActions {
    fun slide(fraction: Float)

    /** Lets go: at the end of the way it is done, before it nothing has happened. */
    fun letGo()

    /** Done twice it deletes everything. */
    fun withoutSliding()

    fun retry()

    /** To the first screen of an empty app. */
    fun close()
}

/** The store is locked. */
data class UnlockState(
    /** Why: it has locked itself, or has a passphrase. */
    val explanation: Text,
    /** Null: no passphrase is needed, the device's key store is asked. */
    val passphrase: Field?,
    val canUnlock: Boolean,
    val isBusy: Boolean,
    val problem: Problem?,
)

interface UnlockActions {
    fun writePassphrase(passphrase: String)

    fun unlock()
}

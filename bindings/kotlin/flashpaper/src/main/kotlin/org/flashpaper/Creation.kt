package org.flashpaper

import kotlinx.coroutines.flow.StateFlow

/**
 * One account that is being made.
 *
 * [Flashpaper.suspend] ends it, unless a question is open: the server asks another one of a new identity once the library is
 * resumed.
 */
public interface Creation {
    /** How far it is. It changes no more after [Progress.Done] or [Progress.Failed]. */
    public val progress: StateFlow<Progress>

    /**
     * Answers a server's question: the creation goes on. Answers that do not fit throw [Input.Answer], and the question stays
     * open. Throws [FlashpaperException.NoSuchQuestion].
     */
    public suspend fun answer(question: Question.Id, answer: Answer)

    /**
     * Waits for the burner. It may be called again. A coroutine that is cancelled while it waits cancels the creation: the account
     * is gone at the server, too.
     */
    public suspend fun await(): Burner

    /**
     * Ends the creation at once; an account that may have been made is removed in the background. One that was done at that
     * very moment stays, and is in [Flashpaper.state]. Letting go of this object does not end it.
     */
    public fun cancel()
}

/** How far a creation is. */
public sealed interface Progress {
    /** It has begun. */
    public data object Starting : Progress

    /** This server is asked; the step is the last that was done. */
    public data class Working(public val server: Jid, public val step: Step?) : Progress

    /** A server asks something of the user: [Creation.answer]. */
    public data class Asks(public val question: Question) : Progress

    /** The burner can be used. */
    public data class Done(public val burner: BurnerId) : Progress

    /** There is none. */
    public data class Failed(public val error: FlashpaperException) : Progress
}

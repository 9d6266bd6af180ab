package org.flashpaper.demo

import org.flashpaper.BurnerId

/** All burners. */
data class BurnersState(
    val tor: Sign,
    /** 0 to 1 while Tor connects. */
    val fraction: Float?,
    /** What is wrong with Tor, and what to do. */
    val problem: Problem?,
    /** Leads to the first screen, where the user connects. */
    val canConnect: Boolean,
    val rows: List<BurnerRow>,
    /** In the place of rows where there are none. */
    val empty: Text?,
    /** Removals that wait for their servers. */
    val removals: List<RemovalRow>,
    val canCreate: Boolean,
    /** Why no burner can be made now. */
    val whyNot: Text?,
    /** The next burner can be brought back from twelve words. */
    val recoverable: Boolean,
    val note: Note?,
)

data class BurnerRow(
    val badge: BurnerBadge,
    val address: Verbatim,
    val sign: Sign,
    val expiry: Sign?,
    /** Texts that came and were not read, of all its contacts; 0: there is no mark. */
    val unread: Int,
    val canOpen: Boolean,
)

data class RemovalRow(val burner: BurnerId, val address: Verbatim, val sign: Sign, val canRetry: Boolean)

interface BurnersActions {
    /** The one tap. */
    fun create()

    fun setRecoverable(recoverable: Boolean)

    fun restore()

    /** Leads to the first screen. */
    fun connect()

    /** Starts Tor anew, where it has a problem. */
    fun retryTor()

    fun open(burner: BurnerId)

    /** Tries a removal that waits. */
    fun removeNow(burner: BurnerId)

    fun dismiss()
}

/** Brings a burner back. */
data class RestoreState(
    val words: Field,
    val server: Field,
    val canRestore: Boolean,
    /** What happens first: Tor is connected. */
    val first: Text?,
    val isBusy: Boolean,
    /** The step that goes on. */
    val step: Text?,
    val problem: Problem?,
)

interface RestoreActions {
    fun writeWords(words: String)

    fun writeServer(server: String)

    fun restore()

    fun cancel()
}

/** A burner's recovery words, shown once. */
data class WordsState(
    val badge: BurnerBadge,
    /** Null: they are hidden. */
    val words: List<Verbatim>?,
    /** Needed beside the words. */
    val server: Verbatim,
    val canShow: Boolean,
    /** They were seen: the user says that they are written down, and they are forgotten. */
    val canFinish: Boolean,
    val canDecline: Boolean,
    val confirmation: Confirmation?,
    /** There are none any more. */
    val gone: Text?,
    val note: Note?,
)

interface WordsActions {
    fun show()

    fun finish()

    /** The user does not want them. */
    fun decline()

    fun confirm()

    /** No to what is asked. */
    fun cancel()

    /** The note was read. */
    fun dismiss()
}

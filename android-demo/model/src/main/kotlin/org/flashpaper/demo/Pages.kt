package org.flashpaper.demo

import org.flashpaper.Event
import org.flashpaper.Message
import org.flashpaper.MessageId
import org.flashpaper.MessageState

private const val MOST_TOLD = 64

/**
 * The messages that a chat shows. A burner that keeps nothing forgets a text once it is read or delivered; a person who looks at
 * it has to be able to read it to the end. So a text that is forgotten so stays here, in memory alone, until the chat is left.
 */
internal class Pages {
    private var shown = emptyList<Message>()
    private val deleted = mutableSetOf<MessageId>()

    /** What was told last of messages, of the newest alone. */
    private val told = LinkedHashMap<MessageId, MessageState>()

    val messages: List<Message>
        get() = shown

    var hasEarlier: Boolean = false
        private set

    /** The newest messages of the library, one more than are to be shown where there are as many. */
    fun turn(page: List<Message>, limit: Int, keepsForgotten: Boolean) {
        hasEarlier = page.size > limit
        val newest = page.takeLast(limit)
        val ids = newest.map { it.id }.toSet()
        // Before the first of a full page are those that are not shown.
        val from = newest.firstOrNull()?.id?.takeIf { hasEarlier }
        val forgotten = shown.filter { it.id !in ids && it.id !in deleted && (from == null || it.id > from) }
        shown = (forgotten.takeIf { keepsForgotten }.orEmpty() + newest).sortedBy { it.id }
    }

    /** How far a message is by now, which the library may have forgotten since. */
    fun seen(event: Event.Message) {
        told[event.message] = event.state
        if (told.size > MOST_TOLD) told.remove(told.keys.first())
        shown = shown.map { if (it.id == event.message) it.copy(state = event.state) else it }
    }

    /** A text of the user's that was just taken, and may be forgotten already. */
    fun sent(message: Message) {
        if (shown.none { it.id == message.id }) shown = shown + message.copy(state = told[message.id] ?: message.state)
    }

    /** The user does not want it any more. */
    fun delete(message: MessageId) {
        deleted += message
        shown = shown.filter { it.id != message }
    }

    /** The first and the last of those that came and were not read. */
    val firstUnread: MessageId?
        get() = shown.firstOrNull { it.state == MessageState.Received }?.id

    val lastUnread: MessageId?
        get() = shown.lastOrNull { it.state == MessageState.Received }?.id
}

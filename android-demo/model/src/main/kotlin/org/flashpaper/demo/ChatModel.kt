package org.flashpaper.demo

import kotlinx.coroutines.ExperimentalCoroutinesApi
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.flatMapLatest
import kotlinx.coroutines.flow.map
import kotlinx.coroutines.flow.update
import kotlinx.coroutines.launch
import org.flashpaper.Burner
import org.flashpaper.Chat
import org.flashpaper.ChatState as Conversation
import org.flashpaper.Connection
import org.flashpaper.Event
import org.flashpaper.FailReason
import org.flashpaper.Fingerprint
import org.flashpaper.FlashpaperException
import org.flashpaper.History
import org.flashpaper.Message
import org.flashpaper.MessageId
import org.flashpaper.MessageState
import org.flashpaper.Relationship
import org.flashpaper.Security
import org.flashpaper.demo.TextKey.*

/** So many messages are shown at first, and so many more each time that earlier ones are asked for. */
private const val PAGE = 100

/** One conversation of one burner: whatever is touched here is of these two, and of no other. */
class ChatModel internal constructor(screen: Screen.Chat, private val burner: Burner, private val chat: Chat, app: AppModel) :
    ScreenModel<ChatState>(screen, app), ChatActions {
    /** What the user is asked once more. */
    private sealed interface Ask {
        data class AcceptKey(val key: Fingerprint) : Ask
        data object Block : Ask
        data class Delete(val message: MessageId) : Ask

        /** Printing it shows no link. */
        class Open(val link: String) : Ask
    }

    private val limit = MutableStateFlow(PAGE)
    private val pages = Pages()
    private var firstUnread: MessageId? = null
    private var isFirstPage = true
    private var ask: Ask? = null
    private var note: Note? = null
    private var isSending = false
    private val reading = mutableSetOf<MessageId>()

    private var draft: String
        get() = session.drafts[screen]?.text.orEmpty()
        set(new) {
            if (new.isEmpty()) session.drafts.remove(screen) else if (new != draft) session.drafts[screen] = Draft(new)
        }

    override fun now(): ChatState {
        val (now, talk) = burner.state.value to chat.state.value
        val mode = mode(now, talk)
        val name = name(talk.label, talk.peer)
        val badge = badge(now)
        val main = mainAct(mode, talk.question != null)
        return ChatState(
            badge = badge,
            name = name,
            mode = mode,
            lock = lock(mode),
            explanation = explanation(mode),
            mustRead = mustRead(mode),
            main = main?.let { button(it, mode) },
            others = otherActs(mode).map { button(it, mode) },
            presence = presence(talk),
            offline = sign(now.connection).takeIf { now.connection !in setOf(Connection.Online, Connection.Quarantined) },
            bubbles = pages.messages.map { bubble(it, name, canWrite(mode)) },
            hasEarlier = pages.hasEarlier,
            empty = if (pages.messages.isEmpty()) Text(CHAT_EMPTY) else null,
            draft = Verbatim(draft),
            hint = hint(mode),
            canWrite = canWrite(mode),
            canSend = canWrite(mode) && !isSending && draft.isNotBlank(),
            sendLabel = Text(CHAT_SEND_LABEL, name, badge.label),
            confirmation = ask?.let(::confirmation),
            note = note ?: session.known.value.news(burner.id, chat.peer)?.let(::told),
        )
    }

    private fun bubble(message: Message, name: Verbatim, canWrite: Boolean): Bubble {
        val sign = sign(message)
        val state = message.state
        val isMine = state != MessageState.Received && state != MessageState.Taken
        return Bubble(
            id = message.id,
            kind = when {
                isMine -> BubbleKind.MINE
                message.security == Security.PLAINTEXT -> BubbleKind.THEIRS_IN_THE_CLEAR
                message.security == Security.KEY_CHANGED -> BubbleKind.THEIRS_BY_OTHER_KEY
                else -> BubbleKind.THEIRS
            },
            text = Verbatim(message.text),
            links = LINK.findAll(message.text).map { it.range }.toList(),
            at = moment(message.at, session.platform.clock),
            sign = sign,
            isFirstUnread = message.id == firstUnread,
            canRetry = state is MessageState.Failed && state.reason != FailReason.ADDRESS_LOST && canWrite,
            spoken = Verbatim(message.text).let {
                if (isMine) Text(CHAT_SPOKEN_MINE, it, sign.text) else Text(CHAT_SPOKEN_THEIRS, name, it, sign.text)
            },
        )
    }

    private fun confirmation(ask: Ask): Confirmation = when (ask) {
        is Ask.AcceptKey -> sure(CHAT_ACCEPT_KEY_SURE, Text(CHAT_ACCEPT_KEY_TEXT), CHAT_ACCEPT_KEY_YES)
        Ask.Block -> sure(CHAT_BLOCK_SURE, Text(CHAT_BLOCK_TEXT), CHAT_BLOCK)
        is Ask.Delete -> sure(CHAT_DELETE_SURE, Text(CHAT_DELETE_TEXT), DELETE)
        is Ask.Open -> sure(CHAT_LINK_TITLE, Text(CHAT_LINK_TEXT, Verbatim(ask.link)), CHAT_LINK_OPEN)
    }

    @OptIn(ExperimentalCoroutinesApi::class)
    override fun begin() {
        super.begin()
        scope.launch {
            session.events.collect {
                if (it is Event.Message && it.burner == burner.id) pages.seen(it)
                look()
            }
        }
        val timeline = limit.flatMapLatest { limit -> chat.timeline(limit + 1).map { it to limit } }
        scope.launch { timeline.collect { (page, limit) -> turn(page, limit) } }
    }

    private fun turn(page: List<Message>, limit: Int) {
        pages.turn(page, limit, keepsForgotten = burner.state.value.history == History.None && chat.state.value.timer == null)
        if (isFirstPage || !isSeen) firstUnread = firstUnread ?: pages.firstUnread
        isFirstPage = false
        changed()
        look()
    }

    private val isSeen
        get() = app.state.value.screen == screen && !session.known.value.covered

    /** What is on the screen counts as read: not before, and not while the app is covered. */
    override fun changed() {
        val last = pages.lastUnread ?: return
        if (isSeen && reading.add(last)) act(::failed) { chat.read(last) }
    }

    private fun failed(error: FlashpaperException) {
        note = note(error)
    }

    override fun write(draft: String) = type { this.draft = draft }

    override fun send() {
        if (!now().canSend) return
        val sent = session.drafts[screen] ?: return
        isSending = true
        note = null
        look()
        act(::notSent) {
            try {
                val id = chat.send(sent.text, key = sent.key)
                val at = session.platform.clock.instant()
                pages.sent(Message(id, chat.peer, sent.text, at, MessageState.Queued, chat.state.value.security))
                // It is the library's now. What was written meanwhile is not.
                session.drafts.remove(screen, sent)
                firstUnread = null
            } finally {
                isSending = false
            }
        }
    }

    private fun notSent(error: FlashpaperException) {
        note = note(error).takeIf { it.text.key in NOT_SENT } ?: Note(Text(CHAT_NOT_SENT), Tone.DANGER)
    }

    override fun act(act: ChatAct) {
        if (now().run { listOfNotNull(main) + others }.none { it.act == act }) return
        when (act) {
            ChatAct.START_PRIVATE -> act(::failed) { chat.startPrivate() }
            ChatAct.END_PRIVATE -> act(::failed) { chat.endPrivate() }
            ChatAct.VERIFY, ChatAct.ANSWER -> app.go(Screen.Verify(burner.id, chat.peer))
            // The key of this moment, not one that comes while the user thinks.
            ChatAct.ACCEPT_KEY -> ask = chat.state.value.key?.let { Ask.AcceptKey(it) }
            ChatAct.ACCEPT -> act(::failed) { chat.accept() }
            ChatAct.BLOCK -> ask = Ask.Block
            ChatAct.UNBLOCK -> act(::failed) { chat.setBlocked(false) }
        }
        look()
    }

    override fun showEarlier() = limit.update { it + PAGE }

    override fun retry(message: MessageId) {
        if (now().bubbles.none { it.id == message && it.canRetry }) return
        act(::failed) {
            chat.retry(message)
            pages.delete(message)
        }
    }

    override fun delete(message: MessageId) {
        ask = Ask.Delete(message)
        look()
    }

    override fun copied() {
        note = Note(Text(COPIED), Tone.QUIET)
        look()
    }

    override fun touchLink(link: String) {
        ask = Ask.Open(link)
        look()
    }

    override fun confirm() {
        when (val asked = ask) {
            is Ask.AcceptKey -> act(::failed) { chat.acceptKey(asked.key) }
            Ask.Block -> act(::failed) { chat.setBlocked(true) }
            is Ask.Delete -> act(::failed) { forget(asked.message) }
            is Ask.Open -> session.platform.openLink(asked.link)
            null -> {}
        }
        ask = null
        look()
    }

    private suspend fun forget(message: MessageId) {
        try {
            chat.delete(message)
        } catch (_: FlashpaperException.NoSuchMessage) {
            // It was on the screen alone.
        }
        pages.delete(message)
    }

    override fun cancel() {
        ask = null
        look()
    }

    override fun dismiss() {
        note = null
        session.dismiss(burner.id, chat.peer)
        look()
    }
}

private val LINK = Regex("https?://[^\\s<>\"]+", RegexOption.IGNORE_CASE)

internal fun presence(chat: Conversation): Text? =
    Text(if (chat.present) CONTACTS_ONLINE else CONTACTS_AWAY).takeIf { chat.relationship == Relationship.CONTACT }

/** These say by themselves that a text was not sent, and why. */
private val NOT_SENT = setOf(CHAT_TOO_LONG, CHAT_CHARACTER, CHAT_OUTBOX_FULL)

package org.flashpaper.demo

import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.ExperimentalCoroutinesApi
import kotlinx.coroutines.Job
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.asStateFlow
import kotlinx.coroutines.flow.combine
import kotlinx.coroutines.flow.flatMapLatest
import kotlinx.coroutines.flow.flowOf
import kotlinx.coroutines.flow.update
import kotlinx.coroutines.job
import kotlinx.coroutines.launch
import kotlinx.coroutines.sync.Mutex
import kotlinx.coroutines.sync.withLock
import org.flashpaper.Burner
import org.flashpaper.BurnerState
import org.flashpaper.Chat
import org.flashpaper.Comparison
import org.flashpaper.Event
import org.flashpaper.Fingerprint
import org.flashpaper.Flashpaper
import org.flashpaper.FlashpaperException
import org.flashpaper.History
import org.flashpaper.Jid
import org.flashpaper.MessageId
import org.flashpaper.MessageState

/** Of so many peers there is news: strangers can make more. */
private const val MOST_NEWS = 20

/** So many messages of a chat are shown at first, and so many more each time that earlier ones are asked for. */
private const val PAGE = 100

/** What the screens of a burner can ask for. All but [add] and [open] is about the chat that is open. */
interface ConversationsActions {
    /** Adds a contact, by address or `xmpp:` URI, and opens the chat. */
    fun add(address: String)

    /** Opens the chat with a peer. What came counts as read once it is shown. */
    fun open(peer: Jid)

    /** Shows a page of earlier messages, too. */
    fun showEarlier()

    /** Goes back to the contacts. */
    fun leave()

    /** Sends a text in private, now or as soon as the peer is there. */
    fun send(text: String)

    /** Answers a stranger from now on. */
    fun accept()

    /** Keeps the peer away, or not any more. */
    fun block(blocked: Boolean)

    /** Begins a private conversation, or renews it. */
    fun startPrivate()

    /** Ends the private conversation. */
    fun endPrivate()

    /** Lets texts go to a key that was not known before. */
    fun acceptKey(key: Fingerprint)

    /** The user has compared the digits of a key, or takes that back. */
    fun setVerified(key: Fingerprint, verified: Boolean)

    /** Compares a secret with the peer, who is shown the question. */
    fun compare(secret: String, question: String?)

    /** Answers the peer's question. */
    fun answer(secret: String, question: String?)

    /** Ends the comparison that is going on. */
    fun abortComparison()

    /** Takes away what the user is told: in the chat, or in the list of contacts. */
    fun dismiss()
}

/**
 * A burner's contacts, and one chat: what is true and what can be done. It decides nothing, and knows no Android.
 *
 * @param parent where all of it runs, one thing at a time.
 */
class ConversationsModel(
    parent: CoroutineScope,
    library: Flashpaper,
    private val burner: Burner,
) : ConversationsActions {
    /** A chat, and how many messages of it are shown. */
    private data class Open(val chat: Chat, val shown: Int)

    private val current = MutableStateFlow(ConversationsState(burner.state.value))
    private val open = MutableStateFlow<Open?>(null)
    private val news = MutableStateFlow(emptyList<PeerNews>())

    /** A link that names another key than the one in use: to add it once more is the user's yes. */
    private var doubted: String? = null
    private val taking = mutableSetOf<MessageId>()
    private val inOrder = Mutex()
    private val work = Job(parent.coroutineContext.job)
    private val scope = CoroutineScope(parent.coroutineContext + work)

    val state: StateFlow<ConversationsState> = current.asStateFlow()

    init {
        val events = library.events()
        scope.launch { events.collect { seen(it.event) } }
        @OptIn(ExperimentalCoroutinesApi::class)
        val pages = open.flatMapLatest(::page)
        scope.launch { combine(burner.state, pages, news, ::Triple).collect { (now, page, told) -> show(now, page, told) } }
        act {
            // A chat shows what was said before.
            burner.setHistory(History.UntilBurn)
            burner.connect()
            val own = OwnKey(burner.fingerprint(), burner.link())
            current.update { it.copy(own = own) }
        }
    }

    override fun add(address: String) = act {
        val decided = address == doubted
        doubted = null
        try {
            open.value = Open(if (decided) burner.expectKey(address) else burner.add(address), PAGE)
        } catch (error: FlashpaperException.OtherKeyInUse) {
            doubted = address
            throw error
        }
    }

    override fun open(peer: Jid) {
        open.value = Open(burner.chat(peer) ?: return, PAGE)
    }

    override fun showEarlier() = open.update { it?.copy(shown = it.shown + PAGE) }

    override fun leave() {
        open.value = null
    }

    override fun send(text: String) = inChat { it.send(text) }

    override fun accept() = inChat { it.accept() }

    override fun block(blocked: Boolean) = inChat { it.setBlocked(blocked) }

    override fun startPrivate() = inChat { it.startPrivate() }

    override fun endPrivate() = inChat { it.endPrivate() }

    override fun acceptKey(key: Fingerprint) = inChat { it.acceptKey(key) }

    override fun setVerified(key: Fingerprint, verified: Boolean) = inChat { it.setVerified(key, verified) }

    override fun compare(secret: String, question: String?) = inChat { it.compare(secret, question) }

    override fun answer(secret: String, question: String?) = inChat { it.answer(secret, question) }

    override fun abortComparison() = inChat { it.abortComparison() }

    override fun dismiss() {
        val peer = open.value?.chat?.peer
        news.update { told -> if (peer == null) emptyList() else told.filter { it.peer != peer } }
        current.update { it.copy(failed = null) }
    }

    /** Ends the watching. What was asked for and has not begun is not done. */
    suspend fun close(): Unit = work.cancelAndJoin()

    private fun inChat(block: suspend (Chat) -> Unit) {
        // The chat of the moment of the tap.
        val chat = open.value?.chat ?: return
        act { block(chat) }
    }

    private fun act(block: suspend () -> Unit) {
        scope.launch {
            inOrder.withLock {
                try {
                    block()
                } catch (error: FlashpaperException) {
                    current.update { it.copy(failed = error) }
                }
            }
        }
    }

    private fun seen(event: Event) {
        when (event) {
            // A question stays in the conversation until it is answered.
            is Event.Comparison ->
                if (event.burner == burner.id && event.comparison !is Comparison.Asked) {
                    tell(event.peer, ChatNews.Compared(event.comparison))
                }
            is Event.Notice -> if (event.burner == burner.id) tell(event.peer, ChatNews.Noticed(event.notice))
            else -> {}
        }
    }

    private fun tell(peer: Jid, told: ChatNews) =
        news.update { all -> (all.filter { it.peer != peer } + PeerNews(peer, told)).takeLast(MOST_NEWS) }

    private fun page(open: Open?): Flow<ChatState?> {
        if (open == null) return flowOf(null)
        // One more than is shown tells whether there are earlier ones.
        return combine(open.chat.state, open.chat.timeline(open.shown + 1)) { conversation, messages ->
            ChatState(conversation, messages.takeLast(open.shown), messages.size > open.shown)
        }
    }

    private fun show(now: BurnerState, page: ChatState?, told: List<PeerNews>) {
        val chat = page?.copy(news = told.find { it.peer == page.conversation.peer }?.news)
        current.update {
            val contacts = now.requests + now.chats
            it.copy(burner = now, connection = now.connection, contacts = contacts, chat = chat, news = told)
        }
        now.unreadable?.let { why -> current.update { it.copy(failed = why) } }
        val last = chat?.messages?.lastOrNull { it.state == MessageState.Received } ?: return
        burner.chat(chat.conversation.peer)?.let { of -> if (taking.add(last.id)) act { of.read(last.id) } }
    }
}

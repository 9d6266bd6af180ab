package org.flashpaper.demo

import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.CoroutineStart.UNDISPATCHED
import kotlinx.coroutines.Job
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.asStateFlow
import kotlinx.coroutines.flow.update
import kotlinx.coroutines.job
import kotlinx.coroutines.launch
import kotlinx.coroutines.sync.Mutex
import kotlinx.coroutines.sync.withLock
import org.flashpaper.Burner
import org.flashpaper.BurnerId
import org.flashpaper.Comparison
import org.flashpaper.Event
import org.flashpaper.Fingerprint
import org.flashpaper.Flashpaper
import org.flashpaper.FlashpaperException
import org.flashpaper.History
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
    fun open(peer: String)

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
    private val library: Flashpaper,
    burner: Burner,
) : ConversationsActions {
    private val id: BurnerId = burner.id
    private val current = MutableStateFlow(ConversationsState(burner))
    private var peer: String? = null
    private var shown = PAGE

    /** A link that names another key than the one in use: to add it once more is the user's yes. */
    private var doubted: String? = null
    private var news = emptyList<PeerNews>()
    private val taking = mutableSetOf<MessageId>()
    private val inOrder = Mutex()
    private val work = Job(parent.coroutineContext.job)
    private val scope = CoroutineScope(parent.coroutineContext + work)

    val state: StateFlow<ConversationsState> = current.asStateFlow()

    init {
        // Subscribed before anything is looked at.
        scope.launch(start = UNDISPATCHED) { library.events().collect(::seen) }
        look()
        act {
            // A chat shows what was said before.
            library.setHistory(id, History.UntilBurn)
            library.connect(id)
            val own = OwnKey(library.fingerprint(id), library.uri(id))
            current.update { it.copy(own = own) }
        }
    }

    override fun add(address: String) = act {
        val decided = address == doubted
        doubted = null
        try {
            open(if (decided) library.expectKey(id, address) else library.addContact(id, address))
        } catch (error: FlashpaperException.OtherKeyInUse) {
            doubted = address
            throw error
        }
    }

    override fun open(peer: String) {
        this.peer = peer
        shown = PAGE
        look()
    }

    override fun showEarlier() {
        shown += PAGE
        look()
    }

    override fun leave() {
        peer = null
        look()
    }

    override fun send(text: String) = inChat { library.send(id, it, text) }

    override fun accept() = inChat { library.accept(id, it) }

    override fun block(blocked: Boolean) = inChat { library.setBlocked(id, it, blocked) }

    override fun startPrivate() = inChat { library.startPrivate(id, it) }

    override fun endPrivate() = inChat { library.endPrivate(id, it) }

    override fun acceptKey(key: Fingerprint) = inChat { library.acceptKey(id, it, key) }

    override fun setVerified(key: Fingerprint, verified: Boolean) = inChat { library.setVerified(id, it, key, verified) }

    override fun compare(secret: String, question: String?) = inChat { library.compare(id, it, secret, question) }

    override fun answer(secret: String, question: String?) = inChat { library.answerComparison(id, it, secret, question) }

    override fun abortComparison() = inChat { library.abortComparison(id, it) }

    override fun dismiss() {
        val open = peer
        news = if (open == null) emptyList() else news.filter { it.peer != open }
        current.update { it.copy(failed = null) }
        look()
    }

    /** Ends the watching. What was asked for and has not begun is not done. */
    suspend fun close(): Unit = work.cancelAndJoin()

    private fun inChat(block: suspend (String) -> Unit) {
        // The peer of the moment of the tap.
        val peer = peer ?: return
        act { block(peer) }
    }

    private fun act(block: suspend () -> Unit) {
        scope.launch {
            inOrder.withLock {
                try {
                    block()
                    look()
                } catch (error: FlashpaperException) {
                    current.update { it.copy(failed = error) }
                }
            }
        }
    }

    private fun seen(event: Event) {
        val of = when (event) {
            is Event.Connection -> event.burner
            is Event.Message -> event.burner
            is Event.Conversation -> event.burner
            is Event.Comparison -> event.burner
            is Event.Notice -> event.burner
            is Event.Lagged -> id
            else -> return
        }
        if (of != id) return
        when (event) {
            // A question stays in the conversation until it is answered.
            is Event.Comparison -> if (event.comparison !is Comparison.Asked) tell(event.peer, ChatNews.Compared(event.comparison))
            is Event.Notice -> tell(event.peer, ChatNews.Noticed(event.notice))
            else -> {}
        }
        look()
    }

    private fun tell(peer: String, told: ChatNews) {
        news = (news.filter { it.peer != peer } + PeerNews(peer, told)).takeLast(MOST_NEWS)
    }

    private fun look() {
        try {
            val status = library.snapshot().burners.find { it.burner.id == id } ?: return
            val chat = status.conversations.find { it.peer == peer }?.let {
                // One more than is shown tells whether there are earlier ones.
                val messages = library.messages(id, it.peer, limit = shown + 1)
                val told = news.find { told -> told.peer == it.peer }?.news
                ChatState(it, messages.takeLast(shown), messages.size > shown, told)
            }
            current.update {
                it.copy(burner = status.burner, connection = status.connection, contacts = status.conversations, chat = chat, news = news)
            }
            status.unreadable?.let { why -> current.update { it.copy(failed = why) } }
            val unread = chat?.messages.orEmpty().filter { it.state == MessageState.Received }
            unread.map { it.id }.filter(taking::add).forEach { act { library.taken(id, it) } }
        } catch (_: FlashpaperException) {
            // Burned, locked or closed meanwhile: the first screen tells.
        }
    }
}

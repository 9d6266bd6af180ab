package org.flashpaper.testing

import java.time.Instant
import kotlin.time.Duration
import kotlin.time.toJavaDuration
import org.flashpaper.BurnerId
import org.flashpaper.BurnerState
import org.flashpaper.ChatState
import org.flashpaper.Connection
import org.flashpaper.Event
import org.flashpaper.FailReason
import org.flashpaper.Fingerprint
import org.flashpaper.FlashpaperException
import org.flashpaper.History
import org.flashpaper.Input
import org.flashpaper.Jid
import org.flashpaper.Message
import org.flashpaper.MessageId
import org.flashpaper.MessageState
import org.flashpaper.Notice
import org.flashpaper.Phase
import org.flashpaper.Relationship
import org.flashpaper.Route
import org.flashpaper.Security
import org.flashpaper.TextFault

/** How many texts have a key that names them again. */
private const val KEPT_KEYS = 64

/** How many bytes a text may have. */
private const val LONGEST_TEXT = 10_000L

/** A fake's burner. */
internal class Account(
    private val world: World,
    val id: BurnerId,
    val jid: Jid,
    private val via: Route,
    private val created: Instant,
) {
    var label: String? = null
    var isWanted = false
    var history: History = History.None
        private set
    var expiresAt: Instant? = null
        private set
    var words: String? = null
    var droppedWords: String? = null
    val talks = mutableListOf<Talk>()
    private val messages = mutableListOf<Message>()
    private val waits = mutableMapOf<MessageId, Instant>()
    private val keys = ArrayDeque<Pair<String, MessageId>>()
    private var nextMessage = 1L

    var connection: Connection = Connection.Offline
        set(new) {
            field = new
            if (new != Connection.Online) talks.forEach { it.change { copy(present = false) } }
        }

    fun state(): BurnerState {
        val (requests, chats) = talks.map { it.state }.partition { it.relationship == Relationship.STRANGER }
        return BurnerState(id, jid, via, Phase.ACTIVE, created, label, connection, history, expiresAt, requests, chats, null)
    }

    fun setExpiry(at: Instant?) {
        expiresAt = at
        at?.let(world::lookAt)
    }

    // Conversations

    fun talk(peer: Jid): Talk = talks.firstOrNull { it.peer == peer } ?: throw FlashpaperException.NoSuchPeer()

    /** The conversation with a peer, which begins here if there is none: they are a stranger then. */
    fun talkOrNew(peer: Jid): Talk =
        talks.firstOrNull { it.peer == peer } ?: Talk(ChatState(peer, relationship = Relationship.STRANGER)).also(talks::add)

    /** Adds a contact by bare JID or `xmpp:` URI, as the real library reads them. */
    fun add(address: String, isDecided: Boolean): Jid {
        val (jid, key) = read(address)
        if (world.accounts.any { it.jid == jid }) throw FlashpaperException.InvalidInput(Input.Address)
        val talk = talkOrNew(jid)
        talk.checkUnblocked()
        key?.let { talk.expect(it, isDecided) }
        world.meet(jid)
        accept(talk)
        changed(talk)
        return jid
    }

    private fun read(address: String): Pair<Jid, Fingerprint?> {
        val (jid, query) = address.removePrefix("xmpp:").split('?', limit = 2).let { it[0] to it.getOrNull(1) }
        val names = jid.split('@')
        if (names.size != 2 || names.any { name -> name.isEmpty() || name.any { it.isWhitespace() || it == '/' } }) {
            throw FlashpaperException.InvalidInput(Input.Address)
        }
        val key = query?.split(';', '&')?.firstOrNull { it.startsWith(FINGERPRINT) }
        return Jid(jid) to key?.let { Fingerprint.parse(it.removePrefix(FINGERPRINT)) }
    }

    /** Something has changed of a conversation: texts leave that can by then. */
    fun changed(talk: Talk) {
        world.report(Event.Conversation(id, talk.peer))
        flush(talk)
    }

    /** Makes somebody a contact. Who has asked for a private conversation as a stranger gets it. */
    fun accept(talk: Talk) {
        val asks = talk.asksForPrivate
        talk.befriend()
        if (asks) startPrivate(talk)
    }

    /** A peer asks for a private conversation. A stranger gets no answer before the user has accepted them. */
    fun isAskedForPrivate(talk: Talk) {
        when (talk.state.relationship) {
            Relationship.CONTACT -> startPrivate(talk)
            Relationship.STRANGER -> {
                talk.asksForPrivate = true
                changed(talk)
            }
            Relationship.BLOCKED -> {}
        }
    }

    /** Takes over whether a peer is there, which is heard of contacts alone. */
    private fun see(talk: Talk) {
        val isHeard = connection == Connection.Online && talk.state.relationship == Relationship.CONTACT
        talk.change { copy(present = isHeard && world.people[peer]?.isOnline == true) }
    }

    /** Begins a private conversation if the peer is there. */
    fun startPrivate(talk: Talk) {
        see(talk)
        val person = world.people[talk.peer]
        if (!talk.state.present || person == null) return
        talk.begin(person.key)
        world.report(Event.Conversation(id, talk.peer))
        if (talk.state.security == Security.KEY_CHANGED) world.report(Event.Notice(id, talk.peer, Notice.OtherKey))
        flush(talk)
    }

    /** The user ends a private conversation: what the peer has not confirmed in it they cannot confirm any more. */
    fun endPrivate(talk: Talk) {
        talk.end(byPeer = false)
        messages.filter { it.peer == talk.peer && it.state == MessageState.Acked }
            .forEach { set(it.id, MessageState.Failed(FailReason.UNREAD)) }
    }

    /** The user keeps a peer away, or not any more: they are a stranger then. */
    fun block(talk: Talk, isBlocked: Boolean) {
        if (isBlocked) {
            talk.change { copy(relationship = Relationship.BLOCKED) }
            endPrivate(talk)
            waiting(talk.peer).forEach { set(it.id, MessageState.Failed(FailReason.BLOCKED)) }
        } else if (talk.state.relationship == Relationship.BLOCKED) {
            talk.change { copy(relationship = Relationship.STRANGER) }
        }
    }

    /** A comparison has ended. */
    fun compared(talk: Talk, isEqual: Boolean, askedByPeer: Boolean = false): Unit =
        world.report(Event.Comparison(id, talk.peer, talk.compared(isEqual, askedByPeer)))

    // Messages

    fun send(text: String, to: Jid, within: Duration?, key: String): MessageId {
        keys.firstOrNull { it.first == key }?.let { return it.second }
        if (text.isEmpty()) throw FlashpaperException.InvalidInput(Input.Text(TextFault.Empty))
        val bytes = text.encodeToByteArray().size.toLong()
        if (bytes > LONGEST_TEXT) throw FlashpaperException.InvalidInput(Input.Text(TextFault.TooLong(bytes, LONGEST_TEXT)))
        val talk = talkOrNew(to)
        talk.befriend()
        world.meet(to)
        val message = append(text, talk, MessageState.Queued)
        if (within != null) {
            waits[message] = world.now + within.toJavaDuration()
            waits[message]?.let(world::lookAt)
        }
        keys.add(key to message)
        if (keys.size > KEPT_KEYS) keys.removeFirst()
        flush(talk)
        return message
    }

    /** Lets texts leave that can. Where some wait, a private conversation begins as soon as it can. */
    fun flush(talk: Talk) {
        see(talk)
        if (connection != Connection.Online) return
        val waiting = waiting(talk.peer)
        val security = talk.state.security
        if (waiting.isNotEmpty() && talk.state.present && security == Security.PLAINTEXT) return startPrivate(talk)
        if (!talk.state.present || security != Security.PRIVATE && security != Security.VERIFIED) {
            waiting.filter { it.state == MessageState.Queued }.forEach { set(it.id, MessageState.WaitingForPeer) }
            return
        }
        val person = world.meet(talk.peer)
        for (message in waiting) {
            person.heard.add(message.text)
            set(message.id, if (person.confirms) MessageState.Delivered else MessageState.Acked, security)
        }
    }

    /** A text comes. Null: the user has blocked the peer. */
    fun receive(text: String, peer: Jid): MessageId? {
        val talk = talkOrNew(peer)
        return if (talk.state.relationship == Relationship.BLOCKED) null else append(text, talk, MessageState.Received)
    }

    fun message(id: MessageId): Message = find(id) ?: throw FlashpaperException.NoSuchMessage()

    private fun find(id: MessageId): Message? = messages.firstOrNull { it.id == id }

    fun retry(id: MessageId, key: String): MessageId {
        val old = message(id)
        if (old.state !is MessageState.Failed) throw FlashpaperException.NoSuchMessage()
        return send(old.text, old.peer, null, key).also { delete(id) }
    }

    /** Of one that is not there nothing is to be forgotten. */
    fun delete(id: MessageId) {
        val gone = find(id) ?: return
        messages.remove(gone)
        count(gone.peer)
    }

    fun read(upTo: MessageId, peer: Jid) {
        messages.filter { it.peer == peer && it.id <= upTo && it.state == MessageState.Received }
            .forEach { set(it.id, MessageState.Taken) }
    }

    fun take(id: MessageId) {
        when (find(id)?.state) {
            MessageState.Received -> set(id, MessageState.Taken)
            is MessageState.Failed -> delete(id)
            else -> {}
        }
    }

    fun page(peer: Jid?, before: MessageId?, limit: Int): List<Message> =
        messages.filter { (peer == null || it.peer == peer) && (before == null || it.id < before) }
            .takeLast(limit.coerceAtLeast(0))

    fun setHistory(new: History) {
        history = new
        if (new == History.None) messages.removeAll { it.isDone }
        pass()
    }

    /** Does what time has brought. */
    fun pass() {
        for ((id, _) in waits.filterValues { it <= world.now }) {
            waits.remove(id)
            if (messages.any { it.id == id && it.waits }) set(id, MessageState.Failed(FailReason.NO_ANSWER))
        }
        val kept = history
        if (kept is History.Expire) messages.removeAll { it.isDone && it.at + kept.after.toJavaDuration() <= world.now }
    }

    /** A message is in another state. */
    fun set(id: MessageId, state: MessageState, security: Security? = null) {
        val place = messages.indexOfFirst { it.id == id }
        if (place < 0) return
        val old = messages[place]
        messages[place] = old.copy(state = state, security = security ?: old.security)
        if (history == History.None && messages[place].isDone) messages.removeAt(place)
        (history as? History.Expire)?.let { world.lookAt(old.at + it.after.toJavaDuration()) }
        world.report(Event.Message(this.id, id, state))
        count(old.peer)
    }

    private fun append(text: String, talk: Talk, state: MessageState): MessageId {
        val id = MessageId(nextMessage++)
        messages.add(Message(id, talk.peer, text, world.now, state, talk.state.security))
        world.report(Event.Message(this.id, id, state))
        count(talk.peer)
        return id
    }

    private fun count(peer: Jid) {
        val all = messages.filter { it.peer == peer }
        talk(peer).change {
            copy(
                unread = all.count { it.state == MessageState.Received },
                outbox = all.count { it.waits || it.state == MessageState.Sent },
            )
        }
    }

    fun waiting(peer: Jid): List<Message> = messages.filter { it.peer == peer && it.waits }

    private val Message.waits
        get() = state == MessageState.Queued || state == MessageState.WaitingForPeer

    private val Message.isDone
        get() = state == MessageState.Taken || state == MessageState.Delivered

    private companion object {
        const val FINGERPRINT = "otr-fingerprint="
    }
}

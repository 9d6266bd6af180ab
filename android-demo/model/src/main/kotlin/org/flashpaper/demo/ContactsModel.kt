package org.flashpaper.demo

import org.flashpaper.Burner
import org.flashpaper.ChatState as Conversation
import org.flashpaper.Connection
import org.flashpaper.Fingerprint
import org.flashpaper.FlashpaperException
import org.flashpaper.Jid
import org.flashpaper.Phase
import org.flashpaper.Relationship
import org.flashpaper.Tor
import org.flashpaper.demo.TextKey.*

/** A burner's contacts. To open it connects it; what it keeps stays as it is. */
class ContactsModel internal constructor(screen: Screen.Contacts, private val burner: Burner, app: AppModel) :
    ScreenModel<ContactsState>(screen, app), ContactsActions {
    private var address = ""
    private var fault: Text? = null
    private var own: OwnCode? = null
    private var hasWords = false
    private var isConnected = false

    /** A link that names another key than the one in use: the user is asked. */
    private var doubted: String? = null
    private var note: Note? = null

    override fun now(): ContactsState {
        val now = burner.state.value
        val known = session.known.value
        val isActive = now.phase == Phase.ACTIVE
        val why = now.unreadable ?: now.connection.why ?: known.torProblem
        return ContactsState(
            badge = badge(now),
            address = Verbatim(now.jid.value),
            connection = sign(now),
            // To connect again helps nobody who is connected.
            problem = why?.let(::problem)?.run { copy(canRetry = canRetry && now.connection != Connection.Quarantined) },
            expiry = expiry(now, session.platform.clock),
            requests = now.requests.map { row(it, known) },
            contacts = now.chats.map { row(it, known) },
            empty = if (now.requests.isEmpty() && now.chats.isEmpty()) Text(CONTACTS_EMPTY) else null,
            add = Field(Verbatim(address), fault, isActive),
            canAdd = isActive && address.isNotBlank(),
            own = own,
            hasWords = hasWords,
            canBurn = isActive,
            confirmation = if (doubted == null) null else OTHER_KEY,
            note = note,
        )
    }

    private fun row(chat: Conversation, known: Known) = ContactRow(
        peer = chat.peer,
        name = name(chat.label, chat.peer),
        sign = if (chat.relationship == Relationship.STRANGER) REQUEST else lock(mode(burner.state.value, chat)),
        presence = presence(chat),
        unread = chat.unread,
        news = known.news(burner.id, chat.peer)?.let { told(it).text },
    )

    override fun begin() {
        super.begin()
        act(::failed, within = scope) {
            connect()
            own = OwnCode(Verbatim(burner.link()), groups(burner.fingerprint()))
            hasWords = burner.wordsLeft()
        }
    }

    /** Connects the burner, once Tor is ready; Tor itself is not started here. */
    private suspend fun connect() {
        if (isConnected || session.known.value.tor == Tor.Off) return
        burner.connect()
        isConnected = true
    }

    override fun changed() {
        if (!isConnected && session.known.value.tor == Tor.Ready) act(::failed) { connect() }
    }

    override fun returned() {
        super.returned()
        act(::failed) { hasWords = burner.wordsLeft() }
    }

    private fun failed(error: FlashpaperException) {
        note = note(error)
    }

    override fun writeAddress(address: String) = type {
        this.address = address
        fault = null
    }

    override fun add() {
        if (now().canAdd) add(address.trim())
    }

    override fun add(link: String) = add(link, isDecided = false)

    private fun add(link: String, isDecided: Boolean) {
        act(failed = { fault = note(it).text }) {
            try {
                val chat = if (isDecided) burner.expectKey(link) else burner.add(link)
                if (address.trim() == link) address = ""
                // Who is elsewhere by now stays there.
                if (app.beneath.lastOrNull() == screen) app.go(Screen.Chat(burner.id, chat.peer))
            } catch (_: FlashpaperException.OtherKeyInUse) {
                doubted = link
            }
        }
    }

    override fun open(peer: Jid) = app.go(Screen.Chat(burner.id, peer))

    override fun retry() {
        if (session.known.value.torProblem != null) session.connect() else act(::failed) { burner.connect() }
    }

    override fun words() {
        if (hasWords) app.go(Screen.Words(burner.id))
    }

    override fun burn() {
        if (now().canBurn) app.go(Screen.Burn(burner.id))
    }

    override fun confirm() {
        doubted?.let { add(it, isDecided = true) }
        doubted = null
        look()
    }

    override fun cancel() {
        doubted = null
        look()
    }

    override fun dismiss() {
        note = null
        look()
    }
}

private val REQUEST = Sign(Mark.STRANGER, Text(CONTACTS_REQUEST), Tone.CAUTION)

private val OTHER_KEY = Confirmation(
    Text(CONTACTS_OTHER_KEY),
    Text(CONTACTS_OTHER_KEY_TEXT),
    Text(CONTACTS_OTHER_KEY_YES),
    Text(CONTACTS_OTHER_KEY_NO),
    Tone.DANGER,
)

/** As people read it aloud: ten groups of four. */
internal fun groups(key: Fingerprint): List<Verbatim> = key.digits.filterNot(Char::isWhitespace).chunked(4).map(::Verbatim)

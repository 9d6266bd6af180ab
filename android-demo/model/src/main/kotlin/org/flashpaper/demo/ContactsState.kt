package org.flashpaper.demo

import org.flashpaper.Jid

/** The contacts of one burner. */
data class ContactsState(
    val badge: BurnerBadge,
    val address: Verbatim,
    val connection: Sign,
    /** Why it is not connected, and what to do. */
    val problem: Problem?,
    val expiry: Sign?,
    /** Strangers who wait for an answer. */
    val requests: List<ContactRow>,
    val contacts: List<ContactRow>,
    /** In the place of rows where there are none. */
    val empty: Text?,
    val add: Field,
    val canAdd: Boolean,
    /** What a contact scans or opens; null until it is there. */
    val own: OwnCode?,
    /** There are recovery words to be written down. */
    val hasWords: Boolean,
    val canBurn: Boolean,
    val confirmation: Confirmation?,
    val note: Note?,
)

data class ContactRow(
    val peer: Jid,
    val name: Verbatim,
    val sign: Sign,
    val presence: Text?,
    /** Texts that came and were not read; 0: there is no mark. */
    val unread: Int,
    /** What is to be known of them, in one sentence. */
    val news: Text?,
)

/** The burner's address and key: as a picture to scan, and as a link. */
data class OwnCode(val link: Verbatim, val fingerprint: List<Verbatim>)

interface ContactsActions {
    fun writeAddress(address: String)

    /** Adds what was written. */
    fun add()

    /** Adds what was scanned, or came as a link. */
    fun add(link: String)

    fun open(peer: Jid)

    /** Does something about the problem. */
    fun retry()

    fun words()

    fun burn()

    fun confirm()

    /** No to what is asked. */
    fun cancel()

    /** The note was read. */
    fun dismiss()
}

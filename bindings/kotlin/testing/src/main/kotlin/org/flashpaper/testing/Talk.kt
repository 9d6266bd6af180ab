package org.flashpaper.testing

import org.flashpaper.ChatState
import org.flashpaper.Comparison
import org.flashpaper.Fingerprint
import org.flashpaper.FlashpaperException
import org.flashpaper.Jid
import org.flashpaper.PeerKey
import org.flashpaper.Relationship
import org.flashpaper.Security

/** A fake's conversation. */
internal class Talk(first: ChatState) {
    var state: ChatState = first
        private set

    /** A stranger has asked for a private conversation, and waits for the user. */
    var asksForPrivate = false

    /** The secret that the user compares with. */
    var secret: String? = null

    val peer: Jid
        get() = state.peer

    val isPrivate: Boolean
        get() = state.key != null

    fun change(body: ChatState.() -> ChatState) {
        state = state.body()
    }

    fun begin(new: Fingerprint) {
        note(new)
        change { copy(key = new, version = 3) }
        look()
    }

    fun end(byPeer: Boolean) {
        secret = null
        val security = if (byPeer) Security.FINISHED else Security.PLAINTEXT
        change { copy(security = security, version = null, key = null, question = null) }
    }

    // Who the peer is

    fun checkUnblocked() {
        if (state.relationship == Relationship.BLOCKED) throw FlashpaperException.PeerBlocked()
    }

    /** The user wants to talk to them. */
    fun befriend() {
        checkUnblocked()
        asksForPrivate = false
        change { copy(relationship = Relationship.CONTACT) }
    }

    // Keys

    /** The first key is taken as it comes; another one waits for the user's word, and so does one that is not the expected. */
    private fun note(new: Fingerprint) {
        if (state.keys.any { it.fingerprint == new }) return
        val isAccepted = state.expected?.let { it == new } ?: state.keys.isEmpty()
        change { copy(keys = keys + PeerKey(new, accepted = isAccepted)) }
    }

    /** Only this key is to be the peer's. [isDecided]: the user has said so, knowing that another is in use or expected. */
    fun expect(key: Fingerprint, isDecided: Boolean) {
        val compared = state.keys.filter { it.verified }
        if (compared.isNotEmpty() && compared.none { it.fingerprint == key }) throw FlashpaperException.OtherKeyVerified()
        val isOtherInUse = state.keys.any { it.fingerprint != key && it.accepted && !it.verified }
        val isOtherExpected = state.expected != null && state.expected != key
        if (!isDecided && (isOtherInUse || isOtherExpected)) throw FlashpaperException.OtherKeyInUse()
        change { copy(expected = key) }
        changeKeys { copy(accepted = verified || fingerprint == key) }
    }

    /** Texts may go to this key, also to one that was never used. */
    fun accept(key: Fingerprint) {
        if (state.expected != key) change { copy(expected = null) }
        note(key)
        changeKey(key) { copy(accepted = true) }
    }

    /** This key is the peer's. Others that were only taken as they came have to be accepted anew. */
    fun verify(key: Fingerprint) {
        accept(key)
        changeKey(key) { copy(verified = true) }
        changeKeys { copy(accepted = verified) }
    }

    /** Another client of the user's has this key as verified: less than what is expected here. Whether it was taken in. */
    fun learnVerified(key: Fingerprint): Boolean = ((state.expected ?: key) == key).also { if (it) verify(key) }

    /** The user takes back that this key is the peer's. */
    fun distrust(key: Fingerprint): Unit = changeKey(key) { copy(verified = false, accepted = false) }

    /** The result of a comparison. A question of the peer's shows nothing of the peer. */
    fun compared(isEqual: Boolean, askedByPeer: Boolean): Comparison {
        secret = null
        val key = state.key
        if (isEqual && key != null) {
            if (askedByPeer) changeKey(key) { copy(verifiedUs = true) } else verify(key)
        }
        return if (!isEqual) Comparison.Different else if (askedByPeer) Comparison.VerifiedUs else Comparison.Verified
    }

    private fun changeKey(key: Fingerprint, body: PeerKey.() -> PeerKey): Unit =
        changeKeys { if (fingerprint == key) body() else this }

    private fun changeKeys(body: PeerKey.() -> PeerKey) {
        change { copy(keys = keys.map(body)) }
        look()
    }

    private fun look() {
        val used = state.keys.firstOrNull { it.fingerprint == state.key } ?: return
        val security = if (used.verified) Security.VERIFIED else if (used.accepted) Security.PRIVATE else Security.KEY_CHANGED
        change { copy(security = security) }
    }
}

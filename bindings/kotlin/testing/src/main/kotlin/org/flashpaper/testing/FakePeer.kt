package org.flashpaper.testing

import org.flashpaper.BurnerId
import org.flashpaper.Chat
import org.flashpaper.Comparison
import org.flashpaper.Event
import org.flashpaper.FailReason
import org.flashpaper.Fingerprint
import org.flashpaper.Jid
import org.flashpaper.MessageId
import org.flashpaper.MessageState
import org.flashpaper.Relationship
import org.flashpaper.Security

/** Somebody whom the burners of a [FakeFlashpaper] talk to. They answer private conversations by themselves while they are online. */
public class FakePeer internal constructor(
    /** Their bare JID. */
    public val jid: Jid,
    private val world: World,
) {
    /** The key that they have now. */
    public val key: Fingerprint
        get() = person { key }

    /** All texts that they have read, in their order. */
    public val heard: List<String>
        get() = person { heard.toList() }

    /** They are there: texts that waited for them leave. */
    public fun comesOnline() {
        person { isOnline = true }
        contacts { changed(it) }
    }

    /** They are not there any more. */
    public fun goesOffline() {
        person { isOnline = false }
        contacts { changed(it) }
    }

    /** Sends a text to a burner; gives its name there, or null where the user has blocked them or the burner is gone. */
    public fun sends(text: String, to: BurnerId): MessageId? =
        world.script { accounts.firstOrNull { it.id == to }?.receive(text, jid) }

    /** Whether they say by themselves that they have a text, as at first. Otherwise texts stay [MessageState.Acked] until [delivers]. */
    public fun confirms(byThemselves: Boolean): Unit = person { confirms = byThemselves }

    /** Says that they have a text. */
    public fun delivers(message: MessageId, at: BurnerId): Unit =
        world.script { account(at).set(message, MessageState.Delivered) }

    /** A server sends a text back, or they never read it. */
    public fun fails(message: MessageId, reason: FailReason, at: BurnerId): Unit =
        world.script { account(at).set(message, MessageState.Failed(reason)) }

    /** Begins private conversations with another key from now on. */
    public fun changesKey() {
        person { world.changeKey(this) }
        talks { talk -> if (talk.isPrivate) startPrivate(talk) }
    }

    /** Begins a private conversation with a burner. Where they are a stranger, that waits for [Chat.accept]. */
    public fun startsPrivate(with: BurnerId): Unit =
        world.script { account(with).run { isAskedForPrivate(talkOrNew(this@FakePeer.jid)) } }

    /** Ends their private conversations. */
    public fun endsPrivate(): Unit = talks { talk ->
        if (talk.isPrivate) {
            talk.end(byPeer = true)
            changed(talk)
        }
    }

    /** The secret that they answer comparisons with. */
    public fun knows(secret: String) {
        person { this.secret = secret }
        talks { talk ->
            talk.secret?.let {
                compared(talk, it == secret)
                changed(talk)
            }
        }
    }

    /** Asks for a comparison with the secret that they know. */
    public fun asks(question: String?, secret: String, of: BurnerId) {
        person { this.secret = secret }
        talks { talk ->
            if (id == of && talk.isPrivate) {
                val asked = Comparison.Asked(question)
                talk.change { copy(question = asked) }
                world.report(Event.Comparison(id, talk.peer, asked))
            }
        }
    }

    /** Whether somebody is there is heard of contacts alone. */
    private fun contacts(body: Account.(Talk) -> Unit): Unit =
        talks { talk -> if (talk.state.relationship == Relationship.CONTACT) body(talk) }

    private fun <T> person(body: Person.() -> T): T = world.script { meet(jid).body() }

    private fun talks(body: Account.(Talk) -> Unit): Unit = world.script {
        for (account in accounts) account.talks.firstOrNull { it.peer == jid }?.let { account.body(it) }
    }
}

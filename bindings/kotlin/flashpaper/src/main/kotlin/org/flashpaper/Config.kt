package org.flashpaper

import java.io.File
import java.time.Instant

/** What the library is opened with. Printing it shows nothing of it. */
public data class Config(
    /** The folder that holds everything, private to the app. Made when absent, mode 0700. */
    public val folder: File,
    /** What seals the accounts. */
    public val key: Key,
    /**
     * The DNS servers that may be asked, by TCP at an exit: public addresses with their ports, as `9.9.9.10:53`. Null: those of
     * this library, or of the private network. Empty: none is asked.
     */
    public val resolvers: List<String>? = null,
    /** A private network's description (JSON), for tests. A library that was not built for them throws [Input.Network]. */
    public val privateNetwork: String? = null,
) {
    override fun toString(): String = "Config(..)"
}

/** What seals the accounts in a folder. Printing it shows no passphrase. */
public sealed interface Key {
    /** A random key in a file beside them, mode 0600: it protects a copy of the other files alone, not the folder. */
    public data object File : Key

    /** A passphrase in UTF-8, stretched by Argon2id (64 MiB, 3 passes). Wipe the bytes after use. */
    public class Passphrase(public val utf8: ByteArray) : Key {
        override fun toString(): String = "Passphrase(..)"
    }

    /** The platform's key store, and a passphrase in addition where there is one: both are needed then. */
    public class Source(public val keys: KeySource, public val passphrase: ByteArray? = null) : Key {
        override fun toString(): String = "Source(..)"
    }
}

/**
 * Keys of the platform that seal, and need never leave their chip: the Android Keystore's. What a deleted key has sealed can be
 * read by nobody any more, whatever the device's flash has kept.
 *
 * There are two keys, in two slots. One is in use. The other takes its place at each burn, and whenever the key is changed: it is
 * made, everything is sealed under it, and then the first one is deleted. So there is a good one at any crash. An opening has the
 * one that is not in use deleted once more.
 *
 * The calls come one at a time for a folder, on threads of the library, and may block for as long as a user needs: opening any
 * folder, resuming, burning, changing the key, settling earlier runs, and a creation that fails wait for them. They may call the
 * library, but nothing of it that waits for them. They throw [KeySourceException]; any other exception is taken for
 * [KeySourceException.Unavailable].
 *
 * Each folder needs keys of its own. After a change to another source, or to none, keys may be left here if the process died
 * meanwhile: delete both once the folder was opened by its new key.
 */
public interface KeySource {
    /**
     * Makes a new key in this slot, in the place of one that may be there, and seals bytes with it: 72, or 112 where there is a
     * passphrase, too. They are secret. Wipe them after use. The result is stored as it is, so it has all that unsealing needs but
     * the key: a nonce, say. It should be bound to the key, so that another one refuses it.
     */
    public fun seal(slot: KeySlot, bytes: ByteArray): ByteArray

    /** Undoes [seal] with the key that this slot has now. */
    public fun unseal(slot: KeySlot, sealed: ByteArray): ByteArray

    /**
     * Deletes the key of this slot for good; without one, does nothing. No user is to be asked for it. Where it throws, the burn
     * or change is done all the same, and [VaultReport.oldKeyKept] tells it.
     */
    public fun delete(slot: KeySlot)
}

/** Which of a key source's two keys. */
public enum class KeySlot {
    /** The one that a new folder begins with. */
    FIRST,
    /** The other. */
    SECOND,
}

/** Why a key source does not do its work. */
public sealed class KeySourceException(code: String) : Exception(code) {
    /** The user declined, or has to prove who they are. Becomes [FlashpaperException.KeyDenied]. */
    public class NeedsUserAuth : KeySourceException("needs_user_auth")

    /** The device was not unlocked since its start. Becomes [FlashpaperException.KeyLocked]. */
    public class LockedUntilFirstUnlock : KeySourceException("locked_until_first_unlock")

    /**
     * The key is not there any more, or is another one: all that it has sealed is lost. Becomes [FlashpaperException.KeyLost].
     */
    public class Invalidated : KeySourceException("invalidated")

    /** No space is left to keep a key. Becomes [FlashpaperException.StorageFull]. */
    public class Full : KeySourceException("full")

    /** Something else, which may pass or not. Becomes [FlashpaperException.KeyUnavailable]. */
    public class Unavailable : KeySourceException("unavailable")
}

/** How the Tor network is entered. Printing it shows no bridge. */
public sealed interface Entry {
    /** By its public relays: an observer of the device's network sees that Tor is used. */
    public data object Direct : Entry

    /**
     * Over bridges, by their lines as they are handed out, with or without the word `Bridge` in front; blank ones are left out.
     * Tor connects to them, or to the transports that lead to them, and to nothing else, also when none of them answers.
     * `transports` are the pluggable transports that the lines name. The app runs them.
     */
    public data class Bridges(public val lines: List<String>, public val transports: List<Transport> = emptyList()) : Entry {
        override fun toString(): String = "Bridges(..)"
    }
}

/** A pluggable transport that the app runs itself. Printing it shows nothing of it. */
public data class Transport(
    /** As bridge lines name it, `obfs4` say. */
    public val name: String,
    /** Where it takes SOCKS 5 on this device, `127.0.0.1:4000` say. */
    public val address: String,
) {
    override fun toString(): String = "Transport(..)"
}

/**
 * What kind of burner to make. The default is the one tap's: one at any server. Printing it shows neither the server nor the
 * invitation.
 */
public data class CreateOptions(
    /** The server's domain; a random good one of the directory when absent. */
    public val server: String? = null,
    /** The route, and no other. When absent: the onion address where there is one, and the exit where that does not answer. */
    public val route: Route? = null,
    /**
     * Derive the identity from twelve recovery words instead of drawing each part. The words are evidence that links their
     * holder to the account; [Burner.recoveryWords] has them until they are dropped. Not with an invitation that reserves a
     * name, which the words would not lead to.
     */
    public val recoverable: Boolean = false,
    /** Only where nobody is asked anything: no CAPTCHA, no form. */
    public val asksNothing: Boolean = false,
    /**
     * A link that invites to a server (XEP-0401, XEP-0445): `xmpp:server?register;preauth=…`. It names the server, and is spent
     * once there is an account. It is a secret. One that reserves a name (`xmpp:name@server?…`) gives the account that name,
     * which its maker knows. That name is sent once: a wrong answer to the server's question ends the creation, and so does a
     * server that asks to wait.
     */
    public val invitation: String? = null,
    /** When it is to be burnt by itself, as [Burner.setExpiry] has it. */
    public val expiresAt: Instant? = null,
) {
    override fun toString(): String = "CreateOptions(..)"
}

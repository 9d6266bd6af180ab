import Foundation

/// What the library is opened with. Printing it shows nothing of it.
public struct Config: Sendable, Discreet {
    /// The folder that holds everything, private to the app. Made when absent, mode 0700.
    public var folder: URL
    /// What seals the accounts.
    public var key: Key
    /// The DNS servers that may be asked, by TCP at an exit: public addresses with their ports, as `9.9.9.10:53`. Nil: those of
    /// this library, or of the private network. Empty: none is asked.
    public var resolvers: [String]?
    /// A private network's description (JSON), for tests. A library that was not built for them throws ``Input/network``.
    public var privateNetwork: String?

    public init(folder: URL, key: Key, resolvers: [String]? = nil, privateNetwork: String? = nil) {
        self.folder = folder
        self.key = key
        self.resolvers = resolvers
        self.privateNetwork = privateNetwork
    }
}

/// What seals the accounts in a folder. Printing it shows no passphrase.
public enum Key: Sendable, Discreet {
    /// A random key in a file beside them, mode 0600: it protects a copy of the other files alone, not the folder.
    case file
    /// A passphrase in UTF-8, stretched by Argon2id (64 MiB, 3 passes). Wipe the bytes after use.
    case passphrase(Data)
    /// The platform's key store, and a passphrase in addition where there is one: both are needed then.
    case source(any KeySource, passphrase: Data? = nil)

    public var description: String {
        switch self {
        case .file: "file"
        case .passphrase: "passphrase(..)"
        case .source: "source(..)"
        }
    }
}

/// Keys of the platform that seal, and need never leave their chip: the Keychain's or the Secure Enclave's. What a deleted key
/// has sealed can be read by nobody any more, whatever the device's flash has kept.
///
/// There are two keys, in two slots. One is in use. The other takes its place at each burn, and whenever the key is changed: it
/// is made, everything is sealed under it, and then the first one is deleted. So there is a good one at any crash. An opening
/// has the one that is not in use deleted once more.
///
/// The calls come one at a time for a folder, on threads of the library, and may block for as long as a user needs: opening any
/// folder, resuming, burning, changing the key, settling earlier runs, and a creation that fails wait for them. They may call
/// the library, but nothing of it that waits for them. They throw ``KeySourceError``; any other error is taken for
/// ``KeySourceError/unavailable``.
///
/// Each folder needs keys of its own. After a change to another source, or to none, keys may be left here if the process died
/// meanwhile: delete both once the folder was opened by its new key.
public protocol KeySource: AnyObject, Sendable {
    /// Makes a new key in this slot, in the place of one that may be there, and seals bytes with it: 72, or 112 where there is a
    /// passphrase, too. They are secret. Wipe them after use. The result is stored as it is, so it has all that unsealing needs
    /// but the key: a nonce, say. It should be bound to the key, so that another one refuses it.
    func seal(slot: KeySlot, bytes: Data) throws -> Data

    /// Undoes ``seal(slot:bytes:)`` with the key that this slot has now.
    func unseal(slot: KeySlot, sealed: Data) throws -> Data

    /// Deletes the key of this slot for good; without one, does nothing. No user is to be asked for it. Where it throws, the burn
    /// or change is done all the same, and ``VaultReport/oldKeyKept`` tells it.
    func delete(slot: KeySlot) throws
}

/// Which of a key source's two keys.
public enum KeySlot: Hashable, Sendable, CaseIterable {
    /// The one that a new folder begins with.
    case first
    /// The other.
    case second
}

/// Why a key source does not do its work.
public enum KeySourceError: Error, Equatable, Sendable, CaseIterable {
    /// The user declined, or has to prove who they are. Becomes ``FlashpaperError/keyDenied``.
    case needsUserAuth
    /// The device was not unlocked since its start. Becomes ``FlashpaperError/keyLocked``.
    case lockedUntilFirstUnlock
    /// The key is not there any more, or is another one: all that it has sealed is lost. Becomes ``FlashpaperError/keyLost``.
    case invalidated
    /// No space is left to keep a key. Becomes ``FlashpaperError/storageFull``.
    case full
    /// Something else, which may pass or not. Becomes ``FlashpaperError/keyUnavailable``.
    case unavailable
}

/// How the Tor network is entered. Printing it shows no bridge.
public enum Entry: Equatable, Sendable, Discreet {
    /// By its public relays: an observer of the device's network sees that Tor is used.
    case direct
    /// Over bridges, by their lines as they are handed out, with or without the word `Bridge` in front; blank ones are left out.
    /// Tor connects to them, or to the transports that lead to them, and to nothing else, also when none of them answers.
    /// `transports` are the pluggable transports that the lines name. The app runs them.
    case bridges([String], transports: [Transport] = [])

    public var description: String {
        switch self {
        case .direct: "direct"
        case .bridges: "bridges(..)"
        }
    }
}

/// A pluggable transport that the app runs itself. Printing it shows nothing of it.
public struct Transport: Equatable, Sendable, Discreet {
    /// As bridge lines name it, `obfs4` say.
    public let name: String
    /// Where it takes SOCKS 5 on this device, `127.0.0.1:4000` say.
    public let address: String

    public init(name: String, address: String) {
        self.name = name
        self.address = address
    }
}

/// What kind of burner to make. The default is the one tap's: one at any server. Printing it shows neither the server nor the
/// invitation.
public struct CreateOptions: Equatable, Sendable, Discreet {
    /// The server's domain; a random good one of the directory when absent.
    public var server: String?
    /// The route, and no other. When absent: the onion address where there is one, and the exit where that does not answer.
    public var route: Route?
    /// Derive the identity from twelve recovery words instead of drawing each part. The words are evidence that links their
    /// holder to the account; ``Burner/recoveryWords()`` has them until they are dropped. Not with an invitation that reserves a
    /// name, which the words would not lead to.
    public var recoverable: Bool
    /// Only where nobody is asked anything: no CAPTCHA, no form.
    public var asksNothing: Bool
    /// A link that invites to a server (XEP-0401, XEP-0445): `xmpp:server?register;preauth=…`. It names the server, and is spent
    /// once there is an account. It is a secret. One that reserves a name (`xmpp:name@server?…`) gives the account that name,
    /// which its maker knows. That name is sent once: a wrong answer to the server's question ends the creation, and so does a
    /// server that asks to wait.
    public var invitation: String?
    /// When it is to be burnt by itself, as ``Burner/setExpiry(_:)`` has it.
    public var expiresAt: Date?

    public init(
        server: String? = nil, route: Route? = nil, recoverable: Bool = false, asksNothing: Bool = false,
        invitation: String? = nil, expiresAt: Date? = nil
    ) {
        self.server = server
        self.route = route
        self.recoverable = recoverable
        self.asksNothing = asksNothing
        self.invitation = invitation
        self.expiresAt = expiresAt
    }
}

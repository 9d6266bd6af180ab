import Foundation

/// Another XMPP client with the real libotr, outside of Tor. What it does is in the lab's `otr_peer.py`.
public final class LabPeer {
    /// Its bare JID.
    public let jid: String
    private let fullJid: String
    private let lab: Lab
    private var events = ""

    init(_ lab: Lab, _ fullJid: String) {
        self.lab = lab
        self.fullJid = fullJid
        jid = String(fullJid.prefix { $0 != "/" })
    }

    /// Has it do something.
    public func does(_ command: String) throws {
        try lab.order("otr-say \(fullJid) \(command)")
    }

    /// All that happened at it so far, as lists of JSON.
    public func seen() throws -> String {
        events += try lab.order("otr-lines \(fullJid)")
        return events
    }

    /// Waits until it has read a text that came encrypted.
    public func hears(_ text: String, isolation: isolated (any Actor)? = #isolation) async throws {
        try await until("\"text\":\"\(text)\",\"private\":true", "")
    }

    /// Waits for an event, with these words in it.
    public func tells(
        _ event: String, _ words: String = "", isolation: isolated (any Actor)? = #isolation
    ) async throws {
        try await until("\"event\":\"\(event)\"", words)
    }

    /// Removes its account.
    public func end() throws {
        try lab.order("otr-end \(fullJid)")
    }

    /// Goes offline, and gives its password.
    func leave() throws -> String {
        // It tells it whenever it logs in, but for the first time.
        for command in ["offline", "online", "offline"] { try does(command) }
        let parts = try seen().components(separatedBy: "\"password\":\"")
        guard parts.count > 1 else { throw Lab.Failure(reason: "no password") }
        return String(parts[1].prefix { $0 != "\"" })
    }

    private func until(
        _ event: String, _ words: String, isolation: isolated (any Actor)? = #isolation
    ) async throws {
        let deadline = ContinuousClock.now + .seconds(300)
        while true {
            if let found = try seen().range(of: event),
                words.isEmpty || events[found.lowerBound...].contains(words) { return }
            guard ContinuousClock.now < deadline else {
                throw Lab.Failure(reason: "no \(event) at the peer, but \(events)")
            }
            try await Task.sleep(for: .milliseconds(100))
        }
    }
}

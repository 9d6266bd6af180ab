import Foundation

/// The lab that `cargo xtask test` keeps up: a private Tor network and an XMPP server.
public struct Lab: Sendable {
    /// Its facts, which are also the private network's description.
    public let facts: String
    private let control: String
    private let accountsFolder: String

    private struct Facts: Decodable {
        let control: String
        let accounts: String
        let bridges: [String: String]
    }

    public struct Failure: Error {
        let reason: String

        public init(reason: String) {
            self.reason = reason
        }
    }

    public init() throws {
        facts = try Self.read()
        let parsed = try JSONDecoder().decode(Facts.self, from: Data(facts.utf8))
        control = parsed.control
        accountsFolder = parsed.accounts
    }

    private static func read() throws -> String {
        guard let file = ProcessInfo.processInfo.environment["FLASHPAPER_LAB"] else {
            throw Failure(reason: "no lab: run this by cargo xtask test")
        }
        return try String(contentsOfFile: file, encoding: .utf8)
    }

    /// The facts with another directory of servers: of each domain whether it lets one register, `yes` or `captcha`.
    public func facts(servers: [String: String]) throws -> String {
        let read = try JSONSerialization.jsonObject(with: Data(facts.utf8))
        guard var all = read as? [String: Any], var network = all["network"] as? [String: Any] else {
            throw Failure(reason: "no network in the facts")
        }
        network["servers"] = servers.map { ["domain": $0, "onion": "", "in_band_registration": $1] }
        all["network"] = network
        return String(decoding: try JSONSerialization.data(withJSONObject: all), as: UTF8.self)
    }

    /// Starts the lab's bridge, if it does not run; its line.
    public func bridge() throws -> String {
        try order("start bridge")
        let bridges = try JSONDecoder().decode(Facts.self, from: Data(Self.read().utf8)).bridges
        guard let line = bridges["bridge"] else { throw Failure(reason: "no bridge in the facts") }
        return line
    }

    /// The accounts that exist at the server, as their files.
    public func accounts() -> Set<String> {
        let all = FileManager.default.enumerator(atPath: accountsFolder)?.compactMap { $0 as? String } ?? []
        return Set(all.filter { $0.split(separator: "/").dropLast().last == "accounts" })
    }

    /// Has a part of the lab stopped for as long as `body` runs.
    public func without(
        _ part: String, isolation: isolated (any Actor)? = #isolation, _ body: () async throws -> Void
    ) async throws {
        try order("stop \(part)")
        do {
            try await body()
        } catch {
            try order("start \(part)")
            throw error
        }
        try order("start \(part)")
    }

    /// Somebody to talk to, with an account of their own.
    public func peer() throws -> LabPeer {
        LabPeer(self, try order("otr libotr"))
    }

    /// Another client of the same account, with another key; the first one goes offline.
    public func peer(insteadOf other: LabPeer) throws -> LabPeer {
        LabPeer(self, try order("otr libotr \(other.jid) \(try other.leave())"))
    }

    /// One line to the lab's control port; gives what it answers.
    @discardableResult
    public func order(_ order: String) throws -> String {
        let parts = control.split(separator: ":")
        guard parts.count == 2, let port = UInt16(parts[1]) else { throw Failure(reason: "no address: \(control)") }
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = inet_addr(String(parts[0]))
        let connected = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard connected == 0 else { throw Failure(reason: "the lab does not answer") }
        let handle = FileHandle(fileDescriptor: descriptor)
        try handle.write(contentsOf: Data("\(order)\n".utf8))
        let answer = String(decoding: try handle.readToEnd() ?? Data(), as: UTF8.self)
        guard answer.hasSuffix("\n"), answer == "ok\n" || answer.hasPrefix("ok ") else {
            throw Failure(reason: "the lab: \(answer)")
        }
        return String(answer.dropFirst(3).dropLast(answer == "ok\n" ? 0 : 1))
    }
}

import FlashpaperAPI
import Foundation

// What comes from the library, and goes to it. Each switch names every case, so that a new one does not compile before it has
// its place.

extension TimeInterval {
    /// The library has no duration above 30 years.
    var duration: Duration { .seconds(Swift.min(self, 1e10)) }
}

extension Duration {
    func checkedSeconds() throws(FlashpaperError) -> TimeInterval { try checked() / .seconds(1) }
}

extension Date {
    /// A time that UniFFI can carry. One that is no number is past.
    var ffi: Date {
        timeIntervalSince1970.isNaN ? .distantPast : Swift.min(Swift.max(self, .distantPast), .distantFuture)
    }
}

extension FfiFingerprint {
    func fingerprint() throws(FlashpaperError) -> Fingerprint {
        guard let fingerprint = Fingerprint(self) else { throw .internal }
        return fingerprint
    }
}

// MARK: The state

extension FfiSnapshot {
    var face: FlashpaperState {
        FlashpaperState(
            number: sequence, life: life.face, network: network.face, tor: tor?.face ?? .off, burners: burners.map(\.face),
            vault: vault.face)
    }
}

extension FfiLife {
    fileprivate var face: Life {
        switch self {
        case .awake: .awake
        case .suspended: .suspended
        case .locked: .locked
        case .closed: .closed
        }
    }
}

extension FfiNetworkKind {
    fileprivate var face: NetworkKind {
        switch self {
        case .public: .public
        case .private: .private
        }
    }
}

extension FfiTorStatus {
    fileprivate var face: Tor {
        if ready { return .ready }
        if let blocked { return .blocked(blocked.face) }
        return stage == .stopped ? .off : .connecting(fraction, stage.face)
    }
}

extension FfiTorStage {
    fileprivate var face: Stage {
        switch self {
        case .connecting: .connecting
        case .directory: .directory
        case .ready: .ready
        case .stopped: .stopped
        }
    }
}

extension FfiVaultReport {
    fileprivate var face: VaultReport {
        VaultReport(lost: Int(lost), incomplete: incomplete, oldKeyKept: oldKeyKept)
    }
}

extension FfiBurnerStatus {
    fileprivate var face: BurnerState {
        let all = conversations.map(\.face)
        return BurnerState(
            id: BurnerID(rawValue: burner.id), jid: JID(rawValue: burner.jid), via: burner.via.face,
            phase: burner.state.face, created: burner.created, label: label, connection: connection.face,
            history: history.face, expiresAt: expiresAt, requests: all.filter { $0.relationship == .stranger },
            chats: all.filter { $0.relationship != .stranger }, unreadable: unreadable?.face)
    }
}

extension FfiBurner {
    /// One that the state does not have, any more or yet.
    var face: BurnerState {
        BurnerState(
            id: BurnerID(rawValue: id), jid: JID(rawValue: jid), via: via.face, phase: state.face, created: created,
            label: nil, connection: .offline, history: .none, expiresAt: nil, requests: [], chats: [], unreadable: nil)
    }
}

extension FfiBurnerState {
    fileprivate var face: Phase {
        switch self {
        case .pending: .pending
        case .active: .active
        case .burning: .burning
        }
    }
}

extension FfiRoute {
    fileprivate var face: Route {
        switch self {
        case .onion: .onion
        case .exit: .exit
        }
    }
}

extension Route {
    var ffi: FfiRoute {
        switch self {
        case .onion: .onion
        case .exit: .exit
        }
    }
}

extension FfiConnection {
    fileprivate var face: Connection {
        switch self {
        case .offline: .offline
        case .connecting: .connecting
        case .online: .online
        case .quarantined: .quarantined
        case .waiting(let why): .waiting(why.face)
        case .ended(let why): .ended(why.face)
        }
    }
}

extension FfiHistory {
    fileprivate var face: History {
        switch self {
        case .none: .none
        case .untilBurn: .untilBurn
        case .expire(let after): .expire(after: after.duration)
        }
    }
}

extension History {
    func ffi() throws(FlashpaperError) -> FfiHistory {
        switch self {
        case .none: .none
        case .untilBurn: .untilBurn
        case .expire(let after): .expire(after: try after.checkedSeconds())
        }
    }
}

extension Profile {
    var ffi: FfiProfile {
        switch self {
        case .foreground: .foreground
        case .background: .background
        }
    }
}

extension Spread {
    func ffi() throws(FlashpaperError) -> FfiSpread {
        switch self {
        case .within(let time): .within(time: try time.checkedSeconds())
        case .oneAtATime: .oneAtATime
        }
    }
}

extension FfiSyncReport {
    var face: SyncReport { SyncReport(unread: Int(unread), outbox: Int(outbox), complete: complete) }
}

// MARK: Conversations

extension FfiConversation {
    fileprivate var face: ChatState {
        ChatState(
            peer: JID(rawValue: peer), label: label, relationship: relationship.face, security: security.face,
            version: version.map(Int.init), key: key.flatMap(Fingerprint.init), keys: keys.compactMap(\.face),
            expected: expected.flatMap(Fingerprint.init), present: present, question: question?.face,
            timer: timer?.duration, timerIsShared: timerIsShared, unread: Int(unread), outbox: Int(outbox))
    }
}

extension FfiRelationship {
    fileprivate var face: Relationship {
        switch self {
        case .stranger: .stranger
        case .contact: .contact
        case .blocked: .blocked
        }
    }
}

extension FfiSecurity {
    fileprivate var face: Security {
        switch self {
        case .plaintext: .plaintext
        case .private: .private
        case .verified: .verified
        case .finished: .finished
        case .keyChanged: .keyChanged
        }
    }
}

extension FfiPeerKey {
    fileprivate var face: PeerKey? {
        Fingerprint(fingerprint).map {
            PeerKey(fingerprint: $0, verified: verified, verifiedUs: verifiedUs, accepted: accepted)
        }
    }
}

extension FfiComparison {
    fileprivate var face: Comparison {
        switch self {
        case .asked(let question): .asked(question: question)
        case .verified: .verified
        case .verifiedUs: .verifiedUs
        case .different: .different
        case .aborted: .aborted
        }
    }
}

extension FfiNotice {
    fileprivate var face: Notice {
        switch self {
        case .unreadable: .unreadable
        case .peerError(let text): .peerError(text: text)
        case .otherVersion: .otherVersion
        case .mirror: .mirror
        case .malformed: .malformed
        case .otherKey: .otherKey
        case .inboxFull: .inboxFull
        case .timerChanged: .timerChanged
        case .strangerForgotten: .strangerForgotten
        }
    }
}

extension FfiMessage {
    var face: Message {
        Message(
            id: MessageID(rawValue: id), peer: JID(rawValue: peer), text: text, at: at, state: state.face,
            security: security.face, maybeTwice: maybeTwice)
    }
}

extension FfiMessageState {
    fileprivate var face: MessageState {
        switch self {
        case .received: .received
        case .taken: .taken
        case .queued: .queued
        case .waitingForPeer: .waitingForPeer
        case .sent: .sent
        case .acked: .acked
        case .reported: .reported
        case .delivered: .delivered
        case .failed(let reason): .failed(reason.face)
        }
    }
}

extension FfiFailReason {
    fileprivate var face: FailReason {
        switch self {
        case .refused: .refused
        case .unreachable: .unreachable
        case .addressLost: .addressLost
        case .unread: .unread
        case .otherKey: .otherKey
        case .noAnswer: .noAnswer
        case .tooLong: .tooLong
        case .blocked: .blocked
        }
    }
}

extension FfiImported {
    var face: Imported { Imported(keys: Int(keys), unreadLines: unreadLines.map(Int.init)) }
}

// MARK: Events

extension FfiNumbered {
    var face: Numbered { Numbered(number: number, event: event.face) }
}

extension FfiEvent {
    fileprivate var face: Event {
        switch self {
        case .privateNetwork: .privateNetwork
        case .torStarting: .torStarting
        case .tor(let fraction, let stage, let ready, let blocked):
            .tor(fraction: fraction, stage: stage.face, ready: ready, blocked: blocked?.face)
        case .creating(let burner, let step): .creating(burner: BurnerID(rawValue: burner), step: step.face)
        case .question(let burner, let question):
            .question(burner: BurnerID(rawValue: burner), question: Question.ID(rawValue: question))
        case .questionEnded(let burner, let question, let end):
            .questionEnded(burner: BurnerID(rawValue: burner), question: Question.ID(rawValue: question), end: end.face)
        case .burning(let burner, let step): .burning(burner: BurnerID(rawValue: burner), step: step.face)
        case .restoring(let burner, let step): .restoring(burner: BurnerID(rawValue: burner), step: step.face)
        case .settled(let burner, let outcome): .settled(burner: BurnerID(rawValue: burner), outcome: outcome.face)
        case .expiring(let burner, let at): .expiring(burner: BurnerID(rawValue: burner), at: at)
        case .expired(let burner): .expired(burner: BurnerID(rawValue: burner))
        case .connection(let burner, let connection):
            .connection(burner: BurnerID(rawValue: burner), connection: connection.face)
        case .otherRoute(let burner, let via): .otherRoute(burner: BurnerID(rawValue: burner), via: via.face)
        case .message(let burner, let message, let state):
            .message(burner: BurnerID(rawValue: burner), message: MessageID(rawValue: message), state: state.face)
        case .conversation(let burner, let peer):
            .conversation(burner: BurnerID(rawValue: burner), peer: JID(rawValue: peer))
        case .comparison(let burner, let peer, let comparison):
            .comparison(burner: BurnerID(rawValue: burner), peer: JID(rawValue: peer), comparison: comparison.face)
        case .notice(let burner, let peer, let notice):
            .notice(burner: BurnerID(rawValue: burner), peer: JID(rawValue: peer), notice: notice.face)
        case .locked: .locked
        case .lagged(let lost): .lagged(lost: lost)
        }
    }
}

extension FfiStep {
    fileprivate var face: Step {
        switch self {
        case .sealed(let server, let via): .sealed(server: JID(rawValue: server), via: via.face)
        case .otherRoute(let via): .otherRoute(via: via.face)
        case .movingOn(let from, let why): .movingOn(from: JID(rawValue: from), why: why.face)
        case .working(let percent): .working(percent: Int(percent))
        case .serverSays(let words): .serverSays(ServerWords(text: words.text))
        case .connected(let circuit): .connected(circuit: circuit)
        case .secured: .secured
        case .registered: .registered
        case .loggedIn: .loggedIn
        case .reachable: .reachable
        case .removed: .removed
        case .disabled: .disabled
        case .provenGone: .provenGone
        }
    }
}

extension FfiSettlement {
    fileprivate var face: Settlement {
        switch self {
        case .kept: .kept
        case .removed: .removed
        case .disabled: .disabled
        case .absent: .absent
        case .unknown: .unknown
        case .dropped: .dropped
        }
    }
}

// MARK: Creations and their questions

extension FfiProgress {
    var face: CreationProgress {
        if let question { return .asks(question.face) }
        return server.map { .working(server: JID(rawValue: $0), step: step?.face) } ?? .starting
    }
}

extension FfiQuestion {
    fileprivate var face: Question {
        Question(
            id: Question.ID(rawValue: id), burner: BurnerID(rawValue: burner), server: JID(rawValue: server),
            form: QuestionForm(
                title: form.title, instructions: form.instructions, fields: form.fields.map(\.face),
                choose: Int(form.choose)))
    }
}

extension FfiField {
    fileprivate var face: Field {
        Field(
            label: label, kind: kind.face, required: required, isChallenge: isChallenge, preset: preset?.face,
            picture: picture?.face)
    }
}

extension FfiFieldKind {
    fileprivate var face: FieldKind {
        switch self {
        case .text: .text
        case .secret: .secret
        case .lines: .lines
        case .yesNo: .yesNo
        case .one(let options): .one(options: options)
        case .some(let options): .some(options: options)
        case .address: .address
        case .addresses: .addresses
        }
    }
}

extension FfiAnswer {
    fileprivate var face: FieldAnswer {
        switch self {
        case .text(let text): .text(text)
        case .yesNo(let yes): .yesNo(yes)
        case .chosen(let places): .chosen(places.map(Int.init))
        }
    }
}

extension FieldAnswer {
    func ffi(inField field: Int) throws(FlashpaperError) -> FfiAnswer {
        switch self {
        case .text(let text): .text(text: text)
        case .yesNo(let yes): .yesNo(yes: yes)
        case .chosen(let places):
            .chosen(places: try places.map { place throws(FlashpaperError) in try place.place(inField: field) })
        }
    }
}

extension Int {
    /// A place as the library counts it; a negative one is refused here, by the number that the caller has given.
    func place(inField field: Int) throws(FlashpaperError) -> UInt32 {
        guard let place = UInt32(exactly: self) else { throw .invalidInput(.answer(.unfit(field: field))) }
        return place
    }
}

extension FfiPicture {
    fileprivate var face: Picture {
        Picture(bytes: bytes, format: format.face, width: Int(width), height: Int(height))
    }
}

extension FfiPictureFormat {
    fileprivate var face: PictureFormat {
        switch self {
        case .png: .png
        case .jpeg: .jpeg
        }
    }
}

extension FfiQuestionEnd {
    fileprivate var face: QuestionEnd {
        switch self {
        case .answered: .answered
        case .replaced: .replaced
        case .declined: .declined
        case .expired: .expired
        case .suspended: .suspended
        }
    }
}

extension CreateOptions {
    var ffi: FfiCreateOptions {
        FfiCreateOptions(
            server: server, route: route?.ffi, recoverable: recoverable, asksNothing: asksNothing,
            invitation: invitation, expiresAt: expiresAt?.ffi)
    }
}

// MARK: Burns

extension FfiBurnReport {
    var face: BurnReport { BurnReport(outcome: outcome.face, reason: reason?.face) }
}

extension FfiBurnOutcome {
    fileprivate var face: BurnOutcome {
        switch self {
        case .proven: .proven
        case .disabled: .disabled
        case .alreadyGone: .alreadyGone
        case .unproven: .unproven
        case .queued: .queued
        }
    }
}

extension FfiBurned {
    var face: Burned { Burned(burner: BurnerID(rawValue: burner), report: report?.face, failed: failed?.face) }
}

extension FfiPendingRemoval {
    var face: PendingRemoval {
        PendingRemoval(
            burner: BurnerID(rawValue: burner), jid: JID(rawValue: jid), since: since, until: until,
            confirmed: confirmed)
    }
}

extension FfiPanicReport {
    var face: PanicReport { PanicReport(keyKept: keyKept?.face, filesLeft: filesLeft?.face) }
}

extension FfiTicketedPanic {
    var face: TicketedPanic { TicketedPanic(report: report.face, ticket: ticket) }
}

// MARK: Opening

extension Config {
    var ffi: FfiConfig {
        FfiConfig(home: folder.path, key: key.ffi, resolvers: resolvers, privateNetwork: privateNetwork)
    }
}

extension Key {
    var ffi: FfiKey {
        switch self {
        case .file: .file
        case .passphrase(let utf8): .passphrase(utf8: utf8)
        case .source(let keys, let passphrase): .source(source: ForeignKeys(keys), passphrase: passphrase)
        }
    }
}

extension FfiKeySlot {
    var face: KeySlot {
        switch self {
        case .first: .first
        case .second: .second
        }
    }
}

extension Entry {
    var ffi: FfiTorAccess {
        switch self {
        case .direct: .direct
        case .bridges(let lines, let transports):
            .bridges(
                lines: lines, transports: transports.map { FfiTransport(name: $0.name, address: $0.address) })
        }
    }
}

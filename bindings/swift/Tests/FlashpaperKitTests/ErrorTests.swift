import Foundation
import Testing

@testable import FlashpaperKit

/// The constants of errors against the library's own.
@Suite struct ErrorTests {
    /// One of each kind, in any order; those with a part that has its own code, one for each part.
    private let all: [FfiFlashpaperError] = [
        .Offline, .TorBlocked, .ClockWrong(by: nil), .ClockWrong(by: .slow(by: 60)), .ClockWrong(by: .fast(by: 60)), .Obsolete,
        .TorNotStarted, .ServerUnreachable, .OnionUnreachable, .Timeout, .Untrusted, .NoSafeLogin, .NoSafeDelivery,
        .RegistrationClosed, .Unanswerable(fault: .nobodyToAsk), .Unanswerable(fault: .kind), .Unanswerable(fault: .work),
        .Unanswerable(fault: .picture), .Unanswerable(fault: .pictureLost), .NeedsInvite, .BadAnswer, .Declined,
        .QuestionExpired, .NoSuchQuestion, .WeakPassword, .PolicyDenied, .Quarantined,
        .NeedsWeb(page: FfiPage(url: "https://burner.test/secret")), .RateLimited(retryAfter: nil),
        .RateLimited(retryAfter: 60), .NamesTaken, .ReservedNameTaken, .ServerRefused, .ServerFailed, .Auth, .ServerBroken,
        .NoServer, .NoSuchBurner, .AlreadyHere, .NoSuchMessage, .NoSuchPeer, .PeerBlocked, .OutboxFull, .NotPrivate,
        .NothingAsked, .OtherKeyVerified, .OtherKeyInUse, .VaultLocked, .VaultDamaged, .Unreadable, .VaultTooNew, .KeyDenied,
        .KeyLocked, .KeyUnavailable, .KeyLost, .StorageFull, .Storage, .Suspended, .InUse, .Cancelled, .Closed,
        .InvalidInput(input: .server), .Internal,
    ]

    @Test func everyKindHasTheLibrarysCodeAndAction() throws {
        for error in all {
            let face = error.face
            #expect(face.code == errorCode(error: error))
            #expect("\(face.action)" == "\(errorAction(error: error))")
            #expect(face.isRetryable == errorRetryable(error: error))
            #expect(face.localizedDescription == face.code && "\(face)" == face.code)
            var dumped = ""
            dump(face, to: &dumped)
            #expect(!dumped.contains("secret"), "a server's page could get into a log")
        }
    }

    @Test func noKindIsMissingAbove() throws {
        let written = all.map { error in
            var bytes: [UInt8] = []
            FfiConverterTypeFlashpaperError.write(error, into: &bytes)
            return bytes.prefix(4).reduce(0) { $0 << 8 | Int($1) }
        }
        let kinds = Set(written)
        #expect(kinds == Set(1...kinds.count))
        let next = Data(withUnsafeBytes(of: Int32(kinds.count + 1).bigEndian, Array.init))
        #expect(throws: (any Error).self, "the library has a kind more") {
            var buffer = (data: next, offset: next.startIndex)
            _ = try FfiConverterTypeFlashpaperError.read(from: &buffer)
        }
    }

    @Test func aPartOfAnErrorCrosses() {
        let word = FfiInput.words(fault: .unknown(at: 3, nearest: FfiMeantWord(word: "abandon")))
        let nearest = MeantWord(word: "abandon")
        #expect(FfiFlashpaperError.InvalidInput(input: word).face == .invalidInput(.words(.unknown(at: 3, nearest: nearest))))
        #expect(!"\(nearest)".contains("abandon"))
        let bridge = FfiInput.bridge(line: 2, part: .argument)
        #expect(FfiFlashpaperError.InvalidInput(input: bridge).face == .invalidInput(.bridge(line: 2, part: .argument)))
        #expect(FfiFlashpaperError.ClockWrong(by: .fast(by: 90)).face == .clockWrong(by: .fast(by: .seconds(90))))
        #expect(FfiFlashpaperError.RateLimited(retryAfter: 1.5).face == .rateLimited(retryAfter: .milliseconds(1500)))
    }
}

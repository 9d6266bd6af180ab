import FlashpaperKit
import Foundation

/// A key source in memory, as Linux has no Keychain: one-time pads, each with a mark that tells another one's seal.
final class Keys: KeySource, @unchecked Sendable {
    private let lock = NSLock()
    private var pads: [KeySlot: (mark: Data, pad: Data)] = [:]
    private var thrown: (any Error)?

    /// What every call throws.
    var failure: (any Error)? {
        get { lock.withLock { thrown } }
        set { lock.withLock { thrown = newValue } }
    }

    /// The slots that have a key.
    var slots: Set<KeySlot> { lock.withLock { Set(pads.keys) } }

    func seal(slot: KeySlot, bytes: Data) throws -> Data {
        if let failure { throw failure }
        let (mark, pad) = (random(16), random(bytes.count))
        lock.withLock { pads[slot] = (mark, pad) }
        return mark + exclusiveOr(bytes, pad)
    }

    func unseal(slot: KeySlot, sealed: Data) throws -> Data {
        if let failure { throw failure }
        guard let (mark, pad) = lock.withLock({ pads[slot] }), sealed.starts(with: mark) else { throw KeySourceError.invalidated }
        return exclusiveOr(sealed.dropFirst(mark.count), pad)
    }

    func delete(slot: KeySlot) throws {
        lock.withLock { pads[slot] = nil }
    }

    private func random(_ count: Int) -> Data {
        Data((0..<count).map { _ in UInt8.random(in: .min ... .max) })
    }

    private func exclusiveOr(_ one: Data, _ other: Data) -> Data {
        Data(zip(one, other).map(^))
    }
}

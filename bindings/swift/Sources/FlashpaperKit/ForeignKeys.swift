import FlashpaperAPI
import Foundation

/// An app's key source as the library calls it.
final class ForeignKeys: FfiKeySource {
    private let keys: any KeySource

    init(_ keys: any KeySource) {
        self.keys = keys
    }

    func seal(slot: FfiKeySlot, bytes: Data) throws -> Data {
        try translated { try keys.seal(slot: slot.face, bytes: bytes) }
    }

    func unseal(slot: FfiKeySlot, sealed: Data) throws -> Data {
        try translated { try keys.unseal(slot: slot.face, sealed: sealed) }
    }

    func delete(slot: FfiKeySlot) throws {
        try translated { try keys.delete(slot: slot.face) }
    }

    private func translated<T>(_ body: () throws -> T) throws -> T {
        do {
            return try body()
        } catch {
            throw (error as? KeySourceError ?? .unavailable).ffi
        }
    }
}
